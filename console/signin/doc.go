// Package signin is what a person does about themselves in the console: sign in,
// with a password and then a one-time code where they have them, sign out, change
// the password, set codes up, choose language, theme and keys, and keep views of
// lists.
package signin
