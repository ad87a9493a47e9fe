package auditlog

import (
	"slices"

	"paypoint/access/audit"
	"paypoint/console/frame"
)

// What begins the keys of the names of acts, and of the kinds of objects.
const (
	actWord  = "auditlog.act."
	kindWord = "auditlog.kind."
)

// actName is an act in words; one that this program does not know, of another
// version, by its key.
func actName(c *frame.Call, act string) string {
	if !audit.IsAct(act) {
		return act
	}
	return c.T(actWord + act)
}

// kindName is a kind of objects in words, or its key likewise.
func kindName(c *frame.Call, kind string) string {
	if !slices.Contains(audit.Kinds(), kind) {
		return kind
	}
	return c.T(kindWord + kind)
}

// actGroup is acts that can be filtered by, under their group's name.
type actGroup struct {
	Name    string
	Options []frame.Option
}

// actGroups are all acts there are.
func actGroups(c *frame.Call) []actGroup {
	var groups []actGroup
	for _, group := range audit.Groups() {
		g := actGroup{Name: c.T("auditlog.group." + group.Name)}
		for _, act := range group.Acts {
			g.Options = append(g.Options, frame.Option{Value: act, Text: c.T(actWord + act)})
		}
		groups = append(groups, g)
	}
	return groups
}
