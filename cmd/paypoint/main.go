package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"paypoint/access"
)

// The exit codes of every command.
const (
	exitDone = iota
	exitFailed
	// exitUsage: the command line or the configuration is wrong.
	exitUsage
	// exitDiffers: verify found that the ledger is not what its journal says.
	exitDiffers
	// exitUnmatched: a day was matched, and Indomaret's file and the ledger do not
	// agree; or a file does not fit its profile.
	exitUnmatched
)

// version is set by the linker.
var version = "development"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends what does not heed the first, such as a compaction of
	// hours: all of it may be killed at any time.
	context.AfterFunc(ctx, stop)
	code := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// commandLine is what paypoint understands.
type commandLine struct {
	Config  string `help:"YAML configuration file." placeholder:"FILE" type:"path"`
	Data    string `help:"Data directory; wins over the configuration." placeholder:"DIR" type:"path"`
	Sandbox bool   `help:"Use the sandbox's values where nothing else is set."`
	JSON    bool   `name:"json" help:"Print JSON for programs."`

	TokenFile string `help:"File with the finance token of the person who asks, mode 0600; else PAYPOINT_FINANCE_TOKEN." placeholder:"FILE" type:"path"`
	URL       string `name:"url" help:"Ask the finance API of a server elsewhere, https://HOST[:PORT]; needs a token." placeholder:"URL"`

	Serve        serveCommand        `cmd:"" help:"Run the server."`
	Verify       verifyCommand       `cmd:"" help:"Check every record, row and total of a ledger or backup."`
	Backup       backupCommand       `cmd:"" help:"Copy the ledger to a file, beside a running server."`
	Restore      restoreCommand      `cmd:"" help:"Make a ledger of a backup and the shipped journal."`
	Compact      compactCommand      `cmd:"" help:"Make a stopped server's ledger file as small as it can be."`
	Settlement   settlementCommand   `cmd:"" help:"Close business days and export their files."`
	Reconcile    reconcileCommand    `cmd:"" help:"Take Indomaret's files and match them with the ledger."`
	Case         caseCommand         `cmd:"" help:"Work on what differs: note, propose, approve."`
	Recovery     recoveryCommand     `cmd:"" help:"Fill the gap of a restored ledger from Indomaret's files, and sign it off."`
	Statement    statementCommand    `cmd:"" help:"Close merchants' statements and export them."`
	Transfer     transferCommand     `cmd:"" help:"Record Indomaret's bank transfers and match them with days."`
	Payout       payoutCommand       `cmd:"" help:"Record what was paid out to merchants and customers."`
	TrialBalance trialBalanceCommand `cmd:"" help:"Print every account with its balance; a sound ledger sums to zero."`
	Schedule     scheduleCommand     `cmd:"" help:"See how the daily jobs go, and run one again."`
	User         userCommand         `cmd:"" help:"Add the persons who work here, with their roles, passwords and tokens."`
	Merchant     merchantCommand     `cmd:"" help:"Add and list merchants, rotate their keys."`
	Notification notificationCommand `cmd:"" help:"See what merchants are told, and send it again."`
	Scans        scansCommand        `cmd:"" help:"Show the stores that ask for unknown codes."`
	Product      productCommand      `cmd:"" help:"Pause and resume products."`
	Maintenance  maintenanceCommand  `cmd:"" help:"Stop and start inquiries and payments."`
	ConfigFile   configCommand       `cmd:"" name:"config" help:"Check the configuration."`
	SandboxTools sandboxCommand      `cmd:"" name:"sandbox" help:"Turn a sandbox's clock."`
	Version      versionCommand      `cmd:"" help:"Print the version."`
}

// flagDefaults are the defaults of flags that another package decides.
func flagDefaults() kong.Vars {
	return kong.Vars{"default_hold": access.DefaultHold.String(), "default_old_key": access.DefaultOldKey.String()}
}

// session is what a command runs in.
type session struct {
	// Context ends when the process is told to stop.
	context.Context
	flags   commandLine
	environ []string
	// out is for what was asked for, err for progress and failures.
	out, err io.Writer
}

const description = `paypoint sells through every Indomaret till.

Commands find a running server by the socket in its data directory, and open
the ledger themselves when none runs.

Finance's acts are recorded under the person whose token is given, else under
the operator's name; what one proposes and another approves needs persons.

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 the ledger is
not what its journal says, 4 Indomaret's file and the ledger do not agree.`

// run is the program: it parses the arguments, runs a command and returns its
// exit code.
func run(ctx context.Context, args, environ []string, out, errOut io.Writer) int {
	s := &session{Context: ctx, environ: environ, out: out, err: errOut}
	exited := false
	parser, err := kong.New(&s.flags,
		kong.Name("paypoint"), kong.Description(description),
		kong.Writers(out, errOut), kong.Exit(func(int) { exited = true }),
		flagDefaults(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}), kong.UsageOnError(),
	)
	if err != nil {
		fmt.Fprintln(errOut, "paypoint:", err)
		return exitUsage
	}
	command, err := parser.Parse(args)
	if exited {
		return exitDone // help was asked for and printed
	}
	if err != nil {
		fmt.Fprintf(errOut, "paypoint: %v\nTry: paypoint --help\n", err)
		return exitUsage
	}
	if err := command.Run(s); err != nil {
		fmt.Fprintln(errOut, "paypoint:", printableLines(err.Error()))
		return exitCode(err)
	}
	return exitDone
}

// errUsage marks an error of the command line.
var errUsage = errors.New("wrong usage")

// errDiffers marks what verify found.
var errDiffers = errors.New("the ledger is not what its journal says")

// errUnmatched marks what a match found, errRefusedFile the trial of a profile.
var (
	errUnmatched   = errors.New("the file of Indomaret and the ledger do not agree")
	errRefusedFile = errors.New("import would refuse the file")
)

func exitCode(err error) int {
	var config *ConfigError
	switch {
	case errors.Is(err, errDiffers):
		return exitDiffers
	case errors.Is(err, errUnmatched), errors.Is(err, errRefusedFile):
		return exitUnmatched
	case errors.Is(err, errUsage), errors.As(err, &config):
		return exitUsage
	default:
		return exitFailed
	}
}

// loadConfig is the configuration that the flags name.
func (s *session) loadConfig(flags Overrides) (Config, error) {
	flags.DataDir, flags.Sandbox = s.flags.Data, s.flags.Sandbox
	return LoadConfig(s.flags.Config, s.environ, flags)
}
