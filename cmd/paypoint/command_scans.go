package main

import (
	"net/http"

	"paypoint/ledger"
)

type scansCommand struct{}

// Help says what is shown.
func (scansCommand) Help() string {
	return "Unknown codes are typing errors as long as they are few. A store with many has somebody who tries codes;\n" +
		"its count begins anew after partner.code_scan.window, and with each start of the server.\n\nExample:\n  paypoint scans"
}

// Run shows the stores that asked for unknown codes.
func (c *scansCommand) Run(s *session) error {
	return ask(s, "GET", "/operator/v1/scans", nil, func(rows []scanRow) error {
		if len(rows) == 0 {
			s.printf("no store has asked for an unknown code of late\n")
			return nil
		}
		return s.printTable("store\tunknown\tasked\tsince\tlast\talarm", func(w table) {
			for _, row := range rows {
				w.printf("%s\t%d\t%d\t%s\t%s\t%t\n", row.Store, row.Unknown, row.Asked, row.Since.In(ledger.WIB).Format(ledger.WireTime), row.Last.In(ledger.WIB).Format(ledger.WireTime), row.Alarm)
			}
		})
	})
}

// listScans lists the stores that asked for unknown codes.
func (o *operators) listScans(*http.Request) (any, error) {
	return o.app.guards.scans.list(o.app.now()), nil
}
