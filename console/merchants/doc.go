// Package merchants shows who sells through the tills, whether they can take
// payments and what they are owed, and lets operators add them, replace their
// server keys, set where they are notified, and switch them on and off.
//
// A server key is shown on one answer and then never again. Every handler binds
// a person of the role merchant to their own merchant: another's id is not there
// for them.
package merchants
