package statement

import "fmt"

// Language is that of the labels in XLSX and PDF.
type Language string

// The languages of a statement.
const (
	Indonesian Language = "id"
	English    Language = "en"
)

// label names a text of the table below.
type label int

// The labels: those of the front, then the columns of the lines, then words within
// a line.
const (
	titleLabel label = iota
	numberLabel
	periodLabel
	closedLabel
	issuerLabel
	merchantLabel
	taxIDLabel
	addressLabel
	summaryLabel
	detailsLabel
	itemLabel
	rupiahLabel
	paymentsLabel
	grossLabel
	reversalsLabel
	adjustmentsLabel
	salesLabel
	partnerFeeLabel
	ownFeeLabel
	vatLabel
	withheldLabel
	collectedLabel
	netPayableLabel
	owedLabel
	customerFeeLabel
	roundingLabel
	hashLabel
	previousHashLabel
	pageLabel
	noLinesLabel
	tooManyLabel
	totalLabel
	lineColumn
	statusColumn
	timeColumn
	dayColumn
	ofColumn
	lateColumn
	orderColumn
	codeColumn
	refColumn
	storeColumn
	amountColumn
	grossColumn
	reversalColumn
	adjustmentColumn
	partnerFeeColumn
	ownFeeColumn
	feesColumn
	netColumn
	customerFeeColumn
	noteColumn
	yesWord
	lateWord
	correctsWord
	paidWord
	reversedWord
	adjustedWord
	labelCount // not a label
)

// labels are all words of a statement, Indonesian and English. %s and %d are
// filled in by who prints them.
//
// A pair stands in one row, so that who changes one sees the other. Words that staff
// say in English (settlement, order ID, batch) stay English in both.
var labels = [labelCount]struct{ id, en string }{
	titleLabel:        {"Laporan settlement", "Settlement statement"},
	numberLabel:       {"Nomor", "Number"},
	periodLabel:       {"Periode", "Period"},
	closedLabel:       {"Ditutup", "Closed"},
	issuerLabel:       {"Dari", "From"},
	merchantLabel:     {"Untuk", "To"},
	taxIDLabel:        {"NPWP", "Tax ID (NPWP)"},
	addressLabel:      {"Alamat", "Address"},
	summaryLabel:      {"Ringkasan", "Summary"},
	detailsLabel:      {"Rincian", "Details"},
	itemLabel:         {"Pos", "Item"},
	rupiahLabel:       {"Jumlah (Rp)", "Amount (Rp)"},
	paymentsLabel:     {"Banyaknya", "Count"},
	grossLabel:        {"Penjualan bruto", "Gross sales"},
	reversalsLabel:    {"Pembatalan", "Reversals"},
	adjustmentsLabel:  {"Penyesuaian", "Adjustments"},
	salesLabel:        {"Penjualan neto", "Net sales"},
	partnerFeeLabel:   {"Biaya Indomaret", "Indomaret's fee"},
	ownFeeLabel:       {"Biaya layanan", "Service fee"},
	vatLabel:          {"PPN %s atas biaya Rp%s", "VAT %s on fees of Rp%s"},
	withheldLabel:     {"PPh %s atas biaya Rp%s, dipotong merchant", "Income tax %s on fees of Rp%s, withheld by merchant"},
	collectedLabel:    {"PPh %s atas penjualan Rp%s, dipungut", "Income tax %s on sales of Rp%s, collected"},
	netPayableLabel:   {"Neto dibayarkan", "Net payable"},
	owedLabel:         {"Neto terutang oleh merchant", "Net owed by merchant"},
	customerFeeLabel:  {"Di luar perhitungan: biaya dari pelanggan, diteruskan Indomaret", "Not counted: customers' fees that Indomaret passes on"},
	roundingLabel:     {"Biaya dibulatkan per pembayaran, pajak per laporan, ke rupiah terdekat (0,5 ke atas).", "Fees are rounded for each payment, taxes for the statement, to the nearest rupiah (0.5 up)."},
	hashLabel:         {"SHA-256 catatan (JSON)", "SHA-256 of the record (JSON)"},
	previousHashLabel: {"SHA-256 laporan sebelumnya", "SHA-256 of the statement before"},
	pageLabel:         {"Halaman %d dari ", "Page %d of "},
	noLinesLabel:      {"Tidak ada transaksi dalam periode ini.", "There are no transactions in this period."},
	tooManyLabel:      {"%s baris tidak dicetak di sini; rinciannya ada di berkas XLSX, CSV, dan JSON.", "%s lines are not printed here; the details are in the XLSX, CSV and JSON files."},
	totalLabel:        {"Total", "Total"},
	lineColumn:        {"No.", "No."},
	statusColumn:      {"Status", "Status"},
	timeColumn:        {"Waktu (WIB)", "Time (WIB)"},
	dayColumn:         {"Tanggal batch", "Batch day"},
	ofColumn:          {"Mengoreksi", "Corrects"},
	lateColumn:        {"Susulan", "Late"},
	orderColumn:       {"Order ID", "Order ID"},
	codeColumn:        {"Kode bayar", "Payment code"},
	refColumn:         {"TrackingRef", "TrackingRef"},
	storeColumn:       {"Gerai", "Store"},
	amountColumn:      {"Jumlah (Rp)", "Amount (Rp)"},
	grossColumn:       {"Bruto", "Gross"},
	reversalColumn:    {"Batal (Rp)", "Reversed (Rp)"},
	adjustmentColumn:  {"Penyesuaian", "Adjusted"},
	partnerFeeColumn:  {"Biaya Indomaret", "Indomaret's fee"},
	ownFeeColumn:      {"Biaya layanan", "Service fee"},
	feesColumn:        {"Biaya (Rp)", "Fees (Rp)"},
	netColumn:         {"Sebelum pajak", "Before tax"},
	customerFeeColumn: {"Biaya pelanggan", "Customer's fee"},
	noteColumn:        {"Catatan", "Note"},
	yesWord:           {"Ya", "Yes"},
	lateWord:          {"susulan, batch %s", "late, batch of %s"},
	correctsWord:      {"mengoreksi %s", "corrects %s"},
	paidWord:          {"Lunas", "Paid"},
	reversedWord:      {"Batal", "Reversed"},
	adjustedWord:      {"Koreksi", "Adjusted"},
}

