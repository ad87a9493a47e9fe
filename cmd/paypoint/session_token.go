package main

import (
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// tokenVariable holds the finance token of the person who asks, where no file
// does. It is no key of the configuration.
const tokenVariable = envPrefix + "FINANCE_TOKEN"

// othersMayRead are the mode bits that a token's file must not have.
const othersMayRead fs.FileMode = 0o077

// token is the finance token of the person who asks; empty is the operator's own
// name. No error holds it.
func (s *session) token() (Secret, error) {
	if s.flags.TokenFile == "" {
		for _, entry := range s.environ {
			if text, found := strings.CutPrefix(entry, tokenVariable+"="); found {
				return Secret(strings.TrimSpace(text)), nil
			}
		}
		return "", nil
	}
	info, err := os.Stat(s.flags.TokenFile)
	if err != nil {
		return "", fmt.Errorf("%w: --token-file: %w", errUsage, err)
	}
	if info.Mode().Perm()&othersMayRead != 0 {
		return "", fmt.Errorf("%w: --token-file: %s has mode %04o: want 0600", errUsage, s.flags.TokenFile, info.Mode().Perm())
	}
	text, err := readLimited(s.flags.TokenFile, maxSecretBytes)
	if err != nil {
		return "", fmt.Errorf("%w: --token-file: %w", errUsage, err)
	}
	token := Secret(strings.TrimSpace(string(text)))
	if token == "" {
		return "", fmt.Errorf("%w: --token-file: %s is empty", errUsage, s.flags.TokenFile)
	}
	return token, nil
}

// operateElsewhere runs a command against the finance API at a URL. A redirect is
// not followed: the token is for one server.
func (s *session) operateElsewhere(token Secret, command func(*operatorClient) error) error {
	u, err := url.Parse(s.flags.URL)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("%w: --url: want https://HOST[:PORT] and nothing more", errUsage)
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return fmt.Errorf("%w: --url: want https, which hides the token on its way", errUsage)
	case token == "":
		return fmt.Errorf("%w: --url needs a person's token: --token-file FILE, or %s", errUsage, tokenVariable)
	}
	client := &operatorClient{
		http: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		base: strings.TrimSuffix(s.flags.URL, "/"), token: token,
	}
	defer client.close()
	return command(client)
}

// isLoopback says whether a host is this machine by its own text.
func isLoopback(host string) bool {
	address := net.ParseIP(host)
	return host == "localhost" || address != nil && address.IsLoopback()
}
