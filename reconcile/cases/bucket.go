package cases

// Bucket is a span of ages in business days. Its value is part of reports.
type Bucket string

// The buckets, from the youngest to the oldest.
const (
	UpTo1  Bucket = "0-1"
	UpTo3  Bucket = "2-3"
	UpTo7  Bucket = "4-7"
	UpTo30 Bucket = "8-30"
	Over30 Bucket = ">30"
)

// Buckets lists the buckets from the youngest to the oldest.
func Buckets() []Bucket { return []Bucket{UpTo1, UpTo3, UpTo7, UpTo30, Over30} }

// BucketOf is the bucket of an age in business days.
func BucketOf(age int) Bucket {
	switch {
	case age <= 1:
		return UpTo1
	case age <= 3:
		return UpTo3
	case age <= 7:
		return UpTo7
	case age <= 30:
		return UpTo30
	default:
		return Over30
	}
}
