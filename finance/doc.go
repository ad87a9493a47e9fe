// Package finance is the JSON API of finance staff, under /finance/v1:
//
//	GET  /finance/v1/settlements[?from=yyyy-mm-dd][&limit=N][&cursor=C]
//	GET  /finance/v1/settlements/{yyyy-mm-dd}
//	POST /finance/v1/settlements/{yyyy-mm-dd}/close[?early=true]
//	GET  /finance/v1/settlements/{yyyy-mm-dd}/file[?format=txt|csv|xlsx]
//	GET  /finance/v1/trial-balance
//
// In a path, "today" stands for the business day of now under the agreement's
// cut-off, by the server's clock; answers name the day.
//
// Amounts are JSON integers in rupiah, times RFC 3339 in WIB (+07:00), days
// yyyy-mm-dd. Every caller is known by name (see Config.Authenticate). Errors
// are {"error":{"code":"day_open","message":"…","field":"day"}} under an HTTP
// status that fits; code is for programs and stays, message is for people.
package finance
