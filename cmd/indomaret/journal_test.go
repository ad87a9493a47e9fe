package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// sampleRecord is a record with every field set.
func sampleRecord() record {
	return record{
		At: testNow, Phase: outcome, Op: payment, MessageID: "M1", TimeStamp: "2026-11-22 23:59:30", StoreID: "G001T001",
		PaymentCode: "0123", TrackingRef: "T1", ProductCode: "P", Amount: 50000, Fee: 2500, FeeInAmount: true,
		Phone: "+62812", ResponseCode: "00", ResponseDesc: "Success", ReceiptCode: "R1", Trouble: "t", NotSent: true, TookMicros: 7,
	}
}

// openFor opens a journal for the length of a test.
func openFor(t *testing.T, path string, mode syncMode) *journal {
	t.Helper()
	j, torn, err := openJournal(path, mode)
	require.NoError(t, err)
	require.Zero(t, torn)
	return j
}

// readAll reads a journal.
func readAll(t *testing.T, path string) []record {
	t.Helper()
	var list []record
	require.NoError(t, readJournal(path, func(r record) { list = append(list, r) }))
	return list
}

func TestJournalKeepsEveryField(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "j")
	j := openFor(t, path, syncEach)
	require.NoError(t, j.append(sampleRecord()))
	got := readAll(t, path) // on the disk before close
	require.NoError(t, j.close())
	require.Len(t, got, 1)
	require.True(t, got[0].At.Equal(testNow))
	want := sampleRecord()
	got[0].At = want.At
	require.Equal(t, want, got[0])
}

func TestJournalIsAppendedByManyAtOnce(t *testing.T) {
	t.Parallel()
	for _, mode := range []syncMode{syncEach, syncGroup} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "j")
			j := openFor(t, path, mode)
			var writers sync.WaitGroup
			for range 16 {
				writers.Go(func() {
					for range 20 {
						if err := j.append(sampleRecord()); err != nil {
							t.Error(err)
						}
					}
				})
			}
			writers.Wait()
			require.Len(t, readAll(t, path), 320, "handed to the system, whatever the mode")
			require.Equal(t, uint64(320), j.count())
			require.NoError(t, j.close())
		})
	}
}

func TestATornLastLineIsPassedOverAndCutOff(t *testing.T) {
	t.Parallel()
	line, err := json.Marshal(sampleRecord())
	require.NoError(t, err)
	for length := 1; length <= len(line); length += 20 {
		path := filepath.Join(t.TempDir(), "j")
		j := openFor(t, path, syncEach)
		require.NoError(t, j.append(sampleRecord()))
		require.NoError(t, j.close())
		whole, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, append(whole, line[:length]...), 0o600))

		require.Len(t, readAll(t, path), 1, "read as it lies")
		j, torn, err := openJournal(path, syncEach)
		require.NoError(t, err)
		require.Equal(t, int64(length), torn)
		require.NoError(t, j.append(sampleRecord()))
		require.NoError(t, j.close())
		require.Len(t, readAll(t, path), 2)
	}
}

func TestAFileThatIsNoJournalIsNotCut(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"short text":         "my letter",
		"long without lines": strings.Repeat("{", maxJournalLine+1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "letter")
			require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
			_, _, err := openJournal(path, syncEach)
			require.ErrorContains(t, err, "not a journal of indomaret")
			kept, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, content, string(kept))
		})
	}
}

func TestABadLineInTheMiddleIsNamed(t *testing.T) {
	t.Parallel()
	good, err := json.Marshal(sampleRecord())
	require.NoError(t, err)
	for name, c := range map[string]struct{ line, want string }{
		"not JSON":          {`{"at":`, "line 2: unexpected end of JSON input"},
		"unknown phase":     {`{"phase":"begun","op":"payment"}`, `line 2: phase "begun"`},
		"unknown operation": {`{"phase":"intent","op":"refund"}`, `line 2: op "refund"`},
		"endless":           {strings.Repeat("x", maxJournalLine+1), "line 2: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "j")
			text := string(good) + "\n" + c.line + "\n" + string(good) + "\n"
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			require.ErrorContains(t, readJournal(path, func(record) {}), c.want)
		})
	}
}

func TestOneJournalHasOneWriter(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "j")
	j := openFor(t, path, syncEach)
	_, _, err := openJournal(path, syncEach)
	require.ErrorContains(t, err, "is another indomaret writing it?")
	require.NoError(t, j.close())
	require.NoError(t, openFor(t, path, syncEach).close())
}

func TestNothingIsAppendedAfterAFailure(t *testing.T) {
	t.Parallel()
	j := openFor(t, filepath.Join(t.TempDir(), "j"), syncEach)
	require.NoError(t, j.file.Close()) // the next write fails
	require.Error(t, j.append(sampleRecord()))
	first := j.failed
	require.Error(t, first)
	require.ErrorIs(t, j.append(sampleRecord()), first)
	require.Zero(t, j.count())
	require.Error(t, j.close())
}

func TestTooLongARecordIsRefusedBeforeItIsWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "j")
	j := openFor(t, path, syncEach)
	long := sampleRecord()
	long.Trouble = strings.Repeat("x", maxJournalLine)
	require.ErrorContains(t, j.append(long), "limit 65536")
	require.NoError(t, j.append(sampleRecord()))
	require.NoError(t, j.close())
	require.Len(t, readAll(t, path), 1)
}
