package main

import (
	"strings"

	"paypoint/charge"
	"paypoint/ledger"
	"paypoint/reconcile/cases"
	"paypoint/reconcile/delivery"
	"paypoint/reconcile/statement"
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

// sftpServer is where files are exchanged.
func (c Config) sftpServer() delivery.Server {
	s := c.Delivery.SFTP
	return delivery.Server{
		Address: s.Address, User: s.User, HostKeys: s.HostKeys, Quiet: s.Quiet,
		KeyFile: s.KeyFile, PassphraseFile: s.PassphraseFile, PasswordFile: s.PasswordFile,
	}
}

// mailServer is what takes our mail.
func (c Config) mailServer() delivery.MailServer {
	m := c.Delivery.Mail
	return delivery.MailServer{
		Address: m.Address, Security: delivery.Security(m.Security), User: m.User, PasswordFile: m.PasswordFile, From: m.From, CAFile: m.CAFile,
	}
}

// issuer is who settles with merchants.
func (c Config) issuer() statement.Party {
	i := c.Statements.Issuer
	return statement.Party{Name: i.Name, TaxID: i.TaxID, Address: i.Address}
}

// calendar tells on which days cases age.
func (c Config) calendar() cases.Calendar { return cases.Calendar{Holidays: c.Reconcile.Holidays} }
