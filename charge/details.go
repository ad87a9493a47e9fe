package charge

import (
	"fmt"
	"strings"

	"paypoint/ledger"
)

// Longest texts for the till, in bytes. What is longer is cut, not refused: it
// is only shown, and shops put whole titles there.
const (
	// maxLabel is that of cstore.message, the label at the till.
	maxLabel    = 20
	maxItemName = 50
	maxDesc     = 255
	maxCustomer = 255
)

// Longest values that are only checked, in characters.
const (
	maxContact    = 255
	maxCity       = 100
	maxPostalCode = 10
	maxCountry    = 10
	maxItemMember = 50
	maxFreeText   = 40
)

const (
	// maxQuantity keeps the sum of all items within an int64.
	maxQuantity = 1_000_000
	// maxLine bounds price x quantity, either way of zero.
	maxLine = int64(ledger.MaxRupiah)
)

// readCustomer is the payer's name as the till shows it, and all that is kept
// of customer_details. The other members are held to their limits, so that a
// request which the vendor would refuse is refused here too, and then dropped:
// personal data that nothing uses is not stored.
func readCustomer(o object) string {
	o.short("email", maxContact)
	o.short("phone", maxContact)
	// One SDK writes the shipping address under the name customer_address.
	for _, name := range []string{"billing_address", "shipping_address", "customer_address"} {
		checkAddress(o.object(name))
	}
	return displayed(o.text("first_name")+" "+o.text("last_name"), maxCustomer)
}

func checkAddress(o object) {
	for _, name := range []string{"first_name", "last_name", "email", "phone", "address"} {
		o.short(name, maxContact)
	}
	o.short("city", maxCity)
	o.short("postal_code", maxPostalCode)
	o.short("country_code", maxCountry)
}

// readItems is what is sold as the till shows it: quantity and name of each
// item. What the items cost must sum to the amount; a discount is an item with
// a negative price.
func readItems(items []object, amount ledger.Rupiah) string {
	var sum int64
	priced := amount > 0 && len(items) > 0
	lines := make([]string, 0, len(items))
	for _, item := range items {
		line, cost, ok := readItem(item)
		priced = priced && ok
		sum += cost
		lines = append(lines, line)
	}
	if difference := sum - int64(amount); priced && difference != 0 {
		items[0].faults.add("transaction_details.gross_amount", fmt.Sprintf(
			"is %s but item_details sum to %d: a difference of %d", amount, sum, difference))
	}
	return displayed(strings.Join(lines, ", "), maxDesc)
}

// readItem is an item as the till shows it and what it costs; false when that
// can't be said.
func readItem(item object) (line string, cost int64, ok bool) {
	item.require("name", "price", "quantity")
	name := displayed(item.text("name"), maxItemName)
	price, priced := item.whole("price", -maxLine, maxLine)
	quantity, counted := item.whole("quantity", 1, maxQuantity)
	for _, member := range []string{"id", "brand", "category", "merchant_name", "url"} {
		item.short(member, maxItemMember)
	}
	if !priced || !counted {
		return "", 0, false
	}
	cost = price * quantity
	if cost < -maxLine || cost > maxLine {
		item.faults.add(item.path, "must have a price x quantity of at most 12 digits")
		return "", 0, false
	}
	return fmt.Sprintf("%d %s", quantity, name), cost, true
}

// displayed is text as one line of at most so many bytes.
func displayed(text string, most int) string {
	return cut(strings.Join(strings.Fields(text), " "), most)
}
