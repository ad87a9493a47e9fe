package torture_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"

	"paypoint/ledger"
)

// crowdKind is what a till or a merchant asks.
type crowdKind string

// What a crowd asks.
const (
	askCharge   crowdKind = "charge"
	askInquiry  crowdKind = "inquiry"
	askPayment  crowdKind = "payment"
	askReversal crowdKind = "reversal"
	askCancel   crowdKind = "cancel"
	askExpire   crowdKind = "expire"
	askStatus   crowdKind = "status"
)

// crowdAsk is one request of a history.
type crowdAsk struct {
	kind crowdKind
	// life is which life of the server was asked, counted from 1.
	life int
	// group is the part of the history that can be checked by itself: orders of
	// different groups share neither codes nor TrackingRefs.
	group int
	// order is the order id that a merchant names; held says that this merchant has
	// a settlement hold, which outlasts the history.
	order string
	held  bool
	// code, ref and store are what a till names.
	code, ref, store string
	amount           ledger.Rupiah
}

// looks says that it changes nothing, so that without an answer it says nothing.
func (a crowdAsk) looks() bool { return a.kind == askInquiry || a.kind == askStatus }

// crowdTold is its answer; the zero value is none.
type crowdTold struct {
	// code is the ResponseCode or the merchants' status_code.
	code string
	// payment is the payment code that a merchant was told, receipt a till.
	payment, receipt string
	// status is the merchants' transaction_status.
	status string
}

// silent says that no answer came: what was asked may have been done or not, and
// may have been done at any time until the server was dead.
func (t crowdTold) silent() bool { return t == crowdTold{} }

// crowdCharge is a charge as the model has it. Its code is empty while nobody was
// told it.
type crowdCharge struct {
	code   string
	amount ledger.Rupiah
	held   bool
	status ledger.Status
	paidBy string
}

func (c crowdCharge) paid() bool {
	return c.status == ledger.StatusHeld || c.status == ledger.StatusReleased
}

// crowdTx is what became of a code and TrackingRef; its receipt is empty while
// nobody was told it.
type crowdTx struct {
	state   ledger.TxState
	amount  ledger.Rupiah
	receipt string
}

// crowdBooks is the state of the model: what a ledger must remember of a group.
// It is never changed in place, because the checker goes back to earlier ones.
type crowdBooks struct {
	// charges are by order id and, counted from 1, which of its charges it is.
	charges map[crowdNth]crowdCharge
	// last is how many charges an order id has had.
	last map[string]int
	// txs are by payment code and TrackingRef.
	txs map[[2]string]crowdTx
	// uses are by TrackingRef and StoreID: the code it was booked for last.
	uses map[[2]string]string
	// life is the newest life of the server that has answered. What an earlier one
	// left without an answer is never done any more.
	life int
}

// crowdNth names a charge of an order id.
type crowdNth struct {
	order string
	nth   int
}

func (b crowdBooks) equal(o crowdBooks) bool {
	return b.life == o.life && maps.Equal(b.charges, o.charges) && maps.Equal(b.txs, o.txs) && maps.Equal(b.uses, o.uses)
}

// byCode finds the charge that has a payment code.
func (b crowdBooks) byCode(code string) (at crowdNth, c crowdCharge) {
	for at, c := range b.charges {
		if c.code == code {
			return at, c
		}
	}
	return crowdNth{}, crowdCharge{}
}

func (b crowdBooks) newest(order string) (at crowdNth, c crowdCharge) {
	at = crowdNth{order, b.last[order]}
	return at, b.charges[at]
}

func (b crowdBooks) withCharge(at crowdNth, c crowdCharge) crowdBooks {
	b.charges, b.last = maps.Clone(b.charges), maps.Clone(b.last)
	b.charges[at] = c
	b.last[at.order] = max(b.last[at.order], at.nth)
	return b
}

func (b crowdBooks) withTx(code, ref string, tx crowdTx) crowdBooks {
	b.txs = maps.Clone(b.txs)
	b.txs[[2]string{code, ref}] = tx
	return b
}

func (b crowdBooks) withUse(ref, store, code string) crowdBooks {
	b.uses = maps.Clone(b.uses)
	b.uses[[2]string{ref, store}] = code
	return b
}

// refTaken says that the store has used the TrackingRef for another code. A
// history is far shorter than the agreement's tracking_ref_window.
func (b crowdBooks) refTaken(a crowdAsk) bool {
	code, used := b.uses[[2]string{a.ref, a.store}]
	return used && code != a.code
}

