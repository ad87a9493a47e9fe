package finance

import (
	"errors"
	"net/http"
	"time"

	"paypoint/ledger"
	"paypoint/reconcile/partnerfile"
)

// Trial is how the profile understands a file. Nothing of the file is kept.
type Trial struct {
	// OK says that the file would be taken.
	OK bool `json:"ok"`
	// Profile is what is wrong with the profile itself; then nothing was read.
	Profile []ProfileFault `json:"profile,omitempty"`
	// Lines are the first that were understood, Faults the first that were not;
	// More says that there are more faults.
	Lines  []TrialLine  `json:"lines"`
	Faults []TrialFault `json:"faults"`
	More   bool         `json:"more"`
	// Error is what is wrong with the file as a whole.
	Error   string       `json:"error,omitempty"`
	Summary TrialSummary `json:"summary"`
}

// ProfileFault is one thing that is wrong with a profile.
type ProfileFault struct {
	// Key is the path of the key in the profile: columns.amount.position.
	Key string `json:"key"`
	// Problem says what is wrong and what is wanted.
	Problem string `json:"problem"`
}

// TrialLine is a payment as it was understood. The phone number is masked.
type TrialLine struct {
	// Line is the line's number from 1 on, of a workbook the row's.
	Line  int                `json:"line"`
	Code  ledger.PaymentCode `json:"code"`
	Ref   ledger.TrackingRef `json:"ref"`
	Store string             `json:"store,omitempty"`
	// At is when it was paid, Day the business day of that.
	At  time.Time  `json:"at"`
	Day ledger.Day `json:"day"`
	// Amount is without the fee.
	Amount   ledger.Rupiah `json:"amount"`
	Fee      ledger.Rupiah `json:"fee"`
	Reversed bool          `json:"reversed"`
	// Phone shows the last three digits only.
	Phone string `json:"phone,omitempty"`
}

// TrialFault is what is wrong with one line.
type TrialFault struct {
	Line int `json:"line"`
	// Column is the profile's key of the value; empty where the line is at fault.
	Column string `json:"column,omitempty"`
	// Text is what stands there, cut short, phone numbers masked; Rule what is wrong
	// with it.
	Text string `json:"text,omitempty"`
	Rule string `json:"rule"`
}

// TrialSummary is what the file holds as a whole, as far as it was understood.
type TrialSummary struct {
	// Profile is the name of the profile, Day the file's business day, Sequence its
	// number among those of its day.
	Profile  string     `json:"profile,omitempty"`
	Day      ledger.Day `json:"day,omitempty"`
	Sequence int        `json:"sequence,omitempty"`
	// Lines counts payments, Paid and Reversed those of a status.
	Lines    int `json:"lines"`
	Paid     int `json:"paid"`
	Reversed int `json:"reversed"`
	// Amount and Fee are sums of paid lines, ReversedAmount of reversed ones.
	Amount         ledger.Rupiah `json:"amount"`
	Fee            ledger.Rupiah `json:"fee"`
	ReversedAmount ledger.Rupiah `json:"reversed_amount"`
	// Phones counts lines with a phone number.
	Phones int `json:"phones"`
	// First and Last are the earliest and the latest payment.
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
	// Bytes and SHA256 are the file's as it came, when it was read to its end.
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256,omitempty"`
}

// tryProfile reads a file by the profile of the configuration, and keeps nothing.
func (a *api) tryProfile(c *call) error {
	day, name, err := fileQuery(c)
	if err != nil {
		return err
	}
	body, err := c.upload(partnerfile.MaxFile)
	if err != nil {
		return err
	}
	options := partnerfile.Options{Day: day, Name: name, CutOff: a.CutOff, TempFolder: a.TempDir}
	trial := partnerfile.Try(c.r.Context(), body, a.Profile, options, partnerfile.Bounds{})
	if err := ours(trial.Err); err != nil {
		return err
	}
	return c.reply(http.StatusOK, TrialOf(trial))
}

// ours is the error of a trial that says nothing of the file.
func ours(err error) error {
	if err == nil {
		return nil
	}
	for _, about := range []error{
		partnerfile.ErrFormat, partnerfile.ErrTruncated, partnerfile.ErrTooLarge, partnerfile.ErrTrailer,
		partnerfile.ErrOtherDay, partnerfile.ErrOtherPartner, partnerfile.ErrName,
	} {
		if errors.Is(err, about) && !errors.As(err, new(failure)) {
			return nil
		}
	}
	return err
}

// TrialOf is a trial as the API shows it.
func TrialOf(t partnerfile.Trial) Trial {
	s := t.Summary
	view := Trial{
		OK: t.OK(), More: t.More, Lines: []TrialLine{}, Faults: []TrialFault{},
		Summary: TrialSummary{
			Profile: s.Profile, Day: s.Day, Sequence: s.Sequence, Lines: s.Lines, Paid: s.Paid, Reversed: s.Reversed,
			Amount: s.Amount, Fee: s.Fee, ReversedAmount: s.ReversedAmount, Phones: s.Phones,
			First: moment(s.First), Last: moment(s.Last), Bytes: s.Bytes, SHA256: s.SHA256,
		},
	}
	if t.Err != nil {
		view.Error = t.Err.Error()
	}
	for _, f := range t.Profile {
		view.Profile = append(view.Profile, ProfileFault(f))
	}
	for _, l := range t.Lines {
		view.Lines = append(view.Lines, TrialLine{
			Line: l.Number, Code: l.Code, Ref: l.Ref, Store: l.Store, At: moment(l.At), Day: l.Day,
			Amount: l.Amount, Fee: l.Fee, Reversed: l.Reversed, Phone: l.Phone.String(),
		})
	}
	for _, f := range t.Faults {
		view.Faults = append(view.Faults, TrialFault{Line: f.Line, Column: f.Column, Text: f.Text, Rule: f.Rule})
	}
	return view
}
