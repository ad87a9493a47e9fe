// Package console is the web pages of staff, under /console/: where finance sees
// the day, finds a payment while a customer is on the telephone, closes and
// exports, matches Indomaret's file and works off the cases; where operators look
// after merchants and the server; and where a merchant sees its own.
//
// Each part is an area, a package of its own below: its handlers, its templates
// (pages), and its texts in both languages (words). They stand in one frame
// (package frame), which knows who asks, whether they may, and what a page looks
// like; areas don't know each other. What can be done here is done by the same
// services as through the finance API and the commands: no decision is taken in a
// page.
//
//	signin          sign in and out, one-time codes, preferences, saved views
//	today           is all well, and what needs a person?
//	payments        search, list, one payment's whole life
//	settlements     days, batches, files, the chain of hashes; statements
//	reconciliation  Indomaret's files, the bridge of a day, its minutes; recovery
//	cases           differences: who is right, propose, approve
//	money           what the bank shows: transfers, payouts, who owes what
//	merchants       who sells, by which terms, with which keys and URLs
//	notifications   what merchants were told, and resending it
//	stores          which tills pay, refuse and reverse
//	people          users and roles
//	auditlog        who saw, exported and changed what
//	system          the server: self-check, backups, jobs, sizes
//
// What takes longer than an answer (an import, a self-check) is a task: package
// task.
package console
