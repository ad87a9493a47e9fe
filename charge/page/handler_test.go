package page_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"paypoint/charge/page"
	"paypoint/ledger"
)

// nodes are the elements of a page, in their order.
func nodes(t *testing.T, body string) []*html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(body))
	require.NoError(t, err)
	var all []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			all = append(all, n)
		}
	}
	return all
}

// nodesOf are the elements of a kind.
func nodesOf(t *testing.T, body, tag string) []*html.Node {
	t.Helper()
	var all []*html.Node
	for _, n := range nodes(t, body) {
		if n.Data == tag {
			all = append(all, n)
		}
	}
	require.NotEmpty(t, all, tag)
	return all
}

// text is what is written in an element, blanks made even, isolates left out.
func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(strings.NewReplacer("\u2068", "", "\u2069", "").Replace(b.String())), " ")
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// texts are the texts of all elements of a kind.
func texts(t *testing.T, body, tag string) []string {
	t.Helper()
	var all []string
	for _, n := range nodes(t, body) {
		if n.Data == tag {
			all = append(all, text(n))
		}
	}
	return all
}

// rows are the terms and their values, "term: value".
func rows(t *testing.T, body string) []string {
	t.Helper()
	terms, values := texts(t, body, "dt"), texts(t, body, "dd")
	require.Len(t, values, len(terms))
	all := make([]string, 0, len(terms))
	for i := range terms {
		all = append(all, terms[i]+": "+values[i])
	}
	return all
}

func TestPageInIndonesian(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.charge(t)
	body := b.get(t, c, "")
	require.Contains(t, body, `<html lang="id">`)
	require.Equal(t, []string{"Menunggu pembayaran · Bayar Kopi Nusantara di Indomaret"}, texts(t, body, "title"))
	require.Equal(t, []string{shop}, texts(t, body, "h1"))
	require.Equal(t, []string{"Kode bayar", "Rincian pembayaran", "Cara bayar"}, texts(t, body, "h2"))
	require.Equal(t, []string{
		"Bayar paling lambat: Senin, 23 November 2026 pukul 12.00 WIB", "Sisa waktu: ",
		"Untuk: 2 Kopi Gayo 250 g, 1 Saringan kain",
		"Jumlah: Rp1.250.000", "Biaya admin: Rp2.500", "Total: Rp1.252.500",
	}, rows(t, body))
	require.Equal(t, "2026-11-23T12:00:00+07:00", attribute(nodesOf(t, body, "time")[0], "datetime"))
	require.Equal(t, "Katakan kepada kasir bahwa Anda ingin membayar Kopi Nusantara.", texts(t, body, "li")[1])
	require.Contains(t, body, "tunggu sekitar satu sampai dua menit sampai pembayaran tampil di sini")
	require.NotContains(t, body, "SITI", "the payer's name is the till's to show")
}

func TestPageInEnglish(t *testing.T) {
	t.Parallel()
	b := setup(t)
	body := b.get(t, b.charge(t), "?lang=en")
	require.Contains(t, body, `<html lang="en">`)
	require.Equal(t, []string{"Payment code", "Payment details", "How to pay"}, texts(t, body, "h2"))
	require.Contains(t, rows(t, body), "Pay no later than: Monday, 23 November 2026, 12:00 WIB")
	require.Contains(t, rows(t, body), "Total: Rp1.252.500")
	require.Len(t, texts(t, body, "li"), 5)
	require.Contains(t, body, "it takes about a minute or two until the payment shows here")
	require.Contains(t, body, `<a href="?lang=id" lang="id" hreflang="id">Indonesia</a>`)
	require.Contains(t, body, `<a href="?lang=en" lang="en" hreflang="en" aria-current="true">English</a>`)
}

func TestPageStructure(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, c := range b.everyState(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := b.get(t, c, "")
			seen, headings, roles := map[string]bool{}, "", map[string]int{}
			for _, n := range nodes(t, body) {
				if id := attribute(n, "id"); id != "" {
					require.False(t, seen[id], "id %s is there twice", id)
					seen[id] = true
				}
				if len(n.Data) == 2 && n.Data[0] == 'h' && n.Data != "hr" {
					headings += n.Data
				}
				roles[attribute(n, "role")]++
				require.Empty(t, attribute(n, "style"))
				require.NotEqual(t, "style", n.Data)
				if n.Data == "script" {
					require.Nil(t, n.FirstChild, "no inline script")
				}
				for _, a := range n.Attr {
					require.False(t, strings.HasPrefix(a.Key, "on"), a.Key)
				}
			}
			require.Regexp(t, `^h1(h2)+$`, headings)
			require.Equal(t, 2, roles["status"], "the state, and what a button has done")
			for _, n := range nodes(t, body) {
				if label := attribute(n, "aria-labelledby"); label != "" {
					require.True(t, seen[label], label)
				}
			}
		})
	}
}

