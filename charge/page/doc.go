// Package page is the page that a customer pays by: what is owed and to whom,
// the payment code with its barcode, how to pay it at a till, and what became
// of it.
//
//	GET /pay/{id}          the page; {id} is the charge's ID (transaction_id)
//	GET /pay/{id}/state    its state as JSON, for the page's script
//	GET /pay/assets/...    stylesheet, script and icon, named by their content
//
// Whoever has the address may read the page, its merchant too. So it shows a
// charge as ledger.View does and tells nothing of a payment before its release:
// until then a paid charge and an unpaid one give the same bytes.
//
// The page is whole without its script. The script copies the code, counts the
// time down, asks for the state, and puts in place what the server renders
// when that has changed; it has no texts of its own.
package page
