// Package sheettest reads workbooks (XLSX) as another program shows them, for the
// tests of whoever makes some.
package sheettest
