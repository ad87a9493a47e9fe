package finance

import (
	"context"
	"io"

	"paypoint/reconcile"
	"paypoint/reconcile/sheet"
)

// writeTable is how reconcile.Service writes a table.
type writeTable func(ctx context.Context, f sheet.Format, w io.Writer, progress reconcile.Progress) error

// sendTable answers with a table of any length, as it is made.
func (c *call) sendTable(name string, format sheet.Format, write writeTable) error {
	return c.send(download{
		name: name + "." + string(format), contentType: format.ContentType(), onDisk: format == sheet.XLSX,
		write: func(ctx context.Context, w io.Writer, told reconcile.Progress) error {
			return write(ctx, format, w, told)
		},
	})
}

// sendWhole answers with a table that has no other parameter than its format.
func (c *call) sendWhole(name string, write writeTable) error {
	values, err := c.parameters("format")
	if err != nil {
		return err
	}
	format, err := sheetFormat(c, values)
	if err != nil {
		return err
	}
	return c.sendTable(name, format, write)
}
