package partnerfile_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"paypoint/reconcile/partnerfile"
)

const (
	number = "+6281234567890"
	masked = "***890"
	// hidden is what must not show anywhere.
	hidden = "1234567"
)

// aPhone is that of the first recorded line.
func aPhone(t *testing.T) partnerfile.Phone {
	t.Helper()
	lines, _, err := readRecorded(t, "good/simulated_day.txt")
	require.NoError(t, err)
	require.Equal(t, number, lines[0].Phone.Reveal())
	return lines[0].Phone
}

func TestPhoneIsMaskedUnderEveryVerb(t *testing.T) {
	t.Parallel()
	phone := aPhone(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%40s", "%T%v"} {
		for name, value := range map[string]any{
			"itself": phone, "pointer": &phone, "line": partnerfile.Line{Phone: phone}, "slice": []partnerfile.Phone{phone},
			"map": map[string]partnerfile.Phone{"a": phone},
			// fmt does not ask the methods of unexported fields.
			"unexported field": struct{ phone partnerfile.Phone }{phone},
		} {
			text := fmt.Sprintf(verb, value)
			require.NotContains(t, text, hidden, "%s of %s", verb, name)
			require.NotContains(t, text, fmt.Sprintf("%x", hidden), "%s of %s", verb, name)
		}
	}
	require.Equal(t, masked, fmt.Sprint(phone))
	require.Equal(t, masked, phone.String())
}

func TestPhoneIsMaskedWhenMarshalled(t *testing.T) {
	t.Parallel()
	phone := aPhone(t)
	text, err := json.Marshal(map[string]any{"line": partnerfile.Line{Phone: phone}, "phone": phone, "pointer": &phone})
	require.NoError(t, err)
	require.Equal(t, 3, strings.Count(string(text), `"`+masked+`"`))
	require.NotContains(t, string(text), hidden)

	text, err = yaml.Marshal(map[string]any{"phone": phone})
	require.NoError(t, err)
	require.Equal(t, "phone: '"+masked+"'\n", strings.ReplaceAll(string(text), `"`, `'`))
	require.NotContains(t, string(text), hidden)
}

func TestPhoneIsMaskedInLogs(t *testing.T) {
	t.Parallel()
	line := partnerfile.Line{Phone: aPhone(t)}
	var out bytes.Buffer
	log := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zapcore.EncoderConfig{}), zapcore.AddSync(&out), zap.DebugLevel))
	log.Info("", zap.Any("line", line), zap.Any("phone", line.Phone), zap.Stringer("text", line.Phone), zap.Reflect("again", &line))
	log.Sugar().Infof("%+v", line)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("", "line", line, "phone", line.Phone)
	slog.New(slog.NewTextHandler(&out, nil)).Info("", "line", line, "phone", line.Phone)
	require.Contains(t, out.String(), masked)
	require.NotContains(t, out.String(), hidden)
}

func TestNoPhone(t *testing.T) {
	t.Parallel()
	var none partnerfile.Phone
	require.False(t, none.Known())
	require.Empty(t, none.Reveal())
	require.Empty(t, fmt.Sprintf("%#v", none))
	text, err := json.Marshal(none)
	require.NoError(t, err)
	require.Equal(t, `""`, string(text))
}
