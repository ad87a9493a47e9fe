package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"time"

	"paypoint/durable"
)

// meter says how much of a file has come or gone.
type meter struct {
	show  func(format string, args ...any)
	name  string
	bytes int64
	told  time.Time
}

// progressInterval keeps a terminal readable.
const progressInterval = 200 * time.Millisecond

// count adds bytes and now and then says how many there are.
func (m *meter) count(n int) {
	m.bytes += int64(n)
	if now := time.Now(); now.Sub(m.told) > progressInterval {
		m.told = now
		m.show("%s: %.1f MB", m.name, float64(m.bytes)/1e6)
	}
}

// Write is io.Writer's.
func (m *meter) Write(b []byte) (int, error) {
	m.count(len(b))
	return len(b), nil
}

// writeWhole writes a file that appears whole or not at all, and says which.
func writeWhole(path string, mode fs.FileMode, write func(io.Writer) error) error {
	if err := durable.WriteWhole(path, mode, write); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// save writes the file that a path answers: to standard output, or to a file that
// appears whole or not at all.
func (s *session) save(path, out string) error {
	return s.operate(func(client *operatorClient) error {
		if out == "" {
			return client.download(s, path, s.out)
		}
		defer s.progress("")
		return writeWhole(out, 0o644, func(w io.Writer) error {
			return client.download(s, path, io.MultiWriter(w, &meter{show: s.progress, name: out}))
		})
	})
}

// work lets the server do what may take long, and shows how far it is: what is
// done, and to what.
func work[T any](s *session, client *operatorClient, path string, body any, doing, units string) (answer T, err error) {
	s.progress("%s", doing)
	err = client.work(s, path, body, func(done, total int) {
		if total == 0 {
			s.progress("%s: %d %s", doing, done, units)
			return
		}
		s.progress("%s: %d of %d %s", doing, done, total, units)
	}, &answer)
	s.progress("")
	return answer, err
}

// upload sends a file and shows the answer.
func upload[T any](s *session, path, file string, print func(T) error) error {
	return s.operate(func(client *operatorClient) error {
		body, err := os.Open(file) // #nosec G304 -- the operator names the file
		if err != nil {
			return err
		}
		defer body.Close()
		answer, err := work[T](s, client, path, io.TeeReader(body, &meter{show: s.progress, name: file}), file, "lines")
		if err != nil {
			return err
		}
		return show(s, answer, print)
	})
}

// list gathers all pages of a list and shows them. rows takes a page apart; no
// cursor is the last one.
func list[P, T any](s *session, path string, query url.Values, rows func(P) (page []T, cursor string), print func([]T) error) error {
	return s.operate(func(client *operatorClient) error {
		query, all := maps.Clone(query), []T{} // none are [] in JSON too
		defer s.progress("")
		for {
			var answer P
			if err := client.call(s, "GET", path+"?"+query.Encode(), nil, &answer); err != nil {
				return err
			}
			page, cursor := rows(answer)
			all = append(all, page...)
			if cursor == "" {
				s.progress("")
				return show(s, all, print)
			}
			s.progress("%d rows", len(all))
			query.Set("cursor", cursor)
		}
	})
}

// filters are the parameters of a list that are given, as name and value.
func filters(pairs ...string) url.Values {
	query := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	return query
}

// tableFile lets a list be written as a file.
type tableFile struct {
	Format string `help:"csv, xlsx or json: a file in the place of the table." enum:",csv,xlsx,json" default:"" placeholder:"FORMAT"`
	Out    string `short:"o" help:"File to write, with --format; standard output when left out." placeholder:"FILE" type:"path"`
}

// Validate refuses a file without a format.
func (f tableFile) Validate() error {
	if f.Out != "" && f.Format == "" {
		return errors.New("--out: needs --format csv, xlsx or json")
	}
	return nil
}

// or writes the file that is wanted, else the table.
func (f tableFile) or(s *session, path string, query url.Values, table func() error) error {
	if f.Format == "" {
		return table()
	}
	query.Set("format", f.Format)
	return s.save(path+"/export?"+query.Encode(), f.Out)
}
