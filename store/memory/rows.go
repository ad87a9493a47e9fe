package memory

import (
	"slices"

	"paypoint/ledger"
)

// identity is the key of a transaction.
type identity struct {
	code ledger.PaymentCode
	ref  ledger.TrackingRef
}

// accountDay is the key of an account's balance on a day.
type accountDay struct {
	account ledger.Account
	day     ledger.Day
}

type order struct{ merchant, order string }

// rows are ledger.Rows as maps.
type rows struct {
	// undo takes back what the change under way has written so far, last first.
	undo         []func()
	codes        *ledger.Codes
	last         uint64
	charges      map[uint64]ledger.Charge
	ids          map[string]uint64
	orders       map[order]uint64
	details      map[uint64]ledger.Details
	detailed     []uint64 // the keys of details, in the order in which charges are made
	transactions map[identity]ledger.Transaction
	refs         map[ledger.TrackingRef]map[string]ledger.RefUse
	documents    map[string][]byte
	batches      map[ledger.Day]ledger.Batch
	batchNos     map[uint64]ledger.Day
	due          map[ledger.Due]ledger.Due
	notices      map[uint64]ledger.Notice
	settings     map[string][]byte
	balances     map[accountDay]ledger.Rupiah
}

func newRows(codes *ledger.Codes) *rows {
	return &rows{
		codes:        codes,
		charges:      map[uint64]ledger.Charge{},
		ids:          map[string]uint64{},
		orders:       map[order]uint64{},
		details:      map[uint64]ledger.Details{},
		transactions: map[identity]ledger.Transaction{},
		refs:         map[ledger.TrackingRef]map[string]ledger.RefUse{},
		documents:    map[string][]byte{},
		batches:      map[ledger.Day]ledger.Batch{},
		batchNos:     map[uint64]ledger.Day{},
		due:          map[ledger.Due]ledger.Due{},
		notices:      map[uint64]ledger.Notice{},
		settings:     map[string][]byte{},
		balances:     map[accountDay]ledger.Rupiah{},
	}
}

// dueKey makes equal moments equal keys, whatever zone they were written in.
func dueKey(d ledger.Due) ledger.Due {
	return ledger.Due{At: d.At.UTC(), Number: d.Number}
}

func (r *rows) Codes() *ledger.Codes { return r.codes }

func (r *rows) LastNumber() (uint64, error) { return r.last, nil }

func (r *rows) PutLastNumber(number uint64) error {
	before := r.last
	r.undo = append(r.undo, func() { r.last = before })
	r.last = max(before, number)
	return nil
}

func (r *rows) Charge(number uint64) (*ledger.Charge, error) {
	return found(r.charges, number), nil
}

func (r *rows) PutCharge(c ledger.Charge) error {
	set(r, r.charges, c.Number, c)
	return r.PutLastNumber(c.Number)
}

func (r *rows) PutHandles(c ledger.Charge) error {
	set(r, r.ids, c.ID, c.Number)
	set(r, r.orders, order{c.Merchant, c.Order}, c.Number)
	return nil
}

func (r *rows) ByID(id string) (uint64, error) { return r.ids[id], nil }

func (r *rows) ByOrder(merchant, orderID string) (uint64, error) {
	return r.orders[order{merchant, orderID}], nil
}

func (r *rows) Details(number uint64) (*ledger.Details, error) {
	return found(r.details, number), nil
}

func (r *rows) PutDetails(number uint64, d ledger.Details) error {
	set(r, r.details, number, d)
	r.putDetailed(append(r.detailed, number))
	return nil
}

func (r *rows) OldestDetails(limit int) ([]uint64, error) {
	return slices.Clone(r.detailed[:min(limit, len(r.detailed))]), nil
}

func (r *rows) DeleteDetails(through uint64) error {
	for len(r.detailed) > 0 && r.detailed[0] <= through {
		remove(r, r.details, r.detailed[0])
		r.putDetailed(r.detailed[1:])
	}
	return nil
}

// putDetailed changes the list so that it can be undone.
func (r *rows) putDetailed(numbers []uint64) {
	before := r.detailed
	r.undo = append(r.undo, func() { r.detailed = before })
	r.detailed = numbers
}

