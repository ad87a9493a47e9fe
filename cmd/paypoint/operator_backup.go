package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"go.uber.org/zap"

	"paypoint/store/boltdb"
)

const (
	backupPath = "/operator/v1/backup"
	// backupFailed is the trailer that says why a backup broke off.
	backupFailed = "Backup-Failed"
	// backupPatience is how long a command may take no byte of it: the ledger's old
	// pages are kept as long, and its file grows by what is booked.
	backupPatience = time.Minute
)

// backup sends a backup while the server goes on.
func (o *operators) backup(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Trailer", backupFailed)
	controller := http.NewResponseController(w)
	err := o.app.backup(patientWriter{w, controller})
	if err != nil {
		note(r.Context(), zap.Error(err))
		w.Header().Set(backupFailed, printable(err.Error()))
	}
	_ = controller.SetWriteDeadline(time.Time{}) // the connection may bring another request
}

// backup writes a backup of the ledger that is open.
func (a *application) backup(w io.Writer) error {
	file, ok := a.store.(ledgerFileStore)
	if !ok {
		return fmt.Errorf("back up: store %s keeps no file", a.config.Store)
	}
	taken := a.now()
	info, err := file.Backup(w, taken, nil)
	if err != nil {
		return err
	}
	a.log.Info("backup made", zap.Uint64("records", info.Records), zap.Time("last", info.Last), zap.String("sha256", info.SHA256))
	if err := a.upkeep.change(func(r *upkeepRecord) { r.Backup = taken }); err != nil {
		a.log.Error("backup made, and its time can't be kept", zap.Error(err))
	}
	return nil
}

// patientWriter gives each part of an answer the same time to be taken.
type patientWriter struct {
	io.Writer
	controller *http.ResponseController
}

// Write is io.Writer's.
func (p patientWriter) Write(b []byte) (int, error) {
	if err := p.controller.SetWriteDeadline(time.Now().Add(backupPatience)); err != nil {
		return 0, err
	}
	return p.Writer.Write(b)
}

// backup lets the server write a backup to w, and checks it as it passes by.
func (c *operatorClient) backup(ctx context.Context, w io.Writer, progress func(done, total int64)) (boltdb.BackupInfo, error) {
	answer, err := c.send(ctx, http.MethodGet, backupPath, "", nil)
	if err != nil {
		return boltdb.BackupInfo{}, err
	}
	defer answer.Body.Close()
	info, err := boltdb.CheckBackup(io.TeeReader(answer.Body, w), progress)
	if failed := answer.Trailer.Get(backupFailed); failed != "" {
		return info, fmt.Errorf("the server broke off the backup: %s", failed)
	}
	return info, err
}
