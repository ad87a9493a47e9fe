package main

import (
	"net/url"
	"strings"
)

// curl is a command that makes a request, as the examples have it. BASE and KEY
// are the reader's.
type curl struct {
	method, path, body string
	query              []string
}

// parameter adds a parameter's example, if it has one. A header's is left out:
// all headers here are for special cases.
func (c *curl) parameter(p *parameter) {
	switch {
	case p.Example == "":
	case p.In == "path":
		c.path = strings.ReplaceAll(c.path, "{"+p.Name+"}", url.PathEscape(p.Example))
	case p.In == "query":
		c.query = append(c.query, p.Name+"="+p.Example)
	}
}

// String is the command.
func (c *curl) String() string {
	address := "$BASE" + c.path
	if len(c.query) > 0 {
		address += "?" + strings.Join(c.query, "&")
	}
	parts := []string{`curl -s -u "$KEY:" "` + address + `"`}
	switch {
	case c.body != "":
		parts = append(parts, "-H 'Content-Type: application/json'", "-d '"+c.body+"'")
	case c.method != "GET":
		parts = append(parts, "-X "+c.method)
	}
	return strings.Join(parts, " ")
}
