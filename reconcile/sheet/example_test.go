package sheet_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"paypoint/reconcile/sheet"
)

func ExampleWrite() {
	columns := []sheet.Column{
		{Name: "case", Kind: sheet.Serial},
		{Name: "class", Width: 26},
		{Name: "opened_at_wib", Kind: sheet.Time},
		{Name: "difference", Kind: sheet.Rupiah},
	}
	opened := time.Date(2026, 11, 22, 3, 4, 5, 0, time.UTC)
	rows := func(yield func([]any, error) bool) {
		_ = yield([]any{12, "AMOUNT_MISMATCH", opened, -500}, nil) &&
			yield([]any{13, "=cmd|' /C calc'!A0", opened, 25_000}, nil)
	}
	var table strings.Builder
	if err := sheet.Write(context.Background(), sheet.CSV, &table, "", "Cases", columns, rows, nil, nil); err != nil {
		fmt.Println(err)
	}
	fmt.Print(strings.ReplaceAll(table.String(), "\r\n", "\n"))
	// Output:
	// case,class,opened_at_wib,difference
	// 12,AMOUNT_MISMATCH,2026-11-22 10:04:05,-500
	// 13,'=cmd|' /C calc'!A0,2026-11-22 10:04:05,25000
}