func TestPageOfEachState(t *testing.T) {
	t.Parallel()
	b := setup(t)
	charges := b.everyState(t)
	for name, want := range map[string]struct {
		badge, says string
		code, waits bool
		live        string
	}{
		"future":    {"Belum bisa dibayar", "mulai Senin, 23 November 2026 pukul 08.00 WIB", false, true, `{"state":"future","left":71940,"poll":600}`},
		"pending":   {"Menunggu pembayaran", "dengan kode di bawah ini", true, true, `{"state":"pending","left":86340,"poll":100}`},
		"open":      {"Menunggu pembayaran", "dengan kode di bawah ini", true, true, `{"state":"pending","left":86340,"poll":100}`},
		"closing":   {"Batas waktu sudah lewat", "tunggu beberapa menit", false, true, `{"state":"closing","left":0,"poll":100}`},
		"paid":      {"Lunas", "Pembayaran Anda untuk Kopi Nusantara sudah diterima", false, false, `{"state":"paid","left":0,"poll":600}`},
		"expired":   {"Kedaluwarsa", "Mintalah kode baru kepada Kopi Nusantara", false, false, `{"state":"expired","left":0,"poll":0}`},
		"cancelled": {"Dibatalkan", "dibatalkan oleh Kopi Nusantara", false, false, `{"state":"cancelled","left":0,"poll":0}`},
		"denied":    {"Pembayaran ditarik kembali", "Indomaret membatalkan pembayaran ini", false, false, `{"state":"denied","left":0,"poll":0}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := charges[name]
			body := b.get(t, c, "?lang=id")
			main := text(nodesOf(t, body, "main")[0])
			require.True(t, strings.HasPrefix(main, shop+" "+want.badge+" "), main)
			require.Contains(t, main, want.says)
			require.Equal(t, want.code, strings.Contains(main, strings.Join(strings.Split(string(c.Code), ""), " ")))
			require.Equal(t, want.code, strings.Contains(body, `class="barcode"`))
			require.Equal(t, want.code, strings.Contains(body, string(c.Code[4:8])), "no part of the code is left")
			require.Equal(t, want.waits, strings.Contains(body, `id="check"`))
			require.Equal(t, want.live, b.state(t, c))
			live := nodesOf(t, body, "main")[0]
			require.Equal(t, want.live, fmt.Sprintf(`{"state":%q,"left":%s,"poll":%s}`,
				attribute(live, "data-state"), attribute(live, "data-left"), attribute(live, "data-poll")), "as its state says")
		})
	}
}

func TestPageOfAnOpenAmount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.charge(t, func(n *ledger.NewCharge) { n.MinAmount, n.Hold = 10_000, 0 })
	body := b.get(t, c, "")
	require.Subset(t, rows(t, body), []string{"Jumlah: Rp10.000 – Rp1.250.000", "Total: Rp12.500 – Rp1.252.500"})
	require.Contains(t, body, "Anda boleh memilih jumlahnya, dari Rp10.000 sampai Rp1.250.000.")

	result, err := b.ledger.Pay(t.Context(), ledger.Payment{
		Code: c.Code, Ref: "IOP0001", Amount: 75_000, Store: "T001", TimeStamp: b.clock.Now(), Receipt: "R1",
	})
	require.NoError(t, err)
	require.Equal(t, ledger.ReasonApproved, result.Reason)
	body = b.get(t, c, "")
	require.Equal(t, []string{
		"Untuk: 2 Kopi Gayo 250 g, 1 Saringan kain",
		"Jumlah: Rp75.000", "Biaya admin: Rp2.500", "Total: Rp77.500",
		"Waktu bayar: Minggu, 22 November 2026 pukul 12.00 WIB", "Nomor struk: R1", "Gerai: T001",
	}, rows(t, body))
	require.NotContains(t, body, "memilih jumlahnya")
}

// A merchant can read the page. Until the release it must be, byte by byte,
// that of a charge that nobody has paid.
func TestNothingTellsOfAPaymentBeforeItsRelease(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.charge(t)
	everything := func() string { return b.get(t, c, "") + b.get(t, c, "?lang=en") + b.state(t, c) }
	unpaid := everything()
	b.pay(t, c)
	require.Equal(t, unpaid, everything(), "held")
	b.reverse(t, c)
	require.Equal(t, unpaid, everything(), "reopened")
}

// Nor may it beyond the charge's time, when a till that asked before can still
// finish: waiting in grace, held and reopened look alike.
func TestNothingTellsOfAPaymentBeyondTheTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	short := func(n *ledger.NewCharge) { n.Expires = noon.Add(2 * time.Minute) }
	waiting, held, reopened := b.charge(t, short), b.charge(t, short), b.charge(t, short)
	b.clock.Advance(2*time.Minute - time.Second)
	for _, c := range []ledger.Charge{waiting, held, reopened} {
		b.inquire(t, c)
	}
	b.pay(t, held)
	b.pay(t, reopened)
	b.clock.Advance(time.Second)
	b.reverse(t, reopened)
	for _, query := range []string{"?lang=id", "?lang=en"} {
		require.Equal(t, b.get(t, waiting, query), b.get(t, held, query))
		require.Equal(t, b.get(t, waiting, query), b.get(t, reopened, query))
	}
	require.Equal(t, `{"state":"closing","left":0,"poll":100}`, b.state(t, held))
	require.Equal(t, b.state(t, held), b.state(t, waiting))
	require.Equal(t, b.state(t, held), b.state(t, reopened))
	b.release(t)
	require.Contains(t, b.state(t, held), "paid")
}

func TestHostileTexts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, hostile := range map[string]string{
		"script":     `<script>alert(1)</script>`,
		"attribute":  `" onload="alert(1)" x="`,
		"end of tag": `</title></main><img src=x onerror=alert(1)>`,
		"template":   "{{.Words}} {shop} {from} %s",
		"override":   "Toko \u202egnat\u202c\u2067",
		"long word":  strings.Repeat("W", 255),
		"control":    "A\x00B\x1b[31m",
	} {
		t.Run(name, func(t *testing.T) {
			b.rename(hostile)
			c := b.charge(t, func(n *ledger.NewCharge) { n.Details.Desc = hostile })
			body := b.get(t, c, "")
			clean := strings.NewReplacer("\u202e", "", "\u202c", "", "\u2067", "", "\x00", "", "\x1b", "").Replace(hostile)
			require.Equal(t, []string{clean}, texts(t, body, "h1"))
			require.Equal(t, "Untuk: "+clean, rows(t, body)[2])
			require.Contains(t, texts(t, body, "title")[0], "Bayar "+clean+" di Indomaret")
			require.Len(t, nodesOf(t, body, "script"), 1)
			for _, n := range nodes(t, body) {
				require.NotEqual(t, "img", n.Data)
				require.Empty(t, attribute(n, "onload"))
			}
			require.NotContains(t, body, "\u202e")
		})
	}
}

func TestPageWithoutAName(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.charge(t, func(n *ledger.NewCharge) { n.Merchant, n.Details.Desc = "G000000002", "" })
	body := b.get(t, c, "")
	require.Equal(t, []string{"toko Anda"}, texts(t, body, "h1"))
	require.NotContains(t, body, "Untuk")
}

// lookup is a ledger that answers by a function.
type lookup func(id string) (ledger.View, error)

func (l lookup) Lookup(_ context.Context, id string) (ledger.View, error) { return l(id) }

func TestPageOfErasedDetails(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.charge(t)
	erased := lookup(func(id string) (ledger.View, error) {
		view, err := b.ledger.Lookup(t.Context(), id)
		view.Details = nil
		return view, err
	})
	answer := httptest.NewRecorder()
	page.New(page.Config{Ledger: erased, MerchantName: b.name, Now: b.clock.Now}).
		ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/pay/"+c.ID, nil))
	require.Equal(t, http.StatusOK, answer.Code)
	require.NotContains(t, answer.Body.String(), "Untuk")
	require.Contains(t, answer.Body.String(), `data-poll="5000"`, "the default")
}

// A code that can't be drawn is a fault of ours, and said as one.
func TestPageOfACodeWithoutBarcode(t *testing.T) {
	t.Parallel()
	b := setup(t)
	broken := lookup(func(string) (ledger.View, error) {
		c := ledger.Charge{ID: uuid.NewString(), Merchant: merchant, Expires: noon.Add(time.Hour)}
		return ledger.View{Charge: c, Standing: ledger.StandingActive}, nil
	})
	answer := httptest.NewRecorder()
	page.New(page.Config{Ledger: broken, MerchantName: b.name, Now: b.clock.Now, Report: b.report}).
		ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/pay/"+uuid.NewString(), nil))
	require.Equal(t, http.StatusServiceUnavailable, answer.Code)
	require.Len(t, b.faults(), 1)
	require.ErrorContains(t, b.faults()[0], "barcode of code")
}
