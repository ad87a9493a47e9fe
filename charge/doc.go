// Package charge is the merchants' JSON API: a merchant asks for a payment
// code, asks what became of it, withdraws it, and sees what it was told.
//
//	POST /v2/charge                      gives out a payment code
//	GET  /v2/{id}/status                 tells what became of it
//	GET  /v2/{id}/status/b2b             the same in the form of a list
//	POST /v2/{id}/cancel                 withdraws it
//	POST /v2/{id}/expire                 ends its time
//	POST /v2/{id}/approve, deny          412: cash is not reviewed
//	POST /v2/{id}/refund, refund/online/direct
//	                                     412: cash is not given back here
//	GET  /v1/charges                     lists charges, by page
//	GET  /v1/charges/{id}/events         tells a charge's whole life
//	GET  /v1/notifications               lists notifications, the undelivered or a charge's
//	GET  /v1/notifications/{id}          tells what became of one
//	POST /v1/notifications/{id}/resend   sends one again, now
//	POST /v1/notifications/test          causes some
//
// {id} is the merchant's order id or the transaction id; of a notification it
// is the transaction id, a hyphen and the transaction_status. Requests and
// answers under /v2 have the form of Midtrans's Core API for convenience stores,
// so that the SDKs written for it work unchanged; extensions of ours are optional
// members. What is under /v1 is ours.
//
// What those SDKs rest on: status_code in every body is a string. An outcome
// of business (404, 406, 407, 412, also 402 and 410) travels over HTTP 200,
// what is wrong with the request (400, 401, 405, 413, 429) and with us (500, 503,
// 505) over an HTTP status of its own. Every answer is a JSON object. A POST's
// empty body comes as nothing at all, as null or as {}; a GET may have one.
// Headers come repeated or empty: the last one that is not empty counts.
//
// Whoever got no answer may ask again. The same charge, while its code can be
// paid, is answered by the same code; any other POST under /v2 with an
// Idempotency-Key is done once within some minutes. See handler.charge and
// handler.once.
//
// Everything that is told of a charge, by an answer, a listing or a notification
// (Notification), is made from a ledger.View, which knows of no payment before
// its release.
package charge
