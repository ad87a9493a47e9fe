package soap

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// hostile are bodies that only their size makes bad; each must be refused in
// little time and memory.
func hostile() map[string][]byte {
	fill := func(head, unit, tail string, size int) []byte {
		return []byte(head + strings.Repeat(unit, (size-len(head)-len(tail))/len(unit)) + tail)
	}
	head := `<e:Envelope xmlns:e="` + namespace11 + `"><e:Header>`
	tail := `</e:Header><e:Body><ReqPayment/></e:Body></e:Envelope>`
	attributes := func(n int) string {
		var s strings.Builder
		for i := range n {
			fmt.Fprintf(&s, ` a%d="x"`, i)
		}
		return s.String()
	}
	return map[string][]byte{
		"100,000 deep, cut at the limit":   fill("", "<a>", "", MaxBodyBytes),
		"deep and closed":                  []byte(head + strings.Repeat("<a>", 8000) + strings.Repeat("</a>", 8000) + tail),
		"just too deep":                    []byte(head + strings.Repeat("<a>", MaxDepth-1) + strings.Repeat("</a>", MaxDepth-1) + tail),
		"many empty elements":              fill(head, "<a/>", tail, MaxBodyBytes),
		"one element too many":             fill(head, "<a/>", tail, len(head)+len(tail)+4*MaxElements),
		"many attributes":                  []byte(head + "<a" + attributes(6000) + "/>" + tail),
		"one attribute too many":           []byte(head + "<a" + attributes(MaxAttributes+1) + "/>" + tail),
		"many namespace declarations":      []byte(head + "<a" + strings.ReplaceAll(attributes(4000), " a", " xmlns:a") + "/>" + tail),
		"many attributes without a value":  []byte(head + "<a" + strings.Repeat(" b=''", 12_000) + "/>" + tail),
		"many character references":        fill(head+"<a>", "&#x38;", "</a>"+tail, MaxBodyBytes),
		"many comments":                    fill(head, "<!---->", tail, MaxBodyBytes),
		"many processing instructions":     fill(head, "<?a?>", tail, MaxBodyBytes),
		"64 KiB and a byte":                fill(head, " ", tail, MaxBodyBytes+1),
		"opening brackets":                 fill("", "<", "", MaxBodyBytes),
		"one name of 64 KiB":               fill("<", "a", ">", MaxBodyBytes),
		"declaration without end":          fill("<?xml ", "a", "", MaxBodyBytes),
		"many declarations":                fill("", `<?xml version="1.0" encoding="latin1"?>`, "", MaxBodyBytes),
		"UTF-16 of opening tags":           fill("\xfe\xff", "\x00<\x00a\x00>", "", MaxBodyBytes),
		"windows-1252 that grows to UTF-8": fill(`<?xml version="1.0" encoding="windows-1252"?><a>`, "\x80", "</b>", MaxBodyBytes),
	}
}

func TestHostileBodies(t *testing.T) {
	t.Parallel()
	for name, body := range hostile() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			started := time.Now()
			_, err := Parse("text/xml", body)
			var fault *Fault
			require.ErrorAs(t, err, &fault)
			// A hundred times what is measured: this finds what is not linear.
			require.Less(t, time.Since(started), time.Second)
		})
	}
}

// TestCostlyMarkupIsRefusedUnread: what would take the reader milliseconds, for
// anybody and before any limit on callers, is counted instead.
func TestCostlyMarkupIsRefusedUnread(t *testing.T) {
	for _, name := range []string{"many attributes", "many namespace declarations", "many attributes without a value", "many character references"} {
		body := hostile()[name]
		_, err := Parse("text/xml", body)
		var fault *Fault
		require.ErrorAs(t, err, &fault)
		require.Equal(t, FaultLimits, fault.Kind, name)
		require.Less(t, testing.AllocsPerRun(10, func() { _, _ = Parse("text/xml", body) }), 20.0, name)
	}
}

// TestLargeBodiesWaitForEachOther, and hold up no message.
func TestLargeBodiesWaitForEachOther(t *testing.T) {
	t.Parallel()
	s := New(Config{})
	for range cap(s.large) {
		s.large <- struct{}{}
	}
	_, err := s.parse("text/xml", recorded(t, Payment, "ordinary"))
	require.NoError(t, err)
	parsed := make(chan error)
	go func() {
		_, err := s.parse("text/xml", hostile()["one name of 64 KiB"])
		parsed <- err
	}()
	select {
	case <-parsed:
		t.Fatal("it did not wait")
	case <-time.After(20 * time.Millisecond):
	}
	<-s.large
	require.Error(t, <-parsed)
}

func TestLargeValuesWithinTheBodyLimit(t *testing.T) {
	t.Parallel()
	body := recorded(t, Payment, "ordinary")
	for name, value := range map[string]string{
		"text":                 strings.Repeat("8", 60000),
		"character references": strings.Repeat("&#x38;", maxReferences),
		"CDATA":                "<![CDATA[" + strings.Repeat("<", 900) + "]]>",
	} {
		m, err := Parse("text/xml", bytes.Replace(body, []byte("8801234567890128"), []byte(value), 1))
		require.NoError(t, err, name)
		require.Equal(t, []string{"PaymentCode must be at most 20 characters long (at ReqPayment/PaymentCode)"}, messages(m.Defects), name)
	}
}

func TestParseCostsLittleForDeepNesting(t *testing.T) {
	body := hostile()["100,000 deep, cut at the limit"]
	allocated := testing.AllocsPerRun(10, func() {
		_, err := Parse("text/xml", body)
		require.Error(t, err)
	})
	require.Less(t, allocated, 100.0)
}

func TestParseRefusesALargeBodyItself(t *testing.T) {
	t.Parallel()
	_, err := Parse("text/xml", make([]byte, MaxBodyBytes+1))
	var fault *Fault
	require.ErrorAs(t, err, &fault)
	require.Equal(t, FaultTooLarge, fault.Kind)
}

func BenchmarkParseHostile(b *testing.B) {
	for name, body := range hostile() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse("text/xml", body); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}
