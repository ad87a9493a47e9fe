// Package charge is the merchants' JSON API: a merchant asks for a payment
// code, asks what became of it, and withdraws it.
//
//	POST /v2/charge        gives out a payment code
//	GET  /v2/{id}/status   tells what became of it
//	POST /v2/{id}/cancel   withdraws it
//	POST /v2/{id}/expire   ends its time
//
// {id} is the merchant's order id or the transaction id. Requests and answers
// have the form of Midtrans's Core API for convenience stores, so that the
// SDKs written for it work unchanged; extensions of ours are optional members.
//
// What those SDKs rest on: status_code in every body is a string. An outcome
// of business (404, 406, 407, 412, also 402 and 410) travels over HTTP 200,
// what is wrong with the request (400, 401, 405, 413) and with us (500, 503,
// 505) over an HTTP status of its own. Every answer is a JSON object. A POST's
// empty body comes as nothing at all, as null or as {}; a GET may have one.
// Headers come repeated or empty: the last one that is not empty counts.
package charge
