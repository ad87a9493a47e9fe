package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"go.uber.org/zap"

	"paypoint/ledger"
	"paypoint/reconcile/delivery"
	"paypoint/reconcile/settlement"
)

// settleSteps close a day and bring its file to whoever gets it. Each may be done
// again: a closed day stays as it is, its file has the same bytes each time, and
// delivery knows what it has delivered.
func (a *application) settleSteps() []delivery.Step {
	steps := []delivery.Step{{Name: "close", Do: a.closeDay}, {Name: "export", Do: a.exportDay}}
	if a.config.Delivery.SFTP.PutFolder != "" {
		steps = append(steps, delivery.Step{Name: "upload", Do: a.uploadDay})
	}
	if a.config.Delivery.Mail.Address != "" {
		steps = append(steps, delivery.Step{Name: "mail", Do: a.mailDay})
	}
	for i := range steps {
		steps[i].After = a.config.Settlement.CloseDelay
	}
	return steps
}

func (a *application) closeDay(ctx context.Context, day ledger.Day) error {
	_, err := a.settlement.Close(ctx, day, false, scheduleBy)
	return err
}

// settlementFile is where the schedule leaves a day's file.
func (a *application) settlementFile(day ledger.Day) string {
	return filepath.Join(a.config.DataDir, "settlements", settlement.FileName(day, settlement.TXT))
}

// exportDay writes a day's file, whole or not at all.
func (a *application) exportDay(ctx context.Context, day ledger.Day) error {
	file := a.settlementFile(day)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fmt.Errorf("export settlement %s: %w", day, err)
	}
	return writeWhole(file, 0o600, func(w io.Writer) error { return a.settlement.Export(ctx, day, settlement.TXT, w, nil) })
}

// exported is a day's file, which is written again where somebody took it away.
func (a *application) exported(ctx context.Context, day ledger.Day) (string, error) {
	file := a.settlementFile(day)
	_, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		err = a.exportDay(ctx, day)
	}
	return file, err
}

// uploadDay brings a day's file to Indomaret.
func (a *application) uploadDay(ctx context.Context, day ledger.Day) error {
	file, err := a.exported(ctx, day)
	if err != nil {
		return err
	}
	receipt, err := a.config.sftpServer().Put(ctx, file, path.Join(a.config.Delivery.SFTP.PutFolder, filepath.Base(file)))
	if err != nil {
		return err
	}
	a.log.Info("settlement file uploaded", zap.String("day", string(day)), zap.String("path", receipt.Path), zap.Int64("bytes", receipt.Size),
		zap.String("sha256", receipt.SHA256), zap.String("outcome", string(receipt.Outcome)), zap.Bool("synced", receipt.Synced))
	return nil
}

// mailDay sends a day's file, or where it is if it is too large for mail.
func (a *application) mailDay(ctx context.Context, day ledger.Day) error {
	file, err := a.exported(ctx, day)
	if err != nil {
		return err
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	batch, err := a.settlement.Get(ctx, day)
	if err != nil {
		return err
	}
	letter := settlementLetter(batch)
	if info.Size() <= delivery.MaxAttached {
		letter.Files = []string{file}
	} else {
		letter.Text += fmt.Sprintf("\nThe file has %d bytes, too many for a mail: paypoint settlement export %s\n", info.Size(), day)
	}
	return a.send(ctx, letter)
}

// settlementLetter tells of a closed day. Net is what was paid, the fees that
// Indomaret remits, and the corrections.
func settlementLetter(b ledger.Batch) delivery.Letter {
	totals := settlement.TotalsOf(b)
	return delivery.Letter{
		ID: "settlement/" + string(b.Day), Date: b.ClosedAt,
		Subject: fmt.Sprintf("Settlement %s: %s, Rp %d net", b.Day, plural(totals.Paid, "payment"), totals.Net),
		Text: fmt.Sprintf("Business day %s is closed as batch %d.\n\n"+
			"Paid       %s, Rp %d\nFees       Rp %d, of which Indomaret remits Rp %d\nAdjusted   %s, Rp %d\nNet        Rp %d\nReversed   %s, Rp %d\nSHA-256    %s\n",
			b.Day, b.No, plural(totals.Paid, "payment"), totals.Amount, totals.Fee, b.RemittedFee, plural(totals.Adjustments, "correction"), totals.Adjusted,
			totals.Net, plural(totals.Reversed, "payment"), totals.ReversedAmount, b.SHA256),
	}
}

// send sends a letter to those whom the configuration names.
func (a *application) send(ctx context.Context, letter delivery.Letter) error {
	letter.To = a.config.Delivery.Mail.To
	id, err := a.config.mailServer().Send(ctx, letter)
	if err == nil {
		a.log.Info("mail sent", zap.String("letter", letter.ID), zap.String("message_id", id), zap.Int("recipients", len(letter.To)))
	}
	return err
}
