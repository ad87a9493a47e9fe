package model

// Charge gives out a code, or says again which one the order has. said is what the
// server answered: the code is its own choice, once.
func (w *World) Charge(t Terms, said Answer) Answer {
	if c := w.newest(t.Merchant, t.Order); c != nil {
		switch {
		case c.State == Pending && w.over(c):
			w.become(c, Expired) // nobody had looked yet
		case c.State == Pending && c.Terms == t, c.State == Held && c.Terms == t:
			return Answer{"201", c.Code}
		case c.State == Pending, c.State == Held, c.State == Settled:
			return Answer{Code: "406"}
		}
	}
	code := said.Detail
	if code == "" || w.charge(code) != nil {
		return Answer{"201", "a code that no other charge has"}
	}
	begins := w.Now
	if t.From.After(begins) {
		begins = t.From
	}
	w.Charges = append(w.Charges, Charge{Terms: t, Code: code, Deadline: begins.Add(t.Life)})
	w.become(&w.Charges[len(w.Charges)-1], Pending)
	return Answer{"201", code}
}

// newest is an order's last charge, or nil.
func (w *World) newest(merchant, order string) *Charge {
	for i := len(w.Charges) - 1; i >= 0; i-- {
		if c := &w.Charges[i]; c.Merchant == merchant && c.Order == order {
			return c
		}
	}
	return nil
}

// Cancel withdraws a charge at its merchant's wish.
func (w *World) Cancel(code string) Answer { return w.end(code, Cancelled, "200") }

// Expire ends a charge at its merchant's wish; 407 is the success.
func (w *World) Expire(code string) Answer { return w.end(code, Expired, "407") }

func (w *World) end(code string, as State, done string) Answer {
	c := w.charge(code)
	if c.State != Pending || w.over(c) {
		return Answer{Code: "412"}
	}
	w.become(c, as)
	return Answer{Code: done}
}

// Status is what a charge's merchant sees.
func (w *World) Status(c *Charge) State {
	switch {
	case c.State == Held:
		return Pending
	case c.State == Pending && w.over(c):
		return Expired
	default:
		return c.State
	}
}

// Told is all that a charge's merchant was told of it, oldest first.
func (w *World) Told(code string) []State {
	var told []State
	for _, n := range w.Notices {
		if n.Code == code {
			told = append(told, n.State)
		}
	}
	return told
}
