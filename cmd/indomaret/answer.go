package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// node is one element of an answer as it came.
type node struct {
	XMLName xml.Name
	Nodes   []node `xml:",any"`
	Text    string `xml:",chardata"`
}

// name is the element's local name: prefixes and namespaces differ between
// partners' tools.
func (n node) name() string { return n.XMLName.Local }

// fault words a SOAP 1.1 Fault.
func (n node) fault() string {
	var parts []string
	for _, child := range n.Nodes {
		if child.name() == "faultcode" || child.name() == "faultstring" {
			parts = append(parts, strings.TrimSpace(child.Text))
		}
	}
	return strings.Join(parts, ": ")
}

// parseAnswer returns the one element in the Body of a SOAP envelope.
func parseAnswer(body []byte) (node, error) {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	// The decoder knows no entities but XML's own, and its depth is bounded: a
	// hostile answer is only an error.
	var envelope node
	if err := decoder.Decode(&envelope); err != nil {
		return node{}, err
	}
	// Blank lines may follow the envelope, nothing else.
	if len(bytes.TrimSpace(body[decoder.InputOffset():])) > 0 {
		return node{}, errors.New("text after the envelope")
	}
	if envelope.name() != "Envelope" {
		return node{}, fmt.Errorf("root element %s instead of Envelope", envelope.name())
	}
	for _, part := range envelope.Nodes {
		if part.name() != "Body" {
			continue
		}
		if len(part.Nodes) != 1 {
			return node{}, fmt.Errorf("%d elements in the Body instead of 1", len(part.Nodes))
		}
		return part.Nodes[0], nil
	}
	return node{}, errors.New("an envelope without Body")
}

// need says when an element must have a value; it must be there in any case.
type need int

const (
	optional     need = iota
	always            // type M in the document
	whenApproved      // M in an approved answer; a refusal has nothing to put there
)

// element is one row of an answer's field table.
type element struct {
	name string
	need need
	max  int // characters; 0: no limit in the document
	// check is the rule of the format; nil where any text will do. It is asked
	// only for values.
	check func(string) error
}

// answers are the answers' names and field tables (spec 1.0.14: InquiryRes,
// PaymentRes and ReversalRes), in the order of the document's samples, where
// MinAmount precedes Amount.
func answers(op operation) (name string, rows []element) {
	timeStamp := element{"TimeStamp", always, 0, checkTime}
	messageID := element{"MessageID", always, 255, nil}
	responseCode := element{"ResponseCode", always, 2, checkResponseCode}
	responseDesc := element{"ResponseDesc", always, 255, nil}
	trackingRef := element{"TrackingRef", always, maxTrackingRef, nil}
	storeID := element{"StoreID", always, maxStoreID, nil}
	switch op {
	case inquiry:
		return "ResInquiry", []element{
			timeStamp, messageID,
			{"Customer", optional, 30, nil},
			{"Desc", whenApproved, 0, nil},
			{"ProductCode", optional, maxProductCode, nil},
			{"MinAmount", whenApproved, 0, checkAmount},
			{"Amount", whenApproved, 0, checkAmount},
			{"Fee", whenApproved, 0, checkAmount},
			responseCode, responseDesc,
			{"ExpiredDateTime", optional, 0, checkTime},
			{"Message", optional, 255, nil},
			trackingRef, storeID,
			{"ExtraParam1", optional, 100, nil}, {"ExtraParam2", optional, 100, nil}, {"ExtraParam3", optional, 100, nil},
		}
	case payment:
		return "ResPayment", []element{
			timeStamp, messageID, responseCode, responseDesc, trackingRef, storeID,
			// "Unique Code from partner for successful transaction": a till
			// prints it.
			{"ReceiptCode", whenApproved, 20, checkReceiptCode},
			{"Message", optional, 0, nil},
		}
	default:
		return "ResReversal", []element{timeStamp, messageID, responseCode, responseDesc, trackingRef, storeID}
	}
}

