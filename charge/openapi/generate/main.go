package main

import (
	"bytes"
	"fmt"
	"os"
)

// outputMode lets everyone read the page and only its owner write it.
const outputMode = 0o644

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// run reads the document at args[0] and writes its page to args[1].
func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("want 2 arguments, DOCUMENT.yaml and PAGE.html, got %d", len(args))
	}
	text, err := os.ReadFile(args[0])
	if err != nil {
		return fmt.Errorf("read the document: %w", err)
	}
	page, err := generate(text)
	if err != nil {
		return fmt.Errorf("make the page of %s: %w", args[0], err)
	}
	if err := os.WriteFile(args[1], page, outputMode); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

// generate is the page of a document.
func generate(text []byte) ([]byte, error) {
	document, err := parse(text)
	if err != nil {
		return nil, err
	}
	view, err := document.view()
	if err != nil {
		return nil, err
	}
	templates, err := parseTemplates()
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	if err := templates.ExecuteTemplate(&page, "page.html", view); err != nil {
		return nil, fmt.Errorf("fill the template: %w", err)
	}
	return page.Bytes(), nil
}
