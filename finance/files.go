package finance

import (
	"context"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/partnerfile"
)

// FileList are the versions of a day's file of Indomaret's, oldest first.
type FileList struct {
	Files []ledger.PartnerFile `json:"files"`
	// Counts is the version by which the day is matched: see ledger.Counting. It is
	// left out where there is none.
	Counts int `json:"counts,omitempty"`
}

// listFiles answers the versions of a day's file.
func (a *api) listFiles(c *call) error {
	day, err := dayQuery(c)
	if err != nil {
		return err
	}
	if day == "" {
		return badParameter("day", "missing: want a day as yyyy-mm-dd")
	}
	files, err := a.Ledger.PartnerFiles(c.r.Context(), day)
	return answered(c, FileList{inWIB(files), counting(files)}, err)
}

// counting is the version that counts of a day's; 0 of none.
func counting(versions []ledger.PartnerFile) int {
	// The zero file has version 0.
	file, _ := ledger.Counting(versions)
	return file.Version
}

// inWIB is files with their times as the API writes them.
func inWIB(files []ledger.PartnerFile) []ledger.PartnerFile {
	list := make([]ledger.PartnerFile, 0, len(files))
	for _, f := range files {
		f.At = moment(f.At)
		list = append(list, f)
	}
	return list
}

// fileQuery reads what is known of a file that is uploaded: its day and its name.
func fileQuery(c *call) (day ledger.Day, name string, err error) {
	values, err := c.parameters("day", "name")
	if err != nil {
		return "", "", err
	}
	if len(values["name"]) > partnerfile.MaxName {
		return "", "", badParameter("name", "too long")
	}
	day, err = dayOf(values, "day")
	return day, values["name"], err
}

// Import is the answer to a file of Indomaret's.
type Import struct {
	// Taken says that it is new; false where these bytes are there already.
	Taken bool `json:"taken"`
	// File is the version that it is.
	File ledger.PartnerFile `json:"file"`
	// Counts is the version by which the day is matched: see ledger.Counting.
	Counts int `json:"counts"`
}

// importFile takes a file of Indomaret's, whole or not at all.
func (a *api) importFile(c *call) error {
	in, err := uploadedFile(c)
	if err != nil {
		return err
	}
	return long(c, func(progress reconcile.Progress) (Import, error) { return a.takeFile(c, in, progress) })
}

// uploadedFile is the file of Indomaret's that a request brings.
func uploadedFile(c *call) (reconcile.FileIn, error) {
	day, name, err := fileQuery(c)
	if err != nil {
		return reconcile.FileIn{}, err
	}
	c.act.Day = day
	body, err := c.upload(partnerfile.MaxFile)
	return reconcile.FileIn{Day: day, Name: name, Body: body, By: c.caller.ID}, err
}

// takeFile takes a file, and says which version of its day's counts then.
func (a *api) takeFile(c *call, in reconcile.FileIn, progress reconcile.Progress) (Import, error) {
	// A caller who hangs up when all has arrived leaves no work half done.
	ctx := context.WithoutCancel(c.r.Context())
	file, taken, err := a.Reconciliation.Import(ctx, in, progress)
	if err != nil {
		return Import{}, err
	}
	c.act.Day, c.act.File = file.Day, file.SHA256
	files, err := a.Ledger.PartnerFiles(ctx, file.Day)
	if err != nil {
		return Import{}, err
	}
	return Import{Taken: taken, File: inWIB([]ledger.PartnerFile{file})[0], Counts: counting(files)}, nil
}
