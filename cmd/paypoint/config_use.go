package main

import (
	"maps"
	"slices"
	"strings"

	"paypoint/access"
	"paypoint/charge"
	"paypoint/ledger"
	"paypoint/soap"
)

// agreement is the part of the configuration by which the ledger decides.
func (c Config) agreement() ledger.Agreement {
	p := c.Partner
	return ledger.Agreement{
		PartnerID:         c.Settlement.PartnerID,
		Tolerance:         p.TimestampTolerance,
		RefWindow:         p.TrackingRefWindow,
		Grace:             p.Grace,
		AmountIncludesFee: p.AmountIncludesFee,
		FeeRemitted:       p.FeeRemitted,
		Products:          p.ProductCodes,
		CutOff:            c.Settlement.CutOff.SinceMidnight(),
		CloseDelay:        c.Settlement.CloseDelay,
		RefuseFrom:        p.CutOffWindow.From.SinceMidnight(),
		RefuseTo:          p.CutOffWindow.To.SinceMidnight(),
	}
}

// terms bound what merchants may ask for.
func (c Config) terms() charge.Terms {
	return charge.Terms{
		MinAmount: c.Charge.MinAmount, MaxAmount: c.Charge.MaxAmount,
		DefaultExpiry: c.Charge.DefaultExpiry, MinExpiry: c.Charge.MinExpiry, MaxExpiry: c.Charge.MaxExpiry,
		DefaultProduct: c.Charge.DefaultProductCode, Products: c.Partner.ProductCodes,
	}
}

// responseCodes is the usual table with this agreement's rows laid over it.
func (c Config) responseCodes() (*soap.Codes, error) {
	rows := map[ledger.Reason]soap.Response{}
	for reason, code := range c.Partner.ResponseCodes {
		rows[ledger.Reason(reason)] = soap.Response{Code: code}
	}
	for reason, text := range c.Partner.ResponseTexts {
		rows[ledger.Reason(reason)] = soap.Response{Code: rows[ledger.Reason(reason)].Code, Desc: text}
	}
	return soap.NewCodes(rows)
}

// signature is how the partner signs, for soap.NewScheme.
func (c Config) signature() soap.SignatureConfig {
	s := c.Partner.Signature
	keys := make([]string, len(s.Keys))
	for i, key := range s.Keys {
		keys[i] = key.Reveal()
	}
	return soap.SignatureConfig{
		Scheme: s.Scheme,
		Fields: s.Fields,
		FieldsOf: map[soap.Operation][]string{
			soap.Inquiry:  s.FieldsOf.Inquiry,
			soap.Payment:  s.FieldsOf.Payment,
			soap.Reversal: s.FieldsOf.Reversal,
		},
		Separator: s.Separator,
		Fill:      strings.Join(s.Fill, ""),
		Keys:      keys,
	}
}

// financeTokens are the callers of the finance API.
func (c Config) financeTokens() []access.Token {
	tokens := make([]access.Token, 0, len(c.Finance.Tokens))
	for _, name := range slices.Sorted(maps.Keys(c.Finance.Tokens)) {
		tokens = append(tokens, access.Token{Name: name, SHA256: c.Finance.Tokens[name]})
	}
	return tokens
}
