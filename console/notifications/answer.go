package notifications

import (
	"net/http"
	"regexp"

	"paypoint/console/frame"
	"paypoint/ledger"
)

// class is how a receiver answered, as far as people filter by it.
type class string

// The classes, in the order in which a filter offers them.
const (
	classDelivered  class = "delivered"
	classRedirect   class = "redirect"
	classRefused    class = "refused"
	classServer     class = "server"
	classTimeout    class = "timeout"
	className       class = "name"
	classTLS        class = "tls"
	classConnection class = "connection"
	classAddress    class = "address"
	classProtocol   class = "protocol"
	// classUnknown: it was kept without a reason.
	classUnknown class = "unknown"
	classUntried class = "untried"
)

func classes() []string {
	var all []string
	for _, c := range []class{
		classRedirect, classRefused, classServer, classTimeout, className, classTLS,
		classConnection, classAddress, classProtocol, classUnknown, classUntried, classDelivered,
	} {
		all = append(all, string(c))
	}
	return all
}

// answer is what a receiver answered, in words: a key of the catalogue with what
// it is filled with.
type answer struct {
	Class class
	Word  string
	// Status is the HTTP status, 0 when none came.
	Status int
	// Where is where a redirect leads, masked; "" when it does not say.
	Where string
}

// answerOf reads an attempt.
func answerOf(a ledger.Attempt, maskURL func(string) string) answer {
	read := answer{Class: classOf(a), Word: frame.AttemptWord(a), Status: a.Status}
	// Only its text says where a redirect leads.
	if where := location.FindString(a.Fault); where != "" && a.Reason == ledger.AttemptRedirect {
		read.Word, read.Where = "notifications.answer.redirect_to", maskURL(where)
	}
	return read
}

// classOf is the class of an attempt: that of its status where one came, else that
// of its reason.
func classOf(a ledger.Attempt) class {
	switch {
	case a.Delivered:
		return classDelivered
	case a.Status >= http.StatusInternalServerError:
		return classServer
	case a.Status >= http.StatusBadRequest:
		return classRefused
	case a.Status >= http.StatusMultipleChoices:
		return classRedirect
	case a.Status != 0:
		return classProtocol
	case a.Reason.Known():
		return class(a.Reason.Class())
	default:
		return classUnknown
	}
}

// location is the URL at the end of a reason that tells of a redirect.
var location = regexp.MustCompile(`https?://\S+$`)

// lastAnswer is the answer that counts for a notification: the last one that did
// not take it, as long as it is not delivered, else the last.
func lastAnswer(n ledger.Notification, maskURL func(string) string) answer {
	for i := len(n.Attempts) - 1; i >= 0; i-- {
		if n.State == ledger.NotificationDelivered || !n.Attempts[i].Delivered {
			return answerOf(n.Attempts[i], maskURL)
		}
	}
	if len(n.Attempts) > 0 {
		return answerOf(n.Attempts[len(n.Attempts)-1], maskURL)
	}
	return answer{Class: classUntried, Word: "notifications.answer.untried"}
}
