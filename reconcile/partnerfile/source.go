package partnerfile

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// source is the file as it comes: counted, hashed, and read no further once the
// context is done.
type source struct {
	ctx   context.Context
	in    io.Reader
	sum   hash.Hash
	bytes int64
}

// newSource begins the count.
func newSource(ctx context.Context, in io.Reader) *source {
	return &source{ctx: ctx, in: in, sum: sha256.New()}
}

// Read ends with ErrTooLarge or the context's error.
func (s *source) Read(buffer []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := s.in.Read(buffer)
	s.bytes += int64(n)
	if s.bytes > MaxFile {
		return 0, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, int64(MaxFile))
	}
	s.sum.Write(buffer[:n])
	return n, err
}

// digest is the hex SHA-256 of what has been read.
func (s *source) digest() string { return hex.EncodeToString(s.sum.Sum(nil)) }

// magic are the first bytes of the formats that have them.
var (
	gzipMagic = []byte{0x1f, 0x8b}
	zipMagic  = []byte("PK\x03\x04")
)

// unpack is the file without its gzip, where it has one.
func unpack(s *source) (*bufio.Reader, error) {
	in := bufio.NewReaderSize(s, bufferSize)
	first, err := in.Peek(len(gzipMagic))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if !bytes.Equal(first, gzipMagic) {
		return in, nil
	}
	packed, err := gzip.NewReader(in)
	if err != nil {
		return nil, gzipError(err)
	}
	return bufio.NewReaderSize(&unpacked{in: packed, source: s}, bufferSize), nil
}

// unpacked holds a gzipped file under its limits. A few kilobytes can unpack to
// gigabytes: what came in is compared with what comes out.
type unpacked struct {
	in     *gzip.Reader
	source *source
	bytes  int64
}

// Read ends with ErrTooLarge, or ErrTruncated where the gzip has no end.
func (u *unpacked) Read(buffer []byte) (int, error) {
	n, err := u.in.Read(buffer)
	u.bytes += int64(n)
	if u.bytes > MaxUnpacked {
		return 0, fmt.Errorf("%w: unpacks to more than %d bytes", ErrTooLarge, int64(MaxUnpacked))
	}
	if tooDense(u.bytes, u.source.bytes) {
		return 0, fmt.Errorf("%w: unpacks to more than %d times its size", ErrTooLarge, MaxRatio)
	}
	return n, gzipError(err)
}

// tooDense reports what only a bomb unpacks to.
func tooDense(unpacked, packed int64) bool {
	return unpacked > ratioFrom && unpacked > MaxRatio*packed
}

// gzipError says in our words what package gzip found.
func gzipError(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: its gzip has no end", ErrTruncated)
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		return fmt.Errorf("%w: its gzip is damaged", ErrFormat)
	}
	return err
}

// Byte order marks.
var (
	markUTF8    = []byte{0xef, 0xbb, 0xbf}
	markUTF16LE = []byte{0xff, 0xfe}
	markUTF16BE = []byte{0xfe, 0xff}
)

// decode is the file's text in UTF-8, without a byte order mark.
func decode(in *bufio.Reader, wanted Encoding) (io.Reader, error) {
	first, err := in.Peek(len(zipMagic))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	utf16 := bytes.HasPrefix(first, markUTF16LE) || bytes.HasPrefix(first, markUTF16BE)
	marked := utf16 || bytes.HasPrefix(first, markUTF8)
	switch {
	case bytes.Equal(first, zipMagic):
		return nil, fmt.Errorf("%w: it is a ZIP archive or workbook, the profile says text", ErrFormat)
	case marked && (wanted == Windows1252 || wanted == Latin1):
		return nil, fmt.Errorf("%w: it begins with a Unicode byte order mark, the profile says %s", ErrFormat, wanted)
	case wanted == UTF16 && !utf16:
		return nil, fmt.Errorf("%w: it has no byte order mark of UTF-16", ErrFormat)
	case utf16:
		return transform.NewReader(in, unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder()), nil
	case marked:
		_, err := in.Discard(len(markUTF8))
		return in, err
	}
	if table := charset(wanted); table != nil {
		return transform.NewReader(in, table.NewDecoder()), nil
	}
	return in, nil
}

// charset is the table of a single-byte encoding; nil for UTF-8.
func charset(e Encoding) encoding.Encoding {
	switch e {
	case Windows1252:
		return charmap.Windows1252
	case Latin1:
		return charmap.ISO8859_1
	}
	return nil
}
