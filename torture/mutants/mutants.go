package main

import "slices"

// mutant is the program with one bug.
type mutant struct {
	// name is short; bug says it in words.
	name, bug string
	// files are the edits, by the path of the file.
	files map[string][]edit
}

// edit replaces lines that stand in a file once.
type edit struct{ old, new string }

// check is a test in torture that plays whole histories against a binary.
type check struct {
	test      string
	env, args []string
}

// checks are tried in this order.
func checks() []check {
	return []check{
		{test: "TestHistories", env: []string{"TORTURE_HISTORIES=300"}, args: []string{"-rapid.shrinktime=1s", "-rapid.nofailfile"}},
		{test: "TestCrowd", env: []string{"TORTURE_CROWDS=4"}},
		{test: "TestPowerLoss"},
		{test: "TestDiskErrors"},
	}
}

func one(file, old, new string) map[string][]edit {
	return map[string][]edit{file: {{old, new}}}
}

// mutants are bugs that people write in ledgers.
func mutants() []mutant {
	return slices.Concat(paymentMutants(), reversalMutants(), merchantMutants(), engineMutants())
}

// paymentMutants are wrong decisions about inquiries and payments.
func paymentMutants() []mutant {
	return []mutant{
		{
			name: "checked-outside-the-lock", bug: "a payment is decided on what was read before its transaction began",
			files: one("ledger/service.go",
				`		result, change = DecidePayment(state, p, s.agreement, s.now())
`, `		before, err := s.store.Load(ctx, p.Keys(s.agreement))
		if err != nil {
			return Change{}, err
		}
		state = before
		result, change = DecidePayment(state, p, s.agreement, s.now())
`),
		},
		{
			name: "history-after-state", bug: "a retried payment is asked for its code's state before its own history",
			files: one("ledger/payment.go",
				`	if s.Tx != nil {
		result := replayPayment(s, p)
`, `	if s.Tx != nil && unpayable(s.Charge.Standing(now), s.Paused) == "" {
		result := replayPayment(s, p)
`),
		},
		{
			name: "open-amount-without-floor", bug: "an open amount below its least one is booked",
			files: one("ledger/payment.go", `	if amount < s.Charge.MinAmount || amount > s.Charge.Amount {
`, `	if amount > s.Charge.Amount {
`),
		},
		{
			name: "receipt-made-anew", bug: "a retried payment gets a new receipt code",
			files: one("ledger/payment.go", `		result.Receipt = s.Tx.Receipt
`, `		result.Receipt = p.Receipt
`),
		},
		{
			name: "batch-by-the-clock", bug: "a payment's batch is chosen by our clock, not by its TimeStamp",
			files: one("ledger/payment.go", `		Day:     s.OpenDay,
`, `		Day:     BusinessDay(now, a.CutOff),
`),
		},
		{
			name: "grace-forgotten", bug: "the customer whose inquiry was answered just before the expiry is refused",
			files: one("ledger/inquiry.go", `	if !until.After(c.Deadline) || !until.After(c.GraceUntil) {
`, `	if c.GraceUntil.IsZero() {
`),
		},
		{
			name: "any-store-s-reference", bug: "a TrackingRef that another store has used is refused with 94",
			files: one("ledger/payment.go", `	return s.Elsewhere != nil && now.Sub(s.Elsewhere.Booked) < a.RefWindow
`, `	return s.OtherStore || s.Elsewhere != nil && now.Sub(s.Elsewhere.Booked) < a.RefWindow
`),
		},
	}
}

