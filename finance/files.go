package finance

import (
	"context"
	"net/http"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/partnerfile"
)

// FileList are the versions of a day's file of Indomaret's, oldest first.
type FileList struct {
	Files []ledger.PartnerFile `json:"files"`
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
	return answered(c, FileList{inWIB(files)}, err)
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
	// Counts is the version by which the day is matched: the newest.
	Counts int `json:"counts"`
}

// importFile takes a file of Indomaret's, whole or not at all.
func (a *api) importFile(c *call) error {
	day, name, err := fileQuery(c)
	if err != nil {
		return err
	}
	c.act.Day = day
	body, err := c.upload(partnerfile.MaxFile)
	if err != nil {
		return err
	}
	// A caller who hangs up when all has arrived leaves no work half done.
	ctx := context.WithoutCancel(c.r.Context())
	file, taken, err := a.Reconciliation.Import(ctx, reconcile.FileIn{Day: day, Name: name, Body: body, By: c.caller.ID}, nil)
	if err != nil {
		return err
	}
	c.act.Day, c.act.File = file.Day, file.SHA256
	files, err := a.Ledger.PartnerFiles(ctx, file.Day)
	if err != nil {
		return err
	}
	counts := file.Version
	if len(files) > 0 {
		counts = files[len(files)-1].Version
	}
	return c.reply(http.StatusOK, Import{Taken: taken, File: inWIB([]ledger.PartnerFile{file})[0], Counts: counts})
}
