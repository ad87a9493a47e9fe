package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// foreignClient is a till written with the SOAP library of another language.
type foreignClient struct {
	name string
	// command is run with the contract's URL behind it; FOLDER stands for an empty folder.
	command []string
	// has fails, with what its Debian packages are, where the machine lacks the library.
	has      []string
	packages string
}

const clientsFolder = "../../testdata/clients"

func foreignClients() []foreignClient {
	return []foreignClient{
		{
			"PHP SoapClient", []string{"php", "php/client.php"},
			[]string{"php", "-r", `exit(extension_loaded("soap") && extension_loaded("openssl") ? 0 : 1);`},
			"php with SoapClient: Debian packages php-cli php-soap",
		},
		{
			"zeep", []string{"/usr/bin/python3", "zeep/client.py"},
			[]string{"/usr/bin/python3", "-c", "import zeep, cryptography"},
			"zeep: Debian packages python3-zeep python3-cryptography",
		},
		{
			"node soap", []string{"node", "node/client.js"},
			[]string{"node", "-e", `require("./node/node_modules/soap")`},
			"node with its packages: Debian packages nodejs npm, then npm ci in testdata/clients/node",
		},
		{
			"gSOAP", []string{"gsoap/run.sh", "FOLDER"},
			[]string{"sh", "-c", "command -v wsdl2h && command -v soapcpp2 && command -v cc && test -e /usr/include/stdsoap2.h && test -e /usr/include/openssl/evp.h"},
			"gSOAP: Debian packages gsoap libgsoap-dev libssl-dev gcc libc6-dev",
		},
		{
			"JAX-WS", []string{"jaxws/run.sh", "FOLDER"},
			[]string{"sh", "-c", "command -v wsimport && command -v javac && command -v java"},
			"JAX-WS: Debian packages jaxws default-jdk-headless",
		},
	}
}

// Every client completes the three operations from the contract alone.
func TestEndToEndForeignClients(t *testing.T) {
	t.Parallel()
	for _, c := range foreignClients() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if !runs(c.has) {
				t.Skip("needs " + c.packages)
			}
			s := newStage(t, stageSetup{})
			code, order := s.charge(chargeTerms{cstore: map[string]any{"product_code": "123000"}})
			records := len(s.journal())
			out := s.runClient(c, code)
			lines := strings.Split(strings.TrimSpace(out), "\n")
			require.Len(t, lines, 3, out)
			receipt := lastEvent[ledger.Paid](s).Receipt
			require.Equal(t, []string{"inquiry 00", "payment 00 " + receipt, "reversal 00"}, lines)
			require.Equal(t, "paid released reversed", s.written(records))
			require.Equal(t, "deny", s.status(order)["transaction_status"])
			require.Zero(t, s.receivable())
		})
	}
}

// runs says whether a command ends well where the clients are.
func runs(command []string) bool {
	probe := exec.Command(command[0], command[1:]...)
	probe.Dir = clientsFolder
	return probe.Run() == nil
}

// clientLimit is how long a client may take, the building of it included.
const clientLimit = 3 * time.Minute

func (s *stage) runClient(c foreignClient, code string) (out string) {
	s.t.Helper()
	args := append(c.command[1:len(c.command):len(c.command)],
		s.url+"/indomaret?wsdl", "code="+code, "amount="+stageAmount.String(), "ref="+tillRef, "store="+tillStore,
		"product=123000", "key="+sandboxPartnerKey, "time="+s.clock.Now().Format(ledger.WireTime))
	for i, arg := range args {
		if arg == "FOLDER" {
			args[i] = s.t.TempDir()
		}
	}
	program := c.command[0]
	if strings.HasSuffix(program, ".sh") {
		path, err := filepath.Abs(filepath.Join(clientsFolder, program))
		require.NoError(s.t, err)
		program = path
	}
	var printed, complaint bytes.Buffer
	ctx, cancel := context.WithTimeout(s.t.Context(), clientLimit)
	defer cancel()
	command := exec.CommandContext(ctx, program, args...)
	command.Dir, command.Stdout, command.Stderr = clientsFolder, &printed, &complaint
	// zeep and PHP cache contracts where the user's caches are.
	command.Env = append(os.Environ(), "XDG_CACHE_HOME="+s.t.TempDir())
	// What a script has started may outlive it and keep the pipes open.
	command.WaitDelay = time.Second
	require.NoError(s.t, command.Run(), complaint.String())
	return printed.String()
}
