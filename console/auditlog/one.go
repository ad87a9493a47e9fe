package auditlog

import (
	"fmt"
	"strconv"

	"paypoint/access/audit"
	"paypoint/console/frame"
)

// oneView is one entry.
type oneView struct {
	row
	Facts []frame.Fact
}

// show answers GET /audit/{seq}.
func (a *area) show(c *frame.Call) error {
	seq, err := strconv.ParseUint(c.R.PathValue("seq"), 10, 64)
	if err != nil || seq == 0 {
		return frame.NotFound("auditlog.none")
	}
	page, err := a.Log.List(c.Context(), audit.Query{Before: seq + 1, Limit: 1})
	if err != nil {
		return fmt.Errorf("show entry %d: %w", seq, err)
	}
	if len(page.Entries) == 0 || page.Entries[0].Seq != seq {
		return frame.NotFound("auditlog.none")
	}
	r := rowOf(c, page.Entries[0])
	return c.Page("auditlog/one", frame.Page{
		Title: c.T("auditlog.one.title", "number", strconv.FormatUint(seq, 10)), Data: oneView{r, facts(c, r)},
	})
}

// facts are what the entry has; what it has not is left out.
func facts(c *frame.Call, r row) []frame.Fact {
	who := frame.Fact{Label: c.T("auditlog.who"), Value: r.Who}
	if r.Who == "" {
		who.Value = c.T("auditlog.nobody")
	}
	all := []frame.Fact{{Label: c.T("auditlog.time"), At: r.At}, who}
	add := func(word, value, link string) {
		if value != "" {
			all = append(all, frame.Fact{Label: c.T("auditlog." + word), Value: value, Link: link})
		}
	}
	add("role", r.RoleName, "")
	add("act", r.ActName, "")
	add("object", r.About, r.Link)
	add("result", r.ResultName, "")
	if r.Status != 0 {
		add("status", strconv.Itoa(r.Status), "")
	}
	add("address", r.Address, "")
	add("reason", r.Reason, "")
	add("before", r.Before, "")
	add("after", r.After, "")
	add("filter", r.Filter, "")
	if r.Rows != 0 {
		add("rows", strconv.Itoa(r.Rows), "")
	}
	return all
}
