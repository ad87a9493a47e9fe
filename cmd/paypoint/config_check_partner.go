package main

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"paypoint/ledger"
	"paypoint/soap"
)

// checkSignature refuses outside the sandbox what anyone could sign with. Each
// setting is tried alone, so that every bad one is named.
func (r *configReader) checkSignature() {
	const path = "partner.signature"
	s := r.cfg.Partner.Signature
	if !slices.Contains(soap.Schemes(), s.Scheme) {
		r.fault(path+".scheme", "unknown scheme %q (known: %s)", s.Scheme, strings.Join(soap.Schemes(), ", "))
	}
	if s.Scheme == soap.SchemeNone && !r.cfg.Sandbox {
		r.fault(path+".scheme", "%q lets anyone book payments: only --sandbox takes it", s.Scheme)
	}
	for i, fill := range s.Fill {
		if len(fill) != 1 || fill[0] < ' ' || fill[0] > '~' {
			r.fault(item(path+".fill", i), "%q: want one printable ASCII character", fill)
		}
	}
	r.checkFields(path+".fields", s.Fields)
	r.checkFields(path+".fields_of.inquiry", s.FieldsOf.Inquiry)
	r.checkFields(path+".fields_of.payment", s.FieldsOf.Payment)
	r.checkFields(path+".fields_of.reversal", s.FieldsOf.Reversal)
	r.checkKeys(path+".keys", s)
}

func (r *configReader) checkFields(key string, names []string) {
	for i, name := range names {
		_, err := soap.NewScheme(soap.SignatureConfig{Fields: []string{name}, Keys: []string{"any"}})
		if err != nil {
			r.fault(item(key, i), "%v", innermost(err))
		}
	}
}

// checkKeys never repeats a key in its faults.
func (r *configReader) checkKeys(path string, s Signature) {
	if s.Scheme == soap.SchemeNone {
		return
	}
	if len(s.Keys) == 0 {
		r.fault(path, "needs a key")
	}
	if len(s.Keys) > soap.MaxKeys {
		r.fault(path, "%d keys: want at most %d, the new one and the old one", len(s.Keys), soap.MaxKeys)
	}
	for i, key := range s.Keys {
		_, err := soap.NewScheme(soap.SignatureConfig{Scheme: s.Scheme, Keys: []string{key.Reveal()}})
		switch {
		case key == "":
			r.fault(item(path, i), "is empty")
		case soap.IsDummy(key.Reveal()) && !r.cfg.Sandbox:
			r.fault(item(path, i), "is the published sample key, with which anyone can sign: only --sandbox takes it")
		case err != nil && slices.Contains(soap.Schemes(), s.Scheme):
			r.fault(item(path, i), "%v", innermost(err))
		}
	}
}

// innermost drops what an error says about where it happened: a fault's key
// says it already.
func innermost(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}

// checkResponses holds the two tables against the reasons that exist. Each row
// is tried alone, so that every bad one is named.
func (r *configReader) checkResponses() {
	p := r.cfg.Partner
	for _, reason := range slices.Sorted(maps.Keys(p.ResponseCodes)) {
		r.checkResponse("partner.response_codes."+reason, reason, soap.Response{Code: p.ResponseCodes[reason]})
	}
	for _, reason := range slices.Sorted(maps.Keys(p.ResponseTexts)) {
		r.checkResponse("partner.response_texts."+reason, reason, soap.Response{Desc: p.ResponseTexts[reason]})
	}
}

func (r *configReader) checkResponse(key, reason string, row soap.Response) {
	_, err := soap.NewCodes(map[ledger.Reason]soap.Response{ledger.Reason(reason): row})
	if err == nil {
		return
	}
	if !slices.Contains(ledger.Reasons(), ledger.Reason(reason)) {
		r.fault(key, "unknown reason (known: %s)", joinReasons(ledger.Reasons()))
		return
	}
	r.fault(key, "%v", innermost(err))
}

func joinReasons(reasons []ledger.Reason) string {
	names := make([]string, len(reasons))
	for i, reason := range reasons {
		names[i] = string(reason)
	}
	return strings.Join(names, ", ")
}
