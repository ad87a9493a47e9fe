package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// mostCharges ends a run that makes charges; --limit mostly does so before.
const mostCharges = 200_000

// options are the command line.
type options struct {
	Part     []part        `default:"payments,charges,notifications,steady" enum:"payments,charges,notifications,steady,console" help:"What to measure: payments at the till; charges made by merchants, at ${peer_clients} clients; payments of which the merchant is notified, at ${peer_clients} clients; 500 messages a second at the till, from ${peer_clients} clients; pages of the console, and searches."`
	Codes    []int         `default:"10000,1000000" help:"Open codes in the ledger. Charges are measured beside the smallest number."`
	Notified int           `default:"40000" help:"Open codes in the ledger of the part notifications."`
	Clients  []int         `default:"1,16,64,256" help:"Clients at once that pay."`
	Rounds   int           `default:"5" help:"Runs of each cell; the table shows medians."`
	Limit    time.Duration `default:"4s" help:"Longest run."`
	Lasts    time.Duration `default:"60s" help:"A run of the part steady, of which there is one a round, beside the largest number of codes."`
	Sold     int           `default:"1000000" help:"Payments in the ledger of the part console."`
	Looks    int           `default:"40" help:"How often the part console asks for each page."`
	Peers    bool          `help:"Run the servers in bench/peers, too, at ${peer_clients} clients. Installs their npm packages when they are missing."`
	JSON     bool          `help:"Print JSON for programs, with every run."`
	Dir      string        `help:"Folder for the ledgers, on the disk to measure. Default: the system's folder for temporary files."`
	Paypoint string        `default:"bin/paypoint" help:"The binary to measure."`
	Root     string        `default:"." type:"existingdir" help:"The repository."`
}

func main() {
	var o options
	kong.Parse(&o, commandLine()...)
	// The load takes one core at most, so that a server always has the other.
	runtime.GOMAXPROCS(1)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := o.run(ctx); err != nil {
		stop()
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// commandLine is how the options are explained.
func commandLine() []kong.Option {
	return []kong.Option{
		kong.Name("bench"),
		kong.Description("Measures durable payments per second through SOAP, charges through the merchants' API, and what notifications cost."),
		kong.Vars{"peer_clients": fmt.Sprint(peerClients)},
	}
}

// run measures and prints.
func (o options) run(ctx context.Context) (err error) {
	p, err := o.plan()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(p.dir)) }()
	if o.Peers {
		fmt.Fprintln(os.Stderr, "installing the Node peers' packages, unless they are there: better-sqlite3 is compiled")
		if err := installNode(ctx, o.Root); err != nil {
			return err
		}
	}
	if slices.Contains(o.Part, console) {
		if err := o.showConsole(ctx, p.dir); err != nil || len(p.sections) == 0 {
			return err
		}
	}
	line := progressLine{to: os.Stderr, started: time.Now(), rewrite: isTerminal(os.Stderr)}
	outcomes, err := p.race(ctx, line.show)
	line.end()
	if err != nil {
		return err
	}
	r := newReport(outcomes)
	if o.JSON {
		return r.writeJSON(os.Stdout)
	}
	return r.writeText(os.Stdout)
}

// plan checks the options and makes the scratch folder.
func (o options) plan() (plan, error) {
	if o.Rounds < 1 || o.Limit <= 0 || o.Lasts < steadyPace || len(o.Part) == 0 || len(o.Codes) == 0 || len(o.Clients) == 0 {
		return plan{}, errors.New("--rounds, --limit, --lasts, --part, --codes and --clients must be more than nothing")
	}
	for _, n := range slices.Concat(o.Codes, o.Clients, []int{o.Notified, o.Sold, o.Looks}) {
		if n < 1 {
			return plan{}, fmt.Errorf("--codes, --clients, --notified, --sold and --looks: %d is not a number above 0", n)
		}
	}
	if o.Peers && !slices.Contains(o.Part, payments) {
		return plan{}, errors.New("--peers race payments: --part must name those")
	}
	binary, binaryErr := filepath.Abs(o.Paypoint)
	root, rootErr := filepath.Abs(o.Root)
	if err := errors.Join(binaryErr, rootErr); err != nil {
		return plan{}, fmt.Errorf("find the repository: %w", err)
	}
	if _, err := os.Stat(binary); err != nil {
		return plan{}, fmt.Errorf("nothing to measure, run `make build` first: %w", err)
	}
	dir, err := scratchFolder(o.Dir)
	return plan{sections: o.sections(binary, root), peerClients: peerClients, rounds: o.Rounds, limit: o.Limit, dir: dir}, err
}

// sections are the parts that were asked for, each once, in the order in which the help names them.
func (o options) sections(binary, root string) []section {
	var all []section
	if slices.Contains(o.Part, payments) {
		contenders := paypoints(binary)
		if o.Peers {
			contenders = append(contenders, peers(root)...)
		}
		all = append(all, section{part: payments, contenders: contenders, codes: o.Codes, clients: o.Clients})
	}
	clients := []int{peerClients}
	if slices.Contains(o.Part, charges) {
		all = append(all, section{part: charges, contenders: paypoints(binary), codes: []int{slices.Min(o.Codes)}, clients: clients, count: mostCharges})
	}
	if slices.Contains(o.Part, notifications) {
		all = append(all, section{part: notifications, contenders: notified(binary), codes: []int{o.Notified}, clients: clients})
	}
	if slices.Contains(o.Part, steady) {
		all = append(all, section{part: steady, contenders: paypoints(binary)[:1], codes: []int{slices.Max(o.Codes)}, clients: clients, count: int(o.Lasts / steadyPace)})
	}
	return all
}

// scratchFolder makes a new folder in parent that PostgreSQL's own user can enter, too.
func scratchFolder(parent string) (string, error) {
	dir, err := os.MkdirTemp(parent, "paypoint-bench-")
	if err != nil {
		return "", fmt.Errorf("make scratch folder: %w", err)
	}
	memory, err := inMemory(dir)
	if err == nil && memory {
		err = fmt.Errorf("%s lies in memory, where no payment is durable: name a folder on a disk with --dir", dir)
	}
	err = errors.Join(err, os.Chmod(dir, 0o711)) // #nosec G302 -- PostgreSQL's user goes through
	if err != nil {
		return "", errors.Join(err, os.Remove(dir))
	}
	return filepath.Abs(dir)
}