// checkAnswer returns what is wrong with the answer to sent, each defect with its
// element. Elements that the document does not know are passed over: it grew some
// in most of its versions.
func checkAnswer(message node, sent record) []string {
	name, rows := answers(sent.Op)
	if message.name() != name {
		return []string{fmt.Sprintf("%s instead of %s", message.name(), name)}
	}
	values, defects := collectValues(message, rows)
	for _, row := range rows {
		value, there := values[row.name]
		if !there {
			defects = append(defects, row.name+": missing")
			continue
		}
		if err := row.judge(value, values["ResponseCode"] == approved); err != nil {
			defects = append(defects, fmt.Sprintf("%s: %v", row.name, err))
		}
	}
	return append(defects, checkEchoes(values, sent)...)
}

// collectValues returns the values of the known elements, and those that stand
// twice or in another order than rows.
func collectValues(message node, rows []element) (values map[string]string, defects []string) {
	place := make(map[string]int, len(rows))
	for i, row := range rows {
		place[row.name] = i
	}
	values, last := make(map[string]string, len(rows)), -1
	for _, child := range message.Nodes {
		name := child.name()
		// What is unknown here may be known to the next version of the document.
		at, known := place[name]
		if !known {
			continue
		}
		if _, twice := values[name]; twice {
			defects = append(defects, name+": stands twice")
			continue
		}
		if at < last {
			defects = append(defects, fmt.Sprintf("%s: must precede %s", name, rows[last].name))
		}
		values[name], last = child.Text, max(at, last)
	}
	return values, defects
}

// judge holds one value against its row. Characters are counted, not bytes: the
// tables are about what a receipt shows.
func (e element) judge(value string, isApproved bool) error {
	if value == "" {
		if e.need == always || e.need == whenApproved && isApproved {
			return errors.New("empty")
		}
		return nil
	}
	if n := utf8.RuneCountInString(value); e.max > 0 && n > e.max {
		return fmt.Errorf("%d characters, limit %d", n, e.max)
	}
	if e.check == nil {
		return nil
	}
	return e.check(value)
}

// checkEchoes compares what an answer must repeat from its request.
func checkEchoes(values map[string]string, sent record) (defects []string) {
	echoes := []struct{ name, want string }{
		{"MessageID", sent.MessageID}, {"TrackingRef", sent.TrackingRef}, {"StoreID", sent.StoreID},
	}
	for _, echo := range echoes {
		// A missing element has been reported as missing.
		if got, there := values[echo.name]; there && got != echo.want {
			defects = append(defects, fmt.Sprintf("%s: %q, sent %q", echo.name, got, echo.want))
		}
	}
	return defects
}

// checkTime takes the document's format, with or without the :fff of its
// skeletons.
func checkTime(value string) error {
	whole, fraction := value, ""
	if len(value) > len(wireTime) {
		whole, fraction = value[:len(wireTime)], value[len(wireTime):]
	}
	_, err := time.Parse(wireTime, whole)
	if err != nil || fraction != "" && (len(fraction) != 4 || fraction[0] != ':' || strings.Trim(fraction[1:], "0123456789") != "") {
		return fmt.Errorf("%q: must be yyyy-MM-dd HH:mm:ss, perhaps with :fff", value)
	}
	return nil
}

// checkResponseCode takes two digits that Indomaret does not use itself (spec
// 1.0.14, closing note).
func checkResponseCode(value string) error {
	if len(value) != 2 || strings.Trim(value, "0123456789") != "" {
		return fmt.Errorf("%q: must be two digits", value)
	}
	if value == "99" || value == "21" {
		return fmt.Errorf("%q: must not be used, it is Indomaret's own", value)
	}
	return nil
}

// checkAmount is the rule of MinAmount, Amount and Fee (spec 1.0.14, InquiryRes
// fields 6 to 8: 12 numeric, double).
func checkAmount(value string) error {
	_, err := parseRupiah(value)
	return err
}

// checkReceiptCode is the rule of ReceiptCode (spec 1.0.14, PaymentRes field 7).
// The alphabet matters: the settlement file has a | between fields.
func checkReceiptCode(value string) error {
	return checkAlphanumeric("receipt code", value, 1, 20)
}
