package charge

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"paypoint/access"
	"paypoint/ledger"
)

// What the API sells, as it stands in requests and answers.
const (
	paymentType = "cstore"
	store       = "indomaret"
	currency    = "IDR"
)

// Longest values. Where the partner's document names a limit (spec 1.0.14,
// field tables), a charge keeps it, so that what is charged can be shown.
const (
	maxOrderID = 50
	// alfamartTexts is how many alfamart_free_texts there are.
	alfamartTexts = 3
	// InquiryRes field 5.
	maxProductCode = 10
	// InquiryRes field 15: three fields of 100 characters.
	maxExtraParams = 3
	maxExtraParam  = 100
)

var (
	// orderIDShape leaves out what breaks the path of a URL, for most SDKs put the
	// order id there as it is.
	orderIDShape = regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)
	productShape = regexp.MustCompile(`^[A-Za-z0-9]+$`)
	// printableShape is wider than the document's "alfanumeric", as its own sample
	// of extra parameters is: "00063|00062|00061".
	printableShape = regexp.MustCompile(`^[ -~]*$`)
)

// readCharge reads the body of POST /v2/charge: all of a new charge but its id,
// its salt and its merchant. aim is whom it tells, now is when it is made.
//
// Both errors are refusals. over is that of a request whose only fault is that
// its expiry is over already: of a retry that is none, so the ledger comes first.
//
// A payment type of another kind is refused first and alone: the members that
// belong to it are none of ours, and their absence no fault. (One SDK sends
// credit_card for a type that the merchant left out.)
func readCharge(body object, aim targets, terms Terms, now time.Time) (n ledger.NewCharge, over, err error) {
	if kind := body.text("payment_type"); kind != "" && kind != paymentType {
		return ledger.NewCharge{}, nil, errPaymentType
	}
	body.require("payment_type")
	readTransaction(body.object("transaction_details"), terms, &n)
	readStore(body.object("cstore"), terms, &n)
	n.Details.Customer = readCustomer(body.object("customer_details"))
	if items := readItems(body.objects("item_details"), n.Amount); items != "" {
		n.Details.Desc = items
	}
	readOwn(body, &n.Details)
	n.Details.Targets, n.Details.OnlyTargets = aim.urls, aim.only
	n.Details.Request = fingerprint(body, aim)
	sound, late := len(body.faults.messages) == 0, false
	n.Expires, late = readExpiry(body.object("custom_expiry"), terms, n.ValidFrom, now)
	switch {
	case sound && late:
		return n, invalid(body.faults.messages), nil
	case len(body.faults.messages) > 0:
		return ledger.NewCharge{}, nil, invalid(body.faults.messages)
	default:
		return n, nil, nil
	}
}

func readTransaction(o object, terms Terms, n *ledger.NewCharge) {
	o.require("order_id", "gross_amount")
	n.Order = readOrderID(o)
	n.Amount, _ = o.rupiah("gross_amount", terms.MinAmount, terms.MaxAmount)
}

func readOrderID(o object) string {
	id := o.text("order_id")
	switch {
	case id == "":
	case len(id) > maxOrderID:
		o.reject("order_id", fmt.Sprintf("must be at most %d characters long", maxOrderID))
	case !orderIDShape.MatchString(id):
		o.reject("order_id", "must consist of letters, digits and - _ ~ .")
	case id == "." || id == "..":
		// In a path these two mean another place.
		o.reject("order_id", "must not be . or ..")
	}
	return id
}

// validHandle says whether a path's {id} can be an order id or a transaction id.
func validHandle(id string) bool { return len(id) <= maxOrderID && orderIDShape.MatchString(id) }

// readStore reads cstore with our extensions: min_amount, fee, product_code,
// valid_from and extra_params. What is for the other store chain is held to its
// limits and dropped.
func readStore(o object, terms Terms, n *ledger.NewCharge) {
	o.require("store")
	if name := o.text("store"); name != "" && !strings.EqualFold(name, store) {
		o.reject("store", "must be "+store)
	}
	n.Details.Desc = displayed(o.text("message"), maxLabel)
	for i := range alfamartTexts {
		o.short(fmt.Sprintf("alfamart_free_text_%d", i+1), maxFreeText)
	}
	n.MinAmount = readMinAmount(o, terms, n.Amount)
	n.Fee, _ = o.rupiah("fee", 0, terms.MaxAmount)
	n.Product = readProduct(o, terms)
	n.ValidFrom = o.moment("valid_from")
	n.Details.Extra = readExtra(o)
}

// readMinAmount is the least that may be paid, by default all. Beside an amount
// that is wrong (0) it is held to the terms alone.
func readMinAmount(o object, terms Terms, amount ledger.Rupiah) ledger.Rupiah {
	most := amount
	if most == 0 {
		most = terms.MaxAmount
	}
	if least, given := o.rupiah("min_amount", terms.MinAmount, most); given {
		return least
	}
	return amount
}

func readProduct(o object, terms Terms) string {
	product := o.text("product_code")
	switch {
	case product == "":
		return terms.DefaultProduct
	case len(product) > maxProductCode:
		o.reject("product_code", fmt.Sprintf("must be at most %d characters long", maxProductCode))
	case !productShape.MatchString(product):
		o.reject("product_code", "must consist of letters and digits")
	case len(terms.Products) > 0 && !slices.Contains(terms.Products, product):
		o.reject("product_code", "is not one that the agreement with the store allows")
	}
	return product
}

func readExtra(o object) [maxExtraParams]string {
	var extra [maxExtraParams]string
	for i, value := range o.list("extra_params") {
		path := fmt.Sprintf("extra_params[%d]", i)
		text, ok := textOf(value)
		switch {
		case i == maxExtraParams:
			o.reject("extra_params", fmt.Sprintf("must have at most %d members", maxExtraParams))
			return extra
		case !ok:
			o.reject(path, "must be text")
		case len(text) > maxExtraParam:
			o.reject(path, fmt.Sprintf("must be at most %d characters long", maxExtraParam))
		case !printableShape.MatchString(text):
			o.reject(path, "must consist of printable ASCII characters")
		default:
			extra[i] = text
		}
	}
	return extra
}

// forMerchant fills in who charges.
func forMerchant(n ledger.NewCharge, m access.Merchant) ledger.NewCharge {
	n.Merchant, n.Prefix, n.Hold = m.ID, m.Prefix, m.Hold
	if n.Details.Desc == "" {
		// InquiryRes field 4 is mandatory.
		n.Details.Desc = m.Name
	}
	return n
}
