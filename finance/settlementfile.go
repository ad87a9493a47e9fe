package finance

import (
	"context"
	"io"

	"paypoint/reconcile"
	"paypoint/reconcile/settlement"
)

// settlementFile streams a closed day's file. Whatever its format, the header
// Settlement-SHA256 is the hash of the text file, which is the record.
func (a *api) settlementFile(c *call) error {
	day, err := a.day(c)
	if err != nil {
		return err
	}
	values, err := c.parameters("format")
	if err != nil {
		return err
	}
	format, err := formatOf(values)
	if err != nil {
		return err
	}
	c.act.Format = string(format)
	// A file that was never made is made here, which may take a while.
	c.answer.wait()
	batch, err := a.Settlement.Sealed(c.r.Context(), day)
	if err != nil {
		return a.aboutDay(day, err)
	}
	return c.send(download{
		name: settlement.FileName(day, format), contentType: format.ContentType(),
		header: [2]string{"Settlement-SHA256", batch.SHA256}, onDisk: format == settlement.XLSX,
		write: func(ctx context.Context, w io.Writer, told reconcile.Progress) error {
			return a.Settlement.Export(ctx, day, format, w, settlement.Progress(told))
		},
	})
}
