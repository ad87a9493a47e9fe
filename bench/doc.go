// Command bench measures durable payments per second through SOAP, charges per second
// through the merchants' API, what notifications cost, and how long the till waits at a given rate:
//
//	go run ./bench [--part payments,charges,notifications,steady] [--codes 10000,1000000] [--clients 1,16,64,256] [--rounds 5] [--peers] [--json]
//
// Every server is a child process on 127.0.0.1 and ends with this one. Of a merchant it takes
// any number of requests a second. The servers:
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
// A round runs every cell of the tables once, those that are compared next to each other,
// and the next round goes back from the last to the first, so that none always has the
// better place. The table shows medians over the rounds, and a ratio is the median of the
// rounds' ratios, so that what slows the machine for a minute slows both sides. On two
// cores single runs differ by a third: trust the ratios.
//
// # Charges
//
// The part charges has 64 shops' connections charge, with items and a customer, beside
// the open codes of the smallest ledger, for as long as --limit. What is answered anything
// but 201 with a payment code voids the run. The ceiling in memory is the same binary.
//
// # Notifications
//
// The part notifications pays at 64 clients in a ledger of --notified codes, whose merchant
// has no settlement hold: the row of the outbox is written in the payment's own transaction.
// Three servers are compared, the same binary each time:
//
//   - no-url: the merchant has no notification URL. Delivery is paused.
//   - paused: it has one, so that each payment writes its row; delivery is paused. After
//     each run the outbox must hold one row for each payment, else the run is void. Held to
//     0.9 of no-url.
//   - delivering: the notifications are delivered meanwhile to a receiver in this process,
//     which shares the load's core and answers 200. The run waits until it was told of every
//     payment, once each, else it is void; payments per second are counted until the last
//     payment, notifications per second until the last notification.
//
// The URL is set after the codes were made, so that nobody is told of those. Two servers
// that do the same differ by a tenth in the medians of eight rounds when something else runs
// on the machine: judge the ratio on a quiet one, or with more --rounds.
//
// # A steady rate
//
// The part steady sends 500 messages a second for --lasts, from 64 connections, to a ledger
// with the largest number of open codes: an inquiry and a payment for each code, and a reversal
// for one payment in nine. Each message is due at its own moment, whether earlier ones
// have been answered or not, and its time counts from then, so that one slow answer is not
// counted once but for all that it delays. It ends with its messages; p99 is held to 50 ms in
// each run. Just before and just after, the disk alone is timed in the same folder: 500 times
// each, 512 bytes are appended and waited for with fdatasync.
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
