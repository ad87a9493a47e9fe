package delivery

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// fingerprintPrefix begins a fingerprint, as ssh-keygen -l prints it.
const fingerprintPrefix = "SHA256:"

// fingerprintSize is the length of one: SHA-256 in base64 without padding.
const fingerprintSize = len(fingerprintPrefix) + 43

var (
	// ErrHostKey: the server showed a key that is not pinned. It may be another
	// server; nothing was sent to it, the password least of all.
	ErrHostKey = errors.New("the server's host key is not the pinned one")
	// ErrPin: a pinned host key can't be read.
	ErrPin = errors.New("want a line of known_hosts or a fingerprint SHA256:HASH")
)

// pins are the host keys of which a server must show one.
type pins struct {
	fingerprints []string
	// rounds are the signature algorithms to ask a server for, one connection
	// after the other: one that has keys of several kinds shows the one that it
	// is asked for.
	rounds [][]string
}

// anyKind are the rounds for a fingerprint, which doesn't tell its key's kind.
func anyKind() [][]string {
	return [][]string{
		{ssh.KeyAlgoED25519},
		{ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521},
		signsWith(ssh.KeyAlgoRSA),
	}
}

// otherKey says whether a connection failed because the server has no key of
// the kind that was asked for.
func otherKey(err error) bool {
	var none *ssh.AlgorithmNegotiationError
	return errors.As(err, &none) && none.What == "host key"
}

// parsePins reads host keys, each a line of known_hosts (sshd(8), "SSH_KNOWN_HOSTS
// FILE FORMAT"; its host names are not looked at, the key is what is pinned) or
// a SHA-256 fingerprint.
func parsePins(texts []string) (pins, error) {
	if len(texts) == 0 {
		return pins{}, fmt.Errorf("no host key: %w", ErrPin)
	}
	var all pins
	for i, text := range texts {
		fingerprint, rounds, err := parsePin(strings.TrimSpace(text))
		if err != nil {
			return pins{}, fmt.Errorf("host key %d: %w", i+1, err)
		}
		all.fingerprints = append(all.fingerprints, fingerprint)
		for _, round := range rounds {
			if !slices.ContainsFunc(all.rounds, func(r []string) bool { return slices.Equal(r, round) }) {
				all.rounds = append(all.rounds, round)
			}
		}
	}
	return all, nil
}

func parsePin(text string) (fingerprint string, rounds [][]string, err error) {
	if strings.HasPrefix(text, fingerprintPrefix) {
		if len(text) != fingerprintSize {
			return "", nil, fmt.Errorf("fingerprint has %d characters, want %d: %w", len(text), fingerprintSize, ErrPin)
		}
		return text, anyKind(), nil
	}
	marker, _, key, _, rest, err := ssh.ParseKnownHosts([]byte(text))
	if err != nil {
		return "", nil, fmt.Errorf("%w: %w", ErrPin, err)
	}
	// @cert-authority and @revoked say something else than "this is the key".
	if marker != "" || len(rest) > 0 {
		return "", nil, fmt.Errorf("one line without a marker: %w", ErrPin)
	}
	return ssh.FingerprintSHA256(key), [][]string{signsWith(key.Type())}, nil
}

// signsWith are the signature algorithms of a key. RSA keys are asked for under
// the names of RFC 8332; SHA-1 (RFC 4253) is not accepted any more.
func signsWith(keyType string) []string {
	if keyType == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{keyType}
}

// check is an ssh.HostKeyCallback.
func (p pins) check(_ string, _ net.Addr, key ssh.PublicKey) error {
	shown := ssh.FingerprintSHA256(key)
	if !slices.Contains(p.fingerprints, shown) {
		return fmt.Errorf("%w: it shows %s %s", ErrHostKey, key.Type(), shown)
	}
	return nil
}
