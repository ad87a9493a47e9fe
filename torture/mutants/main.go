package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"paypoint/torture/play"
)

// options are the command line.
type options struct {
	Only []string `help:"Names of the mutants to try; all by default." placeholder:"NAME"`
	JSON bool     `help:"Print JSON for programs."`
	Root string   `default:"." type:"existingdir" help:"The repository."`
}

func main() {
	var o options
	kong.Parse(&o, kong.Name("mutants"), kong.Description("Runs the tests of whole histories against programs with one bug each."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := o.run(ctx); err != nil {
		stop()
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// found is what became of a mutant.
type found struct {
	Name string `json:"name"`
	Bug  string `json:"bug"`
	// By is the first check that failed, with what it said; empty when none did.
	By   string  `json:"by,omitempty"`
	Said string  `json:"said,omitempty"`
	Took float64 `json:"seconds"`
}

func (f found) by() string {
	if f.By == "" {
		return "**not found**"
	}
	return "`" + f.By + "`"
}

func (o options) run(ctx context.Context) error {
	root, err := filepath.Abs(o.Root)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "paypoint-mutants-")
	if err != nil {
		return fmt.Errorf("folder for the mutants: %w", err)
	}
	defer os.RemoveAll(folder)
	wanted, err := selected(mutants(), o.Only)
	if err != nil {
		return err
	}
	// A check that fails without any bug would find them all.
	fmt.Fprintln(os.Stderr, "the program as it is: every check must pass")
	if sound, err := (mutant{name: "none"}).try(ctx, root, folder); err != nil || sound.By != "" {
		return errors.Join(fmt.Errorf("the program as it is: %s fails:\n%s", sound.By, sound.Said), err)
	}
	var all []found
	survived := 0
	for i, m := range wanted {
		fmt.Fprintf(os.Stderr, "%d of %d: %s\n", i+1, len(wanted), m.name)
		one, err := m.try(ctx, root, folder)
		if err != nil {
			return fmt.Errorf("mutant %s: %w", m.name, err)
		}
		fmt.Fprintf(os.Stderr, "  %s, %.0f s\n", one.by(), one.Took)
		if one.By == "" {
			survived++
		}
		all = append(all, one)
	}
	if err := o.print(all); err != nil {
		return err
	}
	if survived > 0 {
		return fmt.Errorf("%d of %d mutants were not found", survived, len(all))
	}
	return nil
}

func selected(all []mutant, names []string) ([]mutant, error) {
	if len(names) == 0 {
		return all, nil
	}
	var chosen []mutant
	for _, name := range names {
		before := len(chosen)
		for _, m := range all {
			if m.name == name {
				chosen = append(chosen, m)
			}
		}
		if len(chosen) == before {
			return nil, fmt.Errorf("--only: there is no mutant %q", name)
		}
	}
	return chosen, nil
}

func (o options) print(all []found) error {
	if o.JSON {
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(all)
	}
	fmt.Println("| bug | found by | after |\n|---|---|---|")
	for _, f := range all {
		fmt.Printf("| %s | %s | %.0f s |\n", f.Bug, f.by(), f.Took)
	}
	return nil
}

// try builds the mutant and runs the checks until one fails.
func (m mutant) try(ctx context.Context, root, folder string) (found, error) {
	overlay, err := m.overlay(root, folder)
	if err != nil {
		return found{}, err
	}
	binary := filepath.Join(folder, m.name)
	if out, err := goCommand(ctx, root, nil, "build", "-overlay", overlay, "-o", binary, "./cmd/paypoint"); err != nil {
		return found{}, fmt.Errorf("build: %w\n%s", err, out)
	}
	result := found{Name: m.name, Bug: m.bug}
	began := time.Now()
	for _, check := range checks() {
		failed, out, err := check.run(ctx, root, binary)
		if err != nil {
			return found{}, err
		}
		if failed {
			result.By, result.Said = check.test, said(out)
			break
		}
	}
	result.Took = time.Since(began).Seconds()
	return result, nil
}

// run runs a check against a binary, and says whether its test failed. Anything else
// that goes wrong, such as a test that can't be compiled, is an error.
func (c check) run(ctx context.Context, root, binary string) (failed bool, out []byte, err error) {
	args := append([]string{"test", "-count=1", "-timeout", checkTime, "-run", "^" + c.test + "$", "./torture"}, c.args...)
	out, err = goCommand(ctx, root, append(c.env, play.BinaryVariable+"="+binary), args...)
	if err != nil && ctx.Err() == nil && bytes.Contains(out, []byte("--- FAIL: "+c.test)) {
		return true, out, nil
	}
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", c.test, err, out)
	}
	return false, out, err
}

// checkTime is how long a check may take, on a slow machine too.
const checkTime = "30m"

// maxSaid is how much of a failed check's words is kept, in bytes.
const maxSaid = 4 << 10

func said(out []byte) string {
	text := string(out)
	if i := strings.Index(text, "--- FAIL"); i >= 0 {
		text = text[i:]
	}
	return text[:min(len(text), maxSaid)]
}

func goCommand(ctx context.Context, root string, env []string, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = root
	command.Env = append(append(os.Environ(), "CGO_ENABLED=0"), env...)
	return command.CombinedOutput()
}

// overlay writes the changed files into folder, and the list by which the go
// command takes them instead of the tree's.
func (m mutant) overlay(root, folder string) (string, error) {
	replaced := map[string]string{}
	for path, text := range m.files {
		changed, err := m.apply(root, path, text)
		if err != nil {
			return "", err
		}
		to := filepath.Join(folder, m.name+"-"+strings.ReplaceAll(path, "/", "-"))
		if err := os.WriteFile(to, changed, 0o600); err != nil {
			return "", err
		}
		replaced[filepath.Join(root, path)] = to
	}
	list, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, m.name+".json")
	return path, os.WriteFile(path, list, 0o600)
}

// apply makes the edits of one file.
func (m mutant) apply(root, path string, edits []edit) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, path)) // #nosec G304 -- a file of this module, from the list of mutants
	if err != nil {
		return nil, err
	}
	changed := string(text)
	for _, e := range edits {
		if n := strings.Count(changed, e.old); n != 1 {
			return nil, fmt.Errorf("%s: the lines to change are there %d times, want once:\n%s", path, n, e.old)
		}
		changed = strings.Replace(changed, e.old, e.new, 1)
	}
	return []byte(changed), nil
}
