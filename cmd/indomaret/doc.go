// Command indomaret plays Indomaret against a partner's payment point server: it
// looks codes up, pays them, takes payments back as a till that got no answer
// does, sends the load of many tills, and writes Indomaret's settlement file of a
// day. It speaks specification "Payment Point" 1.0.14 and shares no code with the
// server of this module but the contract, so that a mistake in one of them shows.
//
// What it did stands in a journal of its own, the intent before a message leaves
// and the outcome after. The journal is the tills' truth, to compare with a
// partner's ledger whatever was killed in between: a payment counts as paid when
// it was answered 00 and no reversal of it was.
package main
