package partnerfile

import (
	"compress/gzip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Limits that a test can't reach in good time are asked for just below.

func TestSourceIsBounded(t *testing.T) {
	t.Parallel()
	s := newSource(t.Context(), strings.NewReader("ab"))
	s.bytes = MaxFile - 1
	buffer := make([]byte, 1)
	_, err := s.Read(buffer)
	require.NoError(t, err, "the largest file")
	_, err = s.Read(buffer)
	require.ErrorIs(t, err, ErrTooLarge)
}

func TestUnpackedIsBounded(t *testing.T) {
	t.Parallel()
	var packed strings.Builder
	w := gzip.NewWriter(&packed)
	_, err := w.Write([]byte("ab"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	in, err := gzip.NewReader(strings.NewReader(packed.String()))
	require.NoError(t, err)
	u := &unpacked{in: in, source: &source{bytes: MaxFile}, bytes: MaxUnpacked - 1}
	buffer := make([]byte, 1)
	_, err = u.Read(buffer)
	require.NoError(t, err, "the largest file")
	_, err = u.Read(buffer)
	require.ErrorIs(t, err, ErrTooLarge)
}

func TestLinesAreBounded(t *testing.T) {
	t.Parallel()
	r := &reading{profile: Simulated()}
	r.places, r.tally = newPlaces(r.profile), newTally(nil)
	r.summary.Lines = MaxLines
	err := r.readDetail(&row{number: 1, cells: make([]string, r.profile.Fields)})
	require.ErrorIs(t, err, ErrTooLarge)
}

// The largest file has no sum beyond an int64.
func TestSumsFit(t *testing.T) {
	t.Parallel()
	largest, err := Amounts{}.parse(strings.Repeat("9", amountDigits), amountDigits)
	require.NoError(t, err)
	sum := largest * MaxLines
	require.Equal(t, largest, sum/MaxLines, "no overflow")
}

func TestTooDense(t *testing.T) {
	t.Parallel()
	require.False(t, tooDense(ratioFrom, 1), "small files may be as regular as they like")
	require.False(t, tooDense(200<<20, 1<<20))
	require.True(t, tooDense(200<<20+1, 1<<20))
}
