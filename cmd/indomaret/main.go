package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// The exit codes.
const (
	exitApproved = 0
	// exitRefused: the partner answered with another code than 00.
	exitRefused = 1
	// exitUsage: nothing was sent, for the command was wrong.
	exitUsage = 2
	// exitNoAnswer: no usable answer, even if a reversal repaired that.
	exitNoAnswer = 3
	// exitLocal: the journal or a file here could not be read or written.
	exitLocal = 4
)

// description is what the help begins with.
const description = `Plays Indomaret against a partner's payment point server (specification 1.0.14).

It looks payment codes up, pays them, and takes payments back; each command prints what a till would show, or JSON.
Answers are checked strictly: every documented element there, in order and in its format, the request's ids repeated. An
answer with a defect is as good as none, and so is a SOAP fault or an HTTP error.

Everything sent is kept in a journal, from which "reverse" takes the payment to take back and "settlement" the day's file.

Exit codes: 0 approved, 1 refused by the partner, 2 wrong usage, 3 no usable answer, 4 a file here could not be read or
written. "load" exits with the worst of its messages.`

// grammar is the command line.
type grammar struct {
	Settings settings `embed:""`

	Inquiry    inquiryCmd    `cmd:"" help:"Look a payment code up."`
	Pay        payCmd        `cmd:"" help:"Look a payment code up and pay it; without an answer, take the payment back."`
	Reverse    reverseCmd    `cmd:"" help:"Take a payment back."`
	Load       loadCmd       `cmd:"" help:"Pay many codes as many tills, and measure."`
	Settlement settlementCmd `cmd:"" help:"Write Indomaret's settlement file of a day, from the journal."`
}

// main only turns the exit code into an exit: deferred work is done by then.
func main() { os.Exit(mainCode()) }

// mainCode runs the command under the signals that end it. The first asks it to
// end well, a second kills.
func mainCode() int {
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer restore()
	context.AfterFunc(ctx, restore)
	return run(ctx, os.Args[1:], &desk{
		in: os.Stdin, out: os.Stdout, err: os.Stderr, now: time.Now,
		progress: progressLine{to: os.Stderr, live: isTerminal(os.Stderr)},
	})
}

// run executes one command line and returns its exit code.
func run(ctx context.Context, args []string, d *desk) int {
	var cli grammar
	helped := false
	parser, err := kong.New(&cli,
		kong.Name("indomaret"), kong.Description(description), kong.Writers(d.out, d.err),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.Exit(func(int) { helped = true }), // --help ends here; parsing goes on, to no effect
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(d),
	)
	if err != nil {
		return d.exitCode(err) // a mistake in the grammar, which every test would show
	}
	command, err := parser.Parse(args)
	if helped {
		return exitApproved
	}
	if err != nil {
		return d.exitCode(usageError{err})
	}
	d.settings = &cli.Settings
	return d.exitCode(command.Run())
}

// exitCode says what went wrong, unless the command has, and returns the exit
// code for it.
func (d *desk) exitCode(err error) int {
	var usage usageError
	switch {
	case err == nil:
		return exitApproved
	case errors.Is(err, errRefused):
		return exitRefused
	case errors.Is(err, errNoAnswer):
		return exitNoAnswer
	case errors.As(err, &usage):
		d.complain(usage)
		return exitUsage
	default:
		d.complain(err)
		return exitLocal
	}
}

// complain writes an error where errors go.
func (d *desk) complain(err error) {
	_, _ = fmt.Fprintln(d.err, "indomaret:", err) // nowhere left to report a failure
}
