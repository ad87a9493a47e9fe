package main

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// module is the path that all our packages begin with.
const module = "paypoint"

// areaImports is what each area of the console may import: the frame that it
// stands in, and what it shows.
var areaImports = []string{
	"ledger", "locale", "access", "access/audit", "access/login", "console/frame", "console/held", "console/said", "console/task",
	"reconcile", "reconcile/settlement", "reconcile/partnerfile", "reconcile/match", "reconcile/statement", "reconcile/delivery",
	"reconcile/cases", "reconcile/sheet",
}

var consoleAreas = []string{
	"console/auditlog", "console/cases", "console/merchants", "console/money", "console/notifications", "console/payments", "console/people",
	"console/reconciliation", "console/settlements", "console/signin", "console/stores", "console/system", "console/today",
}

// mayImport lists, for each of our packages, which others of ours it may
// import. Arrows only go to a lower layer, and packages of one layer don't know
// each other, so that each can be read, tested and replaced by itself.
// Whatever is not listed is not allowed, new packages included.
var mayImport = map[string][]string{
	// 1: the domain
	"ledger": {},
	// beside it: what lasts on a disk, how Indonesians write money and time, and the
	// files that pages refer to
	"assets":  {},
	"durable": {},
	"locale":  {"ledger"},
	// imported by tests alone
	"browsertest": {},
	"clocktest":   {},
	// 2: what serves the domain
	"access":                {"ledger", "durable"},
	"access/audit":          {"ledger", "access", "durable"},
	"access/login":          {"access"},
	"wsdl":                  {},
	"wsdl/generate":         {},
	"reconcile/sheet":       {},
	"reconcile/settlement":  {"ledger", "reconcile/sheet"},
	"reconcile/partnerfile": {"ledger"},
	"reconcile/match":       {"ledger"},
	"reconcile/statement":   {"ledger", "reconcile/sheet"},
	"reconcile/delivery":    {"ledger", "durable"},
	"reconcile/cases":       {"ledger", "reconcile/sheet"},
	// imported by tests alone
	"reconcile/delivery/runstest": {"ledger", "reconcile/delivery"},
	"reconcile/sheet/sheettest":   {},
	// 2½: finance's work, done with the parts above
	"reconcile": {
		"ledger", "reconcile/settlement", "reconcile/partnerfile", "reconcile/match", "reconcile/statement", "reconcile/cases", "reconcile/sheet", "durable",
	},
	"store/boltdb":    {"ledger", "durable"},
	"store/memory":    {"ledger"},
	"store/storetest": {"ledger"}, // imported by tests alone
	// 3: what faces the outside
	"store":             {"ledger", "store/boltdb", "store/memory"},
	"soap":              {"ledger", "wsdl"},
	"charge":            {"ledger", "access"},
	"notify":            {"ledger", "access"},
	"notify/notifytest": {"notify"}, // imported by tests alone
	"finance": {
		"ledger", "access", "access/audit", "reconcile", "reconcile/settlement", "reconcile/partnerfile", "reconcile/match", "reconcile/statement",
		"reconcile/delivery", "reconcile/cases", "reconcile/sheet", "durable",
	},
	// the web pages of staff: areas in one frame, which don't know each other
	"console":                 slices.Concat(consoleAreas, areaImports),
	"console/auditlog":        areaImports,
	"console/cases":           areaImports,
	"console/merchants":       areaImports,
	"console/money":           areaImports,
	"console/notifications":   areaImports,
	"console/payments":        areaImports,
	"console/people":          areaImports,
	"console/reconciliation":  areaImports,
	"console/settlements":     areaImports,
	"console/signin":          areaImports,
	"console/stores":          areaImports,
	"console/system":          areaImports,
	"console/today":           areaImports,
	"console/frame":           {"ledger", "locale", "assets", "access", "access/audit", "access/login", "reconcile/sheet"},
	"console/held":            {"ledger", "access"},
	"console/said":            {"console/frame", "reconcile", "reconcile/match"},
	"console/task":            {},
	"console/frame/frametest": {"ledger", "clocktest", "access", "access/audit", "access/login", "console/frame", "store/memory"}, // imported by tests alone
	"console/browser":         {},                                                                                                 // tests alone
	// below charge: what it is documented by and what its customers see
	"charge/page":                {"ledger", "locale", "assets"},
	"charge/openapi":             {},
	"charge/openapi/generate":    {},
	"charge/openapi/openapitest": {"charge/openapi"}, // imported by tests alone
	// 4: the programs
	"cmd/paypoint": {
		"ledger", "access", "durable", "wsdl", "store", "store/boltdb", "store/memory",
		"reconcile", "reconcile/settlement", "reconcile/partnerfile", "reconcile/match", "reconcile/statement", "reconcile/delivery", "reconcile/cases",
		"soap", "charge", "charge/page", "charge/openapi", "notify", "finance",
		"locale", "access/audit", "access/login", "console", "console/merchants", "console/system", "console/today",
	},
	// indomaret signs and speaks by its own few lines: sharing them would hide
	// a mistake from the tests of both.
	"cmd/indomaret": {"wsdl"},
	"bench":         {"access", "ledger", "store/boltdb"},
	"deploy":        {}, // its tests start the programs that read its files
	// what drives the program from its tests, and they themselves
	"torture":         {},
	"torture/disklog": {},
	"torture/model":   {},
	"torture/play":    {"ledger", "store/boltdb"},
	"torture/mutants": {"torture/play"},
}

// listedPackage is what "go list" tells of a package.
type listedPackage struct {
	ImportPath string
	Imports    []string
}

// listPackages asks the go command for packages, with their imports.
func listPackages(t *testing.T, arguments ...string) []listedPackage {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", append([]string{"list"}, arguments...)...)
	command.Dir = "../.."
	out, err := command.Output()
	require.NoError(t, err)
	var all []listedPackage
	for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); {
		var one listedPackage
		require.NoError(t, decoder.Decode(&one))
		all = append(all, one)
	}
	return all
}

func TestImportsOnlyGoDown(t *testing.T) {
	t.Parallel()
	packages := listPackages(t, "-json=ImportPath,Imports", "./...")
	require.NotEmpty(t, packages)
	for _, p := range packages {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		allowed, listed := mayImport[name]
		require.True(t, listed, "%s has no row in mayImport", name)
		for _, imported := range p.Imports {
			if other, ours := strings.CutPrefix(imported, module+"/"); ours {
				require.Contains(t, allowed, other, "%s may not import %s", name, other)
			}
		}
	}
}

// The domain outlives every library: it is Go and nothing else.
func TestImportsOfTheLedgerAreStandard(t *testing.T) {
	t.Parallel()
	standard := listPackages(t, "-json=ImportPath", "std")
	ledger := listPackages(t, "-json=ImportPath,Imports", "./ledger")
	require.Len(t, ledger, 1)
	for _, imported := range ledger[0].Imports {
		require.True(t, slices.ContainsFunc(standard, func(p listedPackage) bool { return p.ImportPath == imported }), imported)
	}
}
