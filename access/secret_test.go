package access_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"paypoint/access"
)

func TestSecretsPrintAsMasks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, serverKey := b.add(t, access.NewMerchant{Name: "Shop"})
	path := filepath.Join(t.TempDir(), "master.key")
	masterKey, err := access.CreateMasterKey(path)
	require.NoError(t, err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	clear := map[string]string{"server key": serverKey.Reveal(), "master key": strings.TrimSpace(string(text))}

	for name, secret := range map[string]any{
		"server key": serverKey, "master key": masterKey, "sealer": b.sealer,
		"pointer": &serverKey, "list": []access.ServerKey{serverKey}, "struct": struct{ Key access.ServerKey }{serverKey},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for form, printed := range printedForms(t, secret) {
				require.Contains(t, printed, "(secret)", form)
				for _, text := range clear {
					require.NotContains(t, printed, text, form)
					require.NotContains(t, printed, fmt.Sprintf("%x", text), form)
				}
			}
		})
	}
}

// printedForms is a value as everything that prints would show it.
func printedForms(t *testing.T, value any) map[string]string {
	t.Helper()
	forms := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		forms[verb] = fmt.Sprintf(verb, value)
	}
	forms["error"] = fmt.Errorf("use %v: %w", value, errors.ErrUnsupported).Error()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	forms["json"] = string(text)
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("use", "secret", value)
	forms["slog"] = log.String()
	var structured bytes.Buffer
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	zap.New(zapcore.NewCore(encoder, zapcore.AddSync(&structured), zap.InfoLevel)).Info("use", zap.Any("secret", value))
	forms["zap"] = structured.String()
	return forms
}

func TestListingsHoldNoSecret(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m, key := b.add(t, access.NewMerchant{Name: "Shop"})
	settings, err := b.store.Settings(t.Context(), "merchant/")
	require.NoError(t, err)
	var kept struct {
		Keys []struct{ SHA256, Sealed string }
	}
	require.NoError(t, json.Unmarshal(settings["merchant/"+m.ID], &kept))
	require.Len(t, kept.Keys, 1)

	text, err := json.Marshal(b.directory.List())
	require.NoError(t, err)
	for _, printed := range []string{string(text), fmt.Sprintf("%+v", b.directory.List())} {
		require.NotContains(t, printed, key.Reveal())
		require.NotContains(t, printed, kept.Keys[0].SHA256)
		require.NotContains(t, printed, kept.Keys[0].Sealed)
	}
	require.True(t, strings.HasPrefix(kept.Keys[0].SHA256, m.Keys[0].Fingerprint))
}