// newCrowdModel is the sequential specification that a history is held against:
// the tables of docs/partner.md, as far as no clock is needed, written a second
// time and in another way than the ledger's.
func newCrowdModel() porcupine.Model {
	return porcupine.Model{
		Partition: crowdGroups,
		Init: func() any {
			return crowdBooks{map[crowdNth]crowdCharge{}, map[string]int{}, map[[2]string]crowdTx{}, map[[2]string]string{}, 0}
		},
		Step: func(state, input, output any) (bool, any) {
			books, asked, told := state.(crowdBooks), input.(crowdAsk), output.(crowdTold)
			if told.silent() && asked.life < books.life {
				return true, books
			}
			want, next := books.step(asked, told)
			next.life = max(books.life, asked.life)
			return told.silent() || told == want, next
		},
		Equal:             func(one, other any) bool { return one.(crowdBooks).equal(other.(crowdBooks)) },
		DescribeOperation: func(input, output any) string { return describeCrowd(input.(crowdAsk), output.(crowdTold)) },
		DescribeState:     func(state any) string { return state.(crowdBooks).String() },
	}
}

// crowdGroups takes a history apart: a group's orders, codes and TrackingRefs are
// nobody else's, so a history is linearizable if each group's is.
func crowdGroups(history []porcupine.Operation) [][]porcupine.Operation {
	byGroup := map[int][]porcupine.Operation{}
	for _, o := range history {
		group := o.Input.(crowdAsk).group
		byGroup[group] = append(byGroup[group], o)
	}
	return slices.Collect(maps.Values(byGroup))
}

// step is what the books answer and become. Codes and receipts are the ledger's
// to choose: told says what it chose, and from then on it must stay with that.
func (b crowdBooks) step(a crowdAsk, told crowdTold) (want crowdTold, next crowdBooks) {
	switch a.kind {
	case askCharge:
		return b.charge(a, told)
	case askInquiry:
		_, c := b.byCode(a.code)
		return crowdTold{code: c.answers()}, b
	case askPayment:
		return b.pay(a, told)
	case askReversal:
		return b.reverse(a)
	case askCancel:
		return b.end(a, "200", "cancel", ledger.StatusCancelled)
	case askExpire:
		return b.end(a, "407", "expire", ledger.StatusExpired)
	default:
		return b.tell(a, told)
	}
}

// charge gives out a code, or the same one again while it can be paid and its
// merchant knows of no payment.
func (b crowdBooks) charge(a crowdAsk, told crowdTold) (crowdTold, crowdBooks) {
	at, c := b.newest(a.order)
	switch {
	case c.status == ledger.StatusReleased, c.open() && c.amount != a.amount:
		return crowdTold{code: "406"}, b
	case c.open():
		b = b.learn(at, c, told)
		return crowdTold{code: "201", payment: b.charges[at].code, status: "pending"}, b
	}
	if _, other := b.byCode(told.payment); told.payment != "" && other.code != "" {
		return crowdTold{code: "no code may be given out twice"}, b
	}
	fresh := crowdCharge{code: told.payment, amount: a.amount, held: a.held, status: ledger.StatusPending}
	return crowdTold{code: "201", payment: told.payment, status: "pending"}, b.withCharge(crowdNth{a.order, at.nth + 1}, fresh)
}

func (c crowdCharge) open() bool { return c.status == ledger.StatusPending || c.paid() }

// learn takes note of a code that was given out by a charge without an answer.
func (b crowdBooks) learn(at crowdNth, c crowdCharge, told crowdTold) crowdBooks {
	if c.code != "" || told.payment == "" {
		return b
	}
	c.code = told.payment
	return b.withCharge(at, c)
}

// answers is what an inquiry is answered, and a payment that has no history and
// fits.
func (c crowdCharge) answers() string {
	switch c.status {
	case ledger.StatusPending:
		return "00"
	case ledger.StatusHeld, ledger.StatusReleased:
		return "88"
	case ledger.StatusExpired:
		return "54"
	case ledger.StatusCancelled, ledger.StatusDenied:
		return "17"
	default:
		return "14"
	}
}

