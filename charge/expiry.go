package charge

import (
	"fmt"
	"time"
)

// defaultUnit is that of an expiry_duration without a unit.
const defaultUnit = "minute"

// clockSkew is how far a merchant's clock may be ahead in an expiry that is as
// long as allowed.
const clockSkew = time.Minute

// units are those of expiry_duration.
var units = map[string]time.Duration{
	"second": time.Second, "minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour,
}

// readExpiry is when the code's time ends: a life after a start. It is zero
// when it is wrong, and faults say why. One that is over already is a fault too,
// but given: a while ago it was none.
//
//	the life     custom_expiry.expiry_duration in its unit, else the default
//	the start    custom_expiry.order_time, else cstore.valid_from if that is
//	             still to come, else now
func readExpiry(o object, terms Terms, validFrom, now time.Time) (expires time.Time, over bool) {
	// An answer writes whole seconds; the code ends at the one that it names.
	start, life := now.Truncate(time.Second), terms.DefaultExpiry
	if validFrom.After(start) {
		start = validFrom
	}
	custom := len(o.members) > 0
	if custom {
		if orderTime := o.moment("order_time"); !orderTime.IsZero() {
			start = orderTime
		}
		var ok bool
		if life, ok = readLife(o, terms); !ok {
			return time.Time{}, false
		}
	}
	expires = start.Add(life)
	switch {
	case !expires.After(now):
		o.reject("order_time", "with expiry_duration is over already")
		return expires, true
	case !expires.After(validFrom):
		o.faults.add("cstore.valid_from", "must be before the expiry")
	case expires.After(now.Add(terms.MaxExpiry + clockSkew)):
		tooLate(o, custom, terms.MaxExpiry)
	default:
		return expires, false
	}
	return time.Time{}, false
}

// tooLate reports an expiry too far ahead under the member that moved it there.
func tooLate(o object, custom bool, most time.Duration) {
	rule := fmt.Sprintf("moves the expiry further ahead than %d seconds", most/time.Second)
	if custom {
		o.reject("order_time", rule)
		return
	}
	o.faults.add("cstore.valid_from", rule)
}

// readLife is expiry_duration in its unit.
func readLife(o object, terms Terms) (time.Duration, bool) {
	o.require("expiry_duration")
	name := o.text("unit")
	if name == "" {
		name = defaultUnit
	}
	unit, known := units[name]
	if !known {
		o.reject("unit", "must be second, minute, hour or day")
		return 0, false
	}
	// Rounded up, for in whole days 20 seconds are at least one.
	least := (terms.MinExpiry + unit - 1) / unit
	number, ok := o.whole("expiry_duration", int64(least), int64(terms.MaxExpiry/unit))
	return time.Duration(number) * unit, ok
}
