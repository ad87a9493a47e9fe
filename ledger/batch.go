package ledger

import "time"

// Batch is the settlement of one business day: its payments, in the order in
// which they were booked. Once closed it never changes.
type Batch struct {
	// Day is the business day, the batch's key.
	Day Day `json:"day"`
	// No counts the closed batches from 1; 0 while open.
	No uint64 `json:"no,omitempty"`
	// ClosedAt is when it was closed; zero while open.
	ClosedAt time.Time `json:"closed_at,omitzero"`
	// ClosedBy is who closed it.
	ClosedBy string `json:"closed_by,omitempty"`
	// Early says that it was closed on request before its time.
	Early bool `json:"early,omitempty"`
	// Reprocessed says that the day may have been closed before, in the gap of a
	// restored ledger, and another file of it be out.
	Reprocessed bool `json:"reprocessed,omitempty"`
	// Partner is the PartnerID with which its file is headed; empty while open.
	Partner string `json:"partner,omitempty"`
	// First and Last are the journal numbers of its first and last line.
	First uint64 `json:"first,omitempty"`
	Last  uint64 `json:"last,omitempty"`
	// Paid counts the payments in force, with their sums.
	Paid       int    `json:"paid,omitempty"`
	PaidAmount Rupiah `json:"paid_amount,omitempty"`
	PaidFee    Rupiah `json:"paid_fee,omitempty"`
	// RemittedFee is the part of PaidFee that the partner remits.
	RemittedFee Rupiah `json:"remitted_fee,omitempty"`
	// Reversed counts the payments that were taken back.
	Reversed       int    `json:"reversed,omitempty"`
	ReversedAmount Rupiah `json:"reversed_amount,omitempty"`
	// Adjustments counts the corrections booked into it, and Adjusted is what
	// Indomaret owes more by them; negative when less.
	Adjustments int    `json:"adjustments,omitempty"`
	Adjusted    Rupiah `json:"adjusted,omitempty"`
	// Transfer is the reference of the bank transfer that was matched to it.
	Transfer string `json:"transfer,omitempty"`
	// SHA256 is the settlement file's hash and PreviousSHA256 that of batch
	// No-1, both hex; empty until the file was first made.
	SHA256         string `json:"sha256,omitempty"`
	PreviousSHA256 string `json:"previous_sha256,omitempty"`
}

// Closed says whether the batch takes no more payments and reversals.
func (b Batch) Closed() bool { return b.No != 0 }

// Net is what the partner owes for the batch.
func (b Batch) Net() Rupiah { return b.PaidAmount + b.RemittedFee + b.Adjusted }

// reach extends the batch to a line that was booked as journal record seq.
func (b *Batch) reach(seq uint64) {
	if b.First == 0 {
		b.First = seq
	}
	b.Last = seq
}

// add counts a payment that was booked as journal record seq.
func (b *Batch) add(p Paid, seq uint64) {
	b.reach(seq)
	b.Paid++
	b.PaidAmount += p.Amount
	b.PaidFee += p.Fee
	if p.FeeRemitted {
		b.RemittedFee += p.Fee
	}
}

// adjust counts a correction that was booked as journal record seq.
func (b *Batch) adjust(e Adjusted, seq uint64) {
	b.reach(seq)
	b.Adjustments++
	b.Adjusted += e.Net()
}

// reverse moves a payment from the paid to the reversed.
func (b *Batch) reverse(t Transaction) {
	b.Paid--
	b.PaidAmount -= t.Amount
	b.PaidFee -= t.Fee
	if t.FeeRemitted {
		b.RemittedFee -= t.Fee
	}
	b.Reversed++
	b.ReversedAmount += t.Amount
}