func (b crowdBooks) pay(a crowdAsk, told crowdTold) (crowdTold, crowdBooks) {
	if tx, known := b.txs[[2]string{a.code, a.ref}]; known {
		if tx.state != ledger.TxPaid || tx.amount != a.amount {
			return crowdTold{code: "94"}, b
		}
		if tx.receipt == "" && told.receipt != "" {
			tx.receipt = told.receipt
			b = b.withTx(a.code, a.ref, tx)
		}
		return crowdTold{code: "00", receipt: tx.receipt}, b
	}
	at, c := b.byCode(a.code)
	switch {
	case b.refTaken(a):
		return crowdTold{code: "94"}, b
	case c.status != ledger.StatusPending:
		return crowdTold{code: c.answers()}, b
	case a.amount != c.amount:
		return crowdTold{code: "13"}, b
	}
	c.paidBy, c.status = a.ref, ledger.StatusReleased
	if c.held {
		c.status = ledger.StatusHeld
	}
	b = b.withCharge(at, c).withTx(a.code, a.ref, crowdTx{ledger.TxPaid, a.amount, told.receipt}).withUse(a.ref, a.store, a.code)
	return crowdTold{code: "00", receipt: told.receipt}, b
}

func (b crowdBooks) reverse(a crowdAsk) (crowdTold, crowdBooks) {
	tx, known := b.txs[[2]string{a.code, a.ref}]
	at, c := b.byCode(a.code)
	switch {
	case known && tx.state != ledger.TxPaid:
		return crowdTold{code: "00"}, b
	case known && tx.amount != a.amount:
		return crowdTold{code: "13"}, b
	case !known && b.refTaken(a):
		return crowdTold{code: "25"}, b
	case !known:
		answer := crowdTold{code: "00"}
		if c.code == "" {
			answer.code = "14"
		}
		return answer, b.withTx(a.code, a.ref, crowdTx{state: ledger.TxTombstone})
	}
	// Before the release the merchant knows of nothing, and the code can be paid again.
	if c.status == ledger.StatusHeld {
		c.status = ledger.StatusPending
	} else {
		c.status = ledger.StatusDenied
	}
	c.paidBy = ""
	return crowdTold{code: "00"}, b.withCharge(at, c).withTx(a.code, a.ref, crowdTx{state: ledger.TxReversed, amount: tx.amount})
}

// end withdraws the newest charge of an order id.
func (b crowdBooks) end(a crowdAsk, code, status string, to ledger.Status) (crowdTold, crowdBooks) {
	at, c := b.newest(a.order)
	switch c.status {
	case "":
		return crowdTold{code: "404"}, b
	case ledger.StatusPending:
		c.status = to
		return crowdTold{code: code, status: status}, b.withCharge(at, c)
	default:
		return crowdTold{code: "412"}, b
	}
}

// tell is the status of the newest charge of an order id.
func (b crowdBooks) tell(a crowdAsk, told crowdTold) (crowdTold, crowdBooks) {
	at, c := b.newest(a.order)
	if c.status == "" {
		return crowdTold{code: "404"}, b
	}
	b = b.learn(at, c, told)
	seen := map[ledger.Status][2]string{
		ledger.StatusPending: {"201", "pending"}, ledger.StatusHeld: {"201", "pending"}, ledger.StatusReleased: {"200", "settlement"},
		ledger.StatusDenied: {"202", "deny"}, ledger.StatusCancelled: {"200", "cancel"}, ledger.StatusExpired: {"407", "expire"},
	}[c.status]
	return crowdTold{code: seen[0], status: seen[1], payment: b.charges[at].code}, b
}

// describeCrowd is an operation in the picture of a history.
func describeCrowd(a crowdAsk, told crowdTold) string {
	answer := strings.Join(strings.Fields(fmt.Sprint(told.code, " ", told.status, " ", told.payment, " ", told.receipt)), " ")
	if told.silent() {
		answer = "no answer"
	}
	switch a.kind {
	case askCharge:
		return fmt.Sprintf("charge %s %d: %s", a.order, a.amount, answer)
	case askCancel, askExpire, askStatus:
		return fmt.Sprintf("%s %s: %s", a.kind, a.order, answer)
	case askInquiry:
		return fmt.Sprintf("inquiry %s: %s", a.code, answer)
	default:
		return fmt.Sprintf("%s %s %s of %s %d: %s", a.kind, a.code, a.ref, a.store, a.amount, answer)
	}
}

// String is the state in the picture of a history.
func (b crowdBooks) String() string {
	var lines []string
	for at, c := range b.charges {
		lines = append(lines, fmt.Sprintf("%s #%d: code %s %s %s", at.order, at.nth, c.code, c.status, c.paidBy))
	}
	for id, tx := range b.txs {
		lines = append(lines, fmt.Sprintf("%s %s: %s %d %s", id[0], id[1], tx.state, tx.amount, tx.receipt))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