// months are the short names of both languages.
var months = [12]struct{ id, en string }{
	{"Jan", "Jan"}, {"Feb", "Feb"}, {"Mar", "Mar"}, {"Apr", "Apr"}, {"Mei", "May"}, {"Jun", "Jun"},
	{"Jul", "Jul"}, {"Agu", "Aug"}, {"Sep", "Sep"}, {"Okt", "Oct"}, {"Nov", "Nov"}, {"Des", "Dec"},
}

// words are the labels of one language.
type words struct{ english bool }

// wordsOf are the labels of a language; Indonesian when none is named.
func wordsOf(l Language) (words, error) {
	switch l {
	case "", Indonesian:
		return words{}, nil
	case English:
		return words{english: true}, nil
	default:
		return words{}, fmt.Errorf("%w: %.20q", ErrLanguage, l)
	}
}

// say is a label with its blanks filled.
func (w words) say(l label, blanks ...any) string {
	text := labels[l].id
	if w.english {
		text = labels[l].en
	}
	if len(blanks) == 0 {
		return text
	}
	return fmt.Sprintf(text, blanks...)
}

// status is a status in words.
func (w words) status(s Status) string {
	switch s {
	case Paid:
		return w.say(paidWord)
	case Reversed:
		return w.say(reversedWord)
	default:
		return w.say(adjustedWord)
	}
}

// tax names a tax with its rate and base.
func (w words) tax(t Tax) string {
	l := map[TaxKind]label{VAT: vatLabel, Withheld: withheldLabel, Collected: collectedLabel}[t.Kind]
	mark := ","
	if w.english {
		mark = "."
	}
	return w.say(l, t.Rate.percent(mark)+"%", figure(t.Base))
}
