package partnerfile

import (
	"archive/zip"
	"compress/gzip"
	"fmt"
	"math"
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

// Parts that pack badly count too: excelize holds all but large sheets in memory.
func TestPartsInMemoryAreBounded(t *testing.T) {
	t.Parallel()
	part := func(name string, size uint64) *zip.File {
		return &zip.File{FileHeader: zip.FileHeader{Name: name, UncompressedSize64: size, CompressedSize64: size}}
	}
	for name, size := range map[string]uint64{
		"xl/media/image%d.png": MaxPart, `XL\Worksheets\sheet%d.xml`: partInMemory,
	} {
		f := sheetFacts{seen: map[string]bool{}}
		last := int(MaxInMemory / size)
		for i := range last {
			require.NoError(t, f.checkSize(part(fmt.Sprintf(name, i), size), MaxFile))
		}
		require.NoError(t, f.checkSize(part("xl/worksheets/sheet.xml", partInMemory+1), MaxFile), "this one goes to a file")
		err := f.checkSize(part(fmt.Sprintf(name, last), 1), MaxFile)
		require.ErrorIs(t, err, ErrTooLarge)
		require.ErrorContains(t, err, "the small parts of the workbook unpack to more than 33554432 bytes")
	}
}

// Parts that lie over each other in the archive are each as small as they say.
func TestPartsOverEachOther(t *testing.T) {
	t.Parallel()
	f, packed := sheetFacts{seen: map[string]bool{}}, uint64(100_000)
	part := func(i uint64) *zip.File {
		return &zip.File{FileHeader: zip.FileHeader{
			Name: fmt.Sprintf("xl/worksheets/sheet%d.xml", i), UncompressedSize64: 100 * packed, CompressedSize64: packed,
		}}
	}
	require.NoError(t, f.checkSize(part(1), int64(packed)))
	require.NoError(t, f.checkSize(part(2), int64(packed)))
	require.ErrorContains(t, f.checkSize(part(3), int64(packed)), "more than 200 times its size")
}

// A part that says it came in with more bytes than there are would look less
// dense than it is, and beyond 63 bits its length would have a sign.
func TestPartLongerThanTheFile(t *testing.T) {
	t.Parallel()
	for _, length := range []uint64{MaxFile + 1, 1 << 63, math.MaxUint64} {
		f := sheetFacts{seen: map[string]bool{}}
		part := &zip.File{FileHeader: zip.FileHeader{Name: "xl/worksheets/sheet1.xml", UncompressedSize64: 1, CompressedSize64: length}}
		err := f.checkSize(part, MaxFile)
		require.ErrorIs(t, err, ErrFormat)
		require.ErrorContains(t, err, `part "xl/worksheets/sheet1.xml" of the workbook says it is longer than the file`)
		part.CompressedSize64 = MaxFile
		require.NoError(t, (&sheetFacts{seen: map[string]bool{}}).checkSize(part, MaxFile))
	}
}

func TestTooDense(t *testing.T) {
	t.Parallel()
	require.False(t, tooDense(ratioFrom, 1), "small files may be as regular as they like")
	require.False(t, tooDense(200<<20, 1<<20))
	require.True(t, tooDense(200<<20+1, 1<<20))
}
