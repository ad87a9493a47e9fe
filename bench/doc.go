// Command bench measures durable payments per second through SOAP:
//
//	go run ./bench [--codes 10000,1000000] [--clients 1,16,64,256] [--rounds 5] [--peers] [--json]
//
// Every server is a child process on 127.0.0.1 and ends with this one. The servers:
//
//   - paypoint: bin/paypoint serve --sandbox with its ledger file. An answer 00
//     leaves after the disk has the payment.
//   - memory: the same binary with --store memory:, which is the ceiling: what is left
//     of a payment when nothing is written. It runs with the smallest ledger only.
//   - node-postgres, node-sqlite, php-sqlite (--peers, at 64 clients): the same payment
//     written for Node's soap and PHP's SoapServer, in peers/. They verify the
//     signature, look the code up, refuse a wrong amount, mark the code paid, write a
//     journal row under a unique key, and commit to the disk before they answer.
//     They keep no wire log and no balances, which favours them.
//
// # What a run is
//
// A code is paid once, so a run is bounded by its codes: it starts on a fresh copy of a
// ledger with the given number of open codes, and ends when all are paid or after
// --limit. Copies are synced before the start. Each client is one keep-alive connection
// with one payment under way; all take the next code from one list in random order, with
// a TrackingRef of its own, in no order either. 2000 further codes are paid before the
// clock starts. Payments per second are all payments over the time from the first request
// to the last answer; percentiles are exact, over every payment. A run in which any
// answer is not 00 is void and ends the measurement.
//
// A round runs every cell of the table once, those that are compared next to each other;
// the table shows medians over the rounds, and a ratio is the median of the rounds'
// ratios, so that what slows the machine for a minute slows both sides. On two cores
// single runs differ by a third: trust the ratios.
//
// # Why a load generator of its own
//
// wrk stops on time, not on the number of requests, cannot sign, and its percentiles
// come from a histogram; the pieces to bend it (a file of bodies, a Lua script, parsing
// its report) are longer than the loop in load.go. That loop costs 15 µs of processor
// time a payment when the server is fast, against 11 µs for wrk with a Lua script that
// checks each answer. It runs on one core at most, is the same for every server, and
// prints what it took: the column "load".
package main
