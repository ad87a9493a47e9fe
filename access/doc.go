// Package access knows who may ask paypoint for something: the merchants with
// their server keys (Directory) and the persons who work with it, with their
// roles, passwords, one-time codes and bearer tokens (Staff). One table says which
// role may do which action (Role.May).
//
// A merchant is a setting of the ledger, "merchant/ID", and a person is one,
// "person/ID", so that every change of either stands in the journal with who
// made it. A server key signs what is told to its merchant and must therefore
// be had in the clear: it is sealed under a master key that is kept outside the
// ledger (Sealer), with its SHA-256 beside it to find the merchant by. Of a
// bearer token only the SHA-256 is kept: it is shown once, when it is issued. Of a
// password only its argon2id hash is kept; the secret of one-time codes is sealed.
//
// A person's acts are recorded under their id, whichever of their tokens they
// came with. Persons are shut out, never removed, so that an id always means
// the same person. At least one active approver stays, once there is one, for what
// is proposed could not be approved without, and at least one active admin.
//
// Keys and sealers have types that print as a mask, whatever prints them.
package access
