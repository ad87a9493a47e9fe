// Package locale writes money, days and times as people in Indonesia read them,
// in Indonesian and in English, and reads them as they type them. There is one
// function for each: what stands on a page, on paper and in a search box agrees
// because it was written here.
//
// Money looks the same in both languages, for English readers hold the same bank
// papers: "Rp1.234.567", a minus before the sign, no sen. Times are WIB (UTC+7)
// and say so, or stand under a head that does.
package locale
