package main

import (
	"regexp"
	"strings"

	"paypoint/ledger"
	"paypoint/reconcile/partnerfile"
)

// placeholder is a part of a profile's file_name.template that is no text.
var placeholder = regexp.MustCompile(`\{(date|time|seq)(?::([^}]*))?\}`)

// filePattern makes, of a profile's file_name.template, the pattern (path.Match)
// of a day's files: INDOMARET_{date:yyyyMMdd}_{seq:2}.txt is INDOMARET_20261120_*.txt
// for 2026-11-20. It may fit more than the template does; import looks closely.
func filePattern(name partnerfile.FileName, day ledger.Day) string {
	if name.DateMeaning == partnerfile.NextDay {
		day = day.Next()
	}
	date := day.Begin(midnight.SinceMidnight())
	var pattern strings.Builder
	rest := name.Template
	for at := placeholder.FindStringSubmatchIndex(rest); at != nil; at = placeholder.FindStringSubmatchIndex(rest) {
		pattern.WriteString(escapePattern(rest[:at[0]]))
		if kind := rest[at[2]:at[3]]; kind == "date" && at[4] >= 0 {
			pattern.WriteString(date.Format(layoutOf(rest[at[4]:at[5]])))
		} else {
			pattern.WriteByte('*')
		}
		rest = rest[at[1]:]
	}
	return pattern.String() + escapePattern(rest)
}

// layoutOf turns a profile's date format into one of package time.
func layoutOf(format string) string {
	return strings.NewReplacer("yyyy", "2006", "yy", "06", "MMM", "Jan", "MM", "01", "dd", "02").Replace(format)
}

// escapePattern lets text stand for itself.
func escapePattern(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(text)
}
