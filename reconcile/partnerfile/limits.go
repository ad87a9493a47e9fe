package partnerfile

// Limits of a file. They hold for every profile; each is far beyond what an
// honest file needs.
const (
	// MaxFile is the largest file in bytes, as it comes.
	MaxFile = 1 << 30
	// MaxUnpacked is the most that a gzipped file may unpack to, in bytes.
	MaxUnpacked = 4 << 30
	// MaxRatio is how many times its packed size a gzipped file or a workbook may
	// unpack to; text of settlement lines reaches 30. It is asked for after the
	// first ratioFrom bytes, so that a small and regular file passes.
	MaxRatio = 200
	// MaxLineBytes is the longest line, row or cell in bytes.
	MaxLineBytes = 64 << 10
	// MaxFields is the largest number of fields in a line or cells in a row.
	MaxFields = 256
	// MaxLines is the largest number of payments. Times the largest amount
	// (ledger.MaxRupiah) it stays below what an int64 holds, so no sum overflows.
	MaxLines = 5_000_000
	// MaxStrings is the largest table of shared strings of a workbook in bytes,
	// unpacked: the one part of it that takes memory as it grows.
	MaxStrings = 64 << 20
	// MaxPart is the largest other part of a workbook (styles, theme) in bytes.
	MaxPart = 4 << 20
	// MaxInMemory is the most that all parts of a workbook which are kept in memory
	// (small sheets, styles, pictures) may unpack to together, in bytes.
	MaxInMemory = 32 << 20
	// MaxParts is the largest number of files in a workbook's archive.
	MaxParts = 1000
	// MaxName is the longest file name in bytes.
	MaxName = 255
	// MaxText is the most of a wrong value that an error shows, in characters.
	MaxText = 60
)

const (
	// ratioFrom is how many unpacked bytes pass before MaxRatio is asked for.
	ratioFrom = 16 << 20
	// bufferSize is what readers take at once, in bytes.
	bufferSize = 64 << 10
	// cancelEvery is how many lines pass between two looks at the context.
	cancelEvery = 1024
)

// The longest names of the partner protocol (spec 1.0.14, InquiryReq fields 3,
// 4 and 6: 1-20 characters).
const maxKey = 20

const (
	// MaxWorkbook is the most that the parts of a workbook may unpack to, in
	// bytes: a full sheet of 1,048,576 rows takes about half of it.
	MaxWorkbook = 1 << 30
	// maxDepth is how deep the elements of a sheet may be nested.
	maxDepth = 32
	// partInMemory is the largest sheet that is unpacked to memory, in bytes;
	// larger ones go to temporary files.
	partInMemory = 1 << 20
)
