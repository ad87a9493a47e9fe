// Package people is the part of the console where admins keep the persons: who
// there is, in which role, how they sign in, and what each can be given or taken.
//
// Each act is a page of its own with a summary and the reason, which goes into the
// audit log. Nobody acts on themselves here: what is one's own stands under
// preferences, and what is not needs another admin.
package people
