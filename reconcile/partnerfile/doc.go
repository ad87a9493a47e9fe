// Package partnerfile reads the partner's settlement file: the lines that the
// partner says it has collected, to be matched against the ledger's payments.
//
// No two partners write the same file, so its shape is data: a Profile names
// the format, the columns, how dates and amounts are written, the header and
// trailer records, the words for paid and reversed, and the file's name. Check
// finds what is wrong with a profile, and Try shows how it understands a file.
//
// # Reading
//
// Read streams: memory does not grow with the file. A file that is gzipped is
// unpacked on the way. Of a workbook (XLSX) the packed bytes go to a temporary
// file, because a ZIP archive can only be read from its end.
//
// Nothing of a file counts unless all of it is right: the caller keeps what
// each receives aside until Read has returned without an error. The trailer,
// and with it the proof that nothing is missing, comes last.
//
// # What is refused
//
// A file that does not fit its profile, is cut off, is another day's or another
// partner's, whose trailer does not agree with its lines, or that is beyond a
// limit (see the constants). Such errors are ErrOtherDay and the like, to be
// asked for with errors.Is; what concerns one line is a *LineError, which names
// the line, the column, the text and the rule.
//
// # Phone numbers
//
// A customer's phone number is kept apart from all else in a Phone, which
// prints masked wherever it goes. Errors never show one whole.
package partnerfile
