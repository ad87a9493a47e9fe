// Package sheet writes tables for other programs and for people: CSV, XLSX and
// JSON, a row at a time, so that a table of any length takes the same memory.
//
// Write makes a whole table of typed columns in any of the formats; most exports
// need nothing else. CSVWriter and Book are what it is built of, for those with a
// front page or columns of their own.
//
// # What a cell looks like
//
//	kind    Go values                CSV                   XLSX                 JSON
//	Text    strings                  text, guarded         text                 string
//	Rupiah  integers                 1500000               number, 1,500,000    number
//	Count   integers                 1200                  number, 1,200        number
//	Serial  integers                 1200                  number, 1200         number
//	Day     strings, yyyy-mm-dd      2026-11-22            date                 "2026-11-22"
//	Time    time.Time                2026-11-22 14:05:09   date and time        "2026-11-22T14:05:09+07:00"
//
// Times are WIB (UTC+7) in every format; in CSV and XLSX the cells name no zone,
// so the column's name should end in _wib. Named types of these kinds are taken
// as well. nil, an empty day and the zero time are an empty cell, null in JSON.
//
// # CSV
//
// RFC 4180: commas, CR LF, a header row, quotes where they are needed; UTF-8
// without a byte order mark. A text that begins with one of = + - @ ' (their
// full-width forms, tab, CR and LF too) gets an apostrophe before it, so that no
// spreadsheet takes it for a formula; one apostrophe at the beginning of a text is
// always to be dropped. A negative number is no formula and stays a number.
//
// # XLSX
//
// Cells are typed, so text is never a formula there. Columns have widths, the
// header stays in view and is printed on every page, the sheets fit A4. A table
// that is longer than a sheet goes on on the next. The same rows give the same
// bytes each time: a book carries no time but the one that it is given.
//
// In CSV and XLSX control characters, line separators and bytes that are no UTF-8
// are shown as spaces or U+FFFD; JSON has texts as they are, but for such bytes. A
// workbook has a row of totals below its last, the others have none.
//
// # JSON
//
// One array with an object for each row, a row to a line, its members in the order
// of the columns.
package sheet
