package match

import "paypoint/ledger"

// Control is a total that a file states of itself, and what its lines give. Its
// unit is that of the file's column: lines or rupiah.
type Control struct {
	Name              string
	Declared, Counted int64
}

// File is a file of Indomaret's, read but not yet taken.
type File struct {
	// SHA256 is the hex hash of the bytes that came.
	SHA256 string
	// Controls are the totals in its header and trailer; none where it has none.
	Controls []Control
}

// TakenFile is a file that was taken before.
type TakenFile struct {
	Day    ledger.Day
	SHA256 string
}

// FileFinding is what was found of a day's file as a whole. Only one whose
// class is Matched may be compared line by line.
type FileFinding struct {
	Class Class
	Day   ledger.Day
	// Wrong are the controls that differ; of TotalsMismatch only.
	Wrong []Control
	// Earlier is the same file, taken before; of FileRepeated only. It may have
	// been taken for another day.
	Earlier TakenFile
}

// CheckFile judges a day's file before any of it counts; nil says that it is
// due and has not come. First that matches:
//
//	none                                        FILE_MISSING
//	the same bytes were taken, for any day      FILE_REPEATED
//	a control is not what the lines give        TOTALS_MISMATCH
//	else                                        MATCHED
//
// A corrected file of the same day has other bytes and is a file like any other.
func CheckFile(day ledger.Day, f *File, taken []TakenFile) FileFinding {
	finding := FileFinding{Class: Matched, Day: day}
	if f == nil {
		finding.Class = FileMissing
		return finding
	}
	for _, t := range taken {
		if t.SHA256 == f.SHA256 {
			finding.Class, finding.Earlier = FileRepeated, t
			return finding
		}
	}
	for _, c := range f.Controls {
		if c.Declared != c.Counted {
			finding.Class = TotalsMismatch
			finding.Wrong = append(finding.Wrong, c)
		}
	}
	return finding
}