// reversalMutants are wrong decisions about reversals.
func reversalMutants() []mutant {
	return []mutant{
		{
			name: "tombstone-forgotten", bug: "a reversal that comes before its payment is answered 00, and leaves no trace",
			files: one("ledger/reversal.go", `	return ReversalResult{Reason: ReasonApproved}, buried
`, `	return ReversalResult{Reason: ReasonApproved}, Change{}
`),
		},
		{
			name: "reversal-hits-another-reference", bug: "a reversal under an unknown TrackingRef takes back the payment that the code has",
			files: one("ledger/reversal.go", `	if s.Tx == nil {
		return reverseNothing(s, r, a, now)
`, `	if s.Tx == nil && s.Paying != nil && r.Amount == s.Paying.onWire() && s.Paying.State == TxPaid {
		s.Tx, r.Ref = s.Paying, s.Paying.Ref
	}
	if s.Tx == nil {
		return reverseNothing(s, r, a, now)
`),
		},
		{
			name: "reversed-stays-paid", bug: "a payment that was taken back during its hold does not make the code payable again",
			files: one("ledger/reversal.go", `		Deny: s.Charge.Status == StatusReleased,
`, `		Deny: true,
`),
		},
		{
			name: "reversal-of-any-amount", bug: "a reversal's amount is not compared with the payment's",
			files: one("ledger/reversal.go", `	case r.Amount != s.Tx.onWire():
`, `	case r.Amount <= 0:
`),
		},
		{
			name: "settled-is-reversed", bug: "a payment in a closed batch is taken back",
			files: one("ledger/reversal.go", `	case s.TxSettled, s.Tx.Corrected():
`, `	case s.Tx.Corrected():
`),
		},
		{
			name: "reversal-posts-the-charge", bug: "a reversal takes the charge's amount out of the books, not the payment's",
			files: one("ledger/reversal.go", `	return change(now, Entry{reversed, reversalPostings(s.Charge.Merchant, *s.Tx)})
`, `	whole := *s.Tx
	whole.Amount = s.Charge.Amount
	return change(now, Entry{reversed, reversalPostings(s.Charge.Merchant, whole)})
`),
		},
	}
}

// merchantMutants are wrong decisions about what merchants do and are told.
func merchantMutants() []mutant {
	return []mutant{
		{
			name: "cancelled-though-paid", bug: "a merchant cancels a charge whose payment is held",
			files: one("ledger/charging.go", `	case StandingFuture, StandingActive, StandingGrace:
		return nil
`, `	case StandingFuture, StandingActive, StandingGrace, StandingHeld:
		return nil
`),
		},
		{
			name: "release-not-told", bug: "the merchant is not told of a payment when its hold is over",
			files: one("ledger/notice.go", `	if standing == "" {
		return nil
	}
	number := chargeOf(r.Event)
`, `	if standing == "" || r.Event.Kind() == KindReleased {
		return nil
	}
	number := chargeOf(r.Event)
`),
		},
	}
}

// engineMutants are right decisions that are kept wrongly.
func engineMutants() []mutant {
	return []mutant{
		{
			name: "answered-before-the-disk", bug: "answers leave before the commit is on the disk",
			files: one("store/boltdb/commit.go", `	if err := tx.Commit(); err != nil {
`, `	tx.DB().NoSync = true
	if err := tx.Commit(); err != nil {
`),
		},
		{
			name: "outbox-outside-the-transaction", bug: "the row that says whom to tell is written after its change, in a transaction of its own",
			files: one("store/boltdb/rows.go", `	r.tx.Bucket(bucketOutbox).FillPercent = growingFill
	return r.put(bucketOutbox, numberKey(n.Seq), toNoticeRow(n))
`, `	db, codes := r.tx.DB(), r.codes
	go func() {
		_ = db.Update(func(tx *bolt.Tx) error {
			return newRows(tx, codes).put(bucketOutbox, numberKey(n.Seq), toNoticeRow(n))
		})
	}()
	return nil
`),
		},
		{
			name: "failed-commit-retried", bug: "a commit that failed is taken for one that never was, and the ledger goes on",
			files: one("store/boltdb/commit.go", `		s.fail(fmt.Errorf("commit: %w", err))
		return err
`, `		return err
`),
		},
	}
}
