package frame

import "paypoint/ledger"

// Difference is ours − Indomaret's, the one sign that differences have on all pages
// and in all exports of the console, of what Indomaret has beyond us: the surplus of
// the ledger, of commands and of the finance API.
func Difference(surplus ledger.Rupiah) ledger.Rupiah { return -surplus }