func (r *rows) Transaction(code ledger.PaymentCode, ref ledger.TrackingRef) (*ledger.Transaction, error) {
	return found(r.transactions, identity{code, ref}), nil
}

func (r *rows) PutTransaction(t ledger.Transaction) error {
	set(r, r.transactions, identity{t.Code, t.Ref}, t)
	return nil
}

func (r *rows) RefUse(ref ledger.TrackingRef, store string) (*ledger.RefUse, bool, error) {
	uses := r.refs[ref]
	use := found(uses, store)
	return use, len(uses) > 1 || len(uses) == 1 && use == nil, nil
}

func (r *rows) PutRefUse(ref ledger.TrackingRef, use ledger.RefUse) error {
	if r.refs[ref] == nil {
		r.refs[ref] = map[string]ledger.RefUse{}
	}
	set(r, r.refs[ref], use.Store, use)
	return nil
}

func (r *rows) Document(key string) ([]byte, error) { return slices.Clone(r.documents[key]), nil }

func (r *rows) PutDocument(key string, value []byte) error {
	putText(r, r.documents, key, value)
	return nil
}

func (r *rows) Batch(day ledger.Day) (ledger.Batch, error) {
	if batch, ok := r.batches[day]; ok {
		return batch, nil
	}
	return ledger.Batch{Day: day}, nil
}

func (r *rows) BatchNo(no uint64) (ledger.Batch, error) {
	return r.batches[r.batchNos[no]], nil
}

func (r *rows) LastBatch() (ledger.Batch, error) {
	return r.batches[r.batchNos[uint64(len(r.batchNos))]], nil
}

func (r *rows) PutBatch(b ledger.Batch) error {
	set(r, r.batches, b.Day, b)
	if b.Closed() {
		set(r, r.batchNos, b.No, b.Day)
	}
	return nil
}

func (r *rows) PutDue(d ledger.Due) error {
	set(r, r.due, dueKey(d), d)
	return nil
}

func (r *rows) DeleteDue(d ledger.Due) error {
	remove(r, r.due, dueKey(d))
	return nil
}

func (r *rows) Notice(seq uint64) (*ledger.Notice, error) { return found(r.notices, seq), nil }

func (r *rows) PutNotice(n ledger.Notice) error {
	set(r, r.notices, n.Seq, n)
	return nil
}

func (r *rows) DeleteNotice(seq uint64) error {
	remove(r, r.notices, seq)
	return nil
}

func (r *rows) Setting(key string) ([]byte, error) { return slices.Clone(r.settings[key]), nil }

func (r *rows) PutSetting(key string, value []byte) error {
	putText(r, r.settings, key, value)
	return nil
}

func (r *rows) Post(day ledger.Day, p ledger.Posting) error {
	key := accountDay{p.Account, day}
	set(r, r.balances, key, r.balances[key]+p.Amount)
	return nil
}

// putText writes a text, or removes it where it is empty.
func putText(r *rows, m map[string][]byte, key string, value []byte) {
	if len(value) == 0 {
		remove(r, m, key)
		return
	}
	set(r, m, key, slices.Clone(value))
}

// found is a copy of a map's value, or nil.
func found[K comparable, V any](m map[K]V, key K) *V {
	if value, ok := m[key]; ok {
		return &value
	}
	return nil
}

// set writes a map's value so that it can be undone.
func set[K comparable, V any](r *rows, m map[K]V, key K, value V) {
	remember(r, m, key)
	m[key] = value
}

// remove takes a value out of a map so that it can be undone.
func remove[K comparable, V any](r *rows, m map[K]V, key K) {
	remember(r, m, key)
	delete(m, key)
}

func remember[K comparable, V any](r *rows, m map[K]V, key K) {
	before, there := m[key]
	r.undo = append(r.undo, func() {
		if there {
			m[key] = before
		} else {
			delete(m, key)
		}
	})
}

// rollBack undoes the change under way.
func (r *rows) rollBack() {
	for _, undo := range slices.Backward(r.undo) {
		undo()
	}
	r.undo = nil
}
