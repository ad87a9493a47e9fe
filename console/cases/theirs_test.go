package cases_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile"
)

// remitted is a payment as Indomaret has it.
type remitted struct {
	sale
	amount ledger.Rupiah
	store  string
}

// theirs is Indomaret's file of today.
func (d *desk) theirs(payments ...remitted) []byte {
	var lines, file bytes.Buffer
	var sum ledger.Rupiah
	for i, p := range payments {
		sum += p.amount
		fmt.Fprintf(&lines, "D|%d|%s|%s|%s|%s||%d|0|%d|PAID|||081234567890\n", i+1, d.Clock.Now().In(ledger.WIB).Format(ledger.WireTime), p.store, p.ref, p.Code, p.amount, p.amount)
	}
	today := d.Ledger.Today()
	fmt.Fprintf(&file, "H|1|INDOMARET|%s|1|%s 23:59:59|N\n%s", today, today, lines.Bytes())
	fmt.Fprintf(&file, "T|%d|%d|0|0|0|%d|%x\n", len(payments), sum, sum, sha256.Sum256(lines.Bytes()))
	return file.Bytes()
}

// matched closes today, takes Indomaret's file and matches both.
func (d *desk) matched(file []byte) {
	d.t.Helper()
	today := d.Ledger.Today()
	_, err := d.settle.Close(d.t.Context(), today, true, "operator")
	require.NoError(d.t, err)
	_, _, err = d.reconcile.Import(d.t.Context(), reconcile.FileIn{Body: bytes.NewReader(file), By: "finance"}, nil)
	require.NoError(d.t, err)
	_, err = d.reconcile.Match(d.t.Context(), today, "finance", nil)
	require.NoError(d.t, err)
}

// text is an element's, value an option's.
func text(_ int, s *goquery.Selection) string  { return s.Text() }
func value(_ int, s *goquery.Selection) string { return s.AttrOr("value", "") }
