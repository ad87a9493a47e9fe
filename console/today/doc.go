// Package today is the console's first page: is all well, and what needs a person?
//
// Those who work here see first what waits for somebody, the most pressing on top,
// then the day's figures beside those of the same weekday a week ago, refusals by
// their reason, and the newest payments. A merchant sees its own figures alone,
// and in none of them a payment before its release.
package today
