package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/finance"
)

// One merchant's statement that can't be closed is told beside the others', and the
// exit code says so.
func TestStatementsThatCanNotBeClosed(t *testing.T) {
	t.Parallel()
	s, _ := soldStage(t, stageSetup{})
	day := string(stageDay)
	code, out, errOut := s.command("statement", "close", day)
	require.Equal(t, exitFailed, code, "its day is open")
	require.Empty(t, out)
	require.Contains(t, errOut, "not closed")

	s.operate("settlement", "close", "--early")
	code, out, errOut = s.command("statement", "close", day, "G999999999", access.SandboxMerchant)
	require.Equal(t, exitFailed, code)
	require.Regexp(t, `(?m)^`+access.SandboxMerchant+` +1 +`+day, out)
	require.Regexp(t, `(?m)^not closed: G999999999: .*: no such merchant$`, out)
	require.Equal(t, "paypoint: not closed: the statements of 1 merchant\n", errOut)

	code, out, _ = s.command("statement", "close", day, "G999999999", "--json")
	require.Equal(t, exitFailed, code)
	failed := decode[finance.StatementsClosed](t, out).Failed
	require.Len(t, failed, 1)
	require.Equal(t, "merchant_unknown", failed[0].Code)
}
