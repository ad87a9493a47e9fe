// Package delivery brings files to partners and fetches theirs, sends mail, and
// does both on schedule.
//
// # Files
//
// Server is an SFTP server whose host key is pinned. Put uploads NAME.tmp and
// NAME.sha256.tmp, has the server write them to its disk where it can (the
// extension fsync@openssh.com), and renames first the file, then its checksum.
// So whoever looks at the folder sees whole files only, and a checksum that is
// there says that its file was. A Put that broke off, wherever it did, is done
// again and ends the same: each file arrives once.
//
// Fetch loads each file that fits a pattern into a temporary file, compares its
// size and, where a NAME.sha256 lies beside it, its hash, and only then gives it
// its name. A file that has changed since is kept beside the old one.
//
// # Mail
//
// MailServer sends a Letter by SMTP under TLS, never without. Its Message-ID
// follows from the letter's ID, so a letter that was sent twice, because the
// server's answer was lost, is known as the same.
//
// # Schedule
//
// A Job is done once for each business day, step by step, in the order of the
// days: a Run. Runs keeps what has been done, over restarts. Due decides, from
// the records alone, what comes next. A step may be called again when the
// process died before its end was recorded, so steps must be repeatable, as Put
// and Fetch are.
package delivery
