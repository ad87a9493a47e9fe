package main

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"paypoint/reconcile/statement"
)

// Fault is one thing that is wrong with a configuration.
type Fault struct {
	// Source is the file, the variable or the flag that holds the value.
	Source string
	// Line is the line in the file; 0 where there is none.
	Line int
	// Key is the path of the key; empty for a fault of the whole file.
	Key string
	// Problem says what is wrong and what is wanted. It never holds a secret.
	Problem string
}

// String writes paypoint.yaml:12: partner.signature.scheme: unknown scheme "foo".
func (f Fault) String() string {
	text := f.Source
	if f.Line > 0 {
		text = fmt.Sprintf("%s:%d", f.Source, f.Line)
	}
	for _, part := range []string{f.Key, f.Problem} {
		if text != "" && part != "" {
			text += ": "
		}
		text += part
	}
	return text
}

// ConfigError is all that is wrong with a configuration, in the file's order.
type ConfigError struct {
	Faults []Fault
}

// Error writes one fault a line.
func (e *ConfigError) Error() string {
	lines := make([]string, len(e.Faults))
	for i, fault := range e.Faults {
		lines[i] = fault.String()
	}
	return strings.Join(lines, "\n")
}

// origin is where a value came from.
type origin struct {
	name string
	line int
}

// configReader fills a Config and collects what is wrong. The YAML library
// parses; its decoder is not used, because it stops at the first fault and an
// operator wants to see them all.
type configReader struct {
	cfg      *Config
	file     string
	settings []setting
	origins  map[string]origin // by key, section and list item
	faults   []Fault
}

func newConfigReader(cfg *Config, file string) *configReader {
	return &configReader{cfg: cfg, file: file, settings: settings(cfg), origins: map[string]origin{}}
}

// fault reports what is wrong with a key, once: a value that could not be read
// is not also reported as missing.
func (r *configReader) fault(key, format string, args ...any) {
	known := func(f Fault) bool {
		return f.Key == key || strings.HasPrefix(f.Key, key+"[") || strings.HasPrefix(f.Key, key+".")
	}
	if slices.ContainsFunc(r.faults, known) {
		return
	}
	at := r.origin(key)
	r.faults = append(r.faults, Fault{Source: at.name, Line: at.line, Key: key, Problem: fmt.Sprintf(format, args...)})
}

// origin finds where a key was set, or the nearest thing around it that was:
// a missing key is reported at the line of its section.
func (r *configReader) origin(key string) origin {
	for key != "" {
		if at, found := r.origins[key]; found {
			return at
		}
		key = key[:max(0, strings.LastIndexAny(key, ".["))]
	}
	return origin{name: r.file}
}

// failure is all the faults, those of the file first and by line.
func (r *configReader) failure() error {
	slices.SortStableFunc(r.faults, func(a, b Fault) int {
		if a.Line == 0 || b.Line == 0 {
			return cmp.Compare(b.Line, a.Line)
		}
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Key, b.Key))
	})
	return &ConfigError{Faults: r.faults}
}

// readFile reads the YAML. It is false when the text holds no keys that could
// be read, so that nothing more can be said of it.
func (r *configReader) readFile(text []byte) bool {
	parsed, err := parser.ParseBytes(text, 0)
	if err != nil {
		problem, line := yamlFault(err)
		r.faults = append(r.faults, Fault{Source: r.file, Line: line, Problem: problem})
		return false
	}
	if len(parsed.Docs) == 0 { // "..." alone ends a document that never began
		return true
	}
	if len(parsed.Docs) > 1 {
		r.faults = append(r.faults, Fault{Source: r.file, Line: lineOf(parsed.Docs[1]), Problem: "a second document: want one"})
	}
	switch body := parsed.Docs[0].Body.(type) {
	case nil, *ast.CommentGroupNode, *ast.NullNode: // nothing is set
	case *ast.MappingNode:
		r.readSection("", body)
	default:
		r.faults = append(r.faults, Fault{Source: r.file, Line: lineOf(body), Problem: "want keys and values"})
		return false
	}
	return true
}

// yamlFault is what the YAML library finds wrong, and the line, 0 where there is
// none. Only the message is kept: the library's own text shows the lines around
// the fault, and a key may stand there.
func yamlFault(err error) (problem string, line int) {
	var fault yaml.Error
	if !errors.As(err, &fault) {
		return "not YAML", 0
	}
	if token := fault.GetToken(); token != nil && token.Position != nil {
		line = token.Position.Line
	}
	return fault.GetMessage(), line
}

// readSection reads the keys under prefix, which is empty or ends in a dot.
func (r *configReader) readSection(prefix string, section *ast.MappingNode) {
	for _, entry := range section.Values {
		name := entry.Key.GetToken().Value
		path := prefix + name
		r.origins[path] = origin{name: r.file, line: lineOf(entry.Key)}
		// A name with dots in it is no short cut into a section: it is unknown.
		if known := r.keysUnder(prefix); !slices.Contains(known, name) {
			r.unknownKey(path, known)
			continue
		}
		if s, found := r.setting(path); found {
			r.readValue(s, entry.Value)
			continue
		}
		switch node := entry.Value.(type) {
		case *ast.NullNode: // a section whose keys are all commented out
		case *ast.MappingNode:
			r.readSection(path+".", node)
		default:
			r.fault(path, "want keys and values under it")
		}
	}
}

// unknownKey reports a key that is none, or was one in an earlier version.
func (r *configReader) unknownKey(path string, known []string) {
	if path == "finance" {
		r.fault(path, "is gone: finance tokens belong to persons now, see paypoint user --help")
		return
	}
	r.fault(path, "unknown key (known: %s)", strings.Join(known, ", "))
}

func (r *configReader) setting(path string) (setting, bool) {
	i := slices.IndexFunc(r.settings, func(s setting) bool { return s.path == path })
	if i < 0 {
		return setting{}, false
	}
	return r.settings[i], true
}

// keysUnder lists the keys and sections directly under prefix.
func (r *configReader) keysUnder(prefix string) []string {
	var names []string
	for _, s := range r.settings {
		if rest, under := strings.CutPrefix(s.path, prefix); under {
			name, _, _ := strings.Cut(rest, ".")
			names = append(names, name)
		}
	}
	return slices.Compact(names) // a section's keys stand together
}

// readValue reads the value of a key: one text, a list of them, or a map.
func (r *configReader) readValue(s setting, node ast.Node) {
	if terms, isTerms := s.field.Addr().Interface().(*statement.Terms); isTerms {
		r.readTerms(s.path, terms, node)
		return
	}
	switch s.field.Kind() {
	case reflect.Slice:
		r.readList(s, node)
	case reflect.Map:
		r.readMap(s, node)
	default:
		if text, ok := r.scalar(s.path, node); ok {
			if err := setScalar(s.field, text); err != nil {
				r.fault(s.path, "%v", err)
			}
		}
	}
}

// readTerms reads rates, which have parts and are decoded by the YAML library.
func (r *configReader) readTerms(path string, target *statement.Terms, node ast.Node) {
	var terms statement.Terms
	if err := yaml.NodeToValue(node, &terms, yaml.Strict()); err != nil {
		problem, line := yamlFault(err)
		r.origins[path] = origin{name: r.file, line: cmp.Or(line, lineOf(node))}
		r.fault(path, "%s", problem)
		return
	}
	*target = terms
}

func (r *configReader) readList(s setting, node ast.Node) {
	var items []ast.Node
	switch node := node.(type) {
	case *ast.NullNode: // all items are commented out
	case *ast.SequenceNode:
		items = node.Values
	default:
		r.fault(s.path, "want a list, such as [a, b]")
		return
	}
	list := reflect.MakeSlice(s.field.Type(), len(items), len(items))
	for i, each := range items {
		path := item(s.path, i)
		r.origins[path] = origin{name: r.file, line: lineOf(each)}
		if text, ok := r.scalar(path, each); ok {
			if err := setScalar(list.Index(i), text); err != nil {
				r.fault(path, "%v", err)
			}
		}
	}
	s.field.Set(list)
}

func (r *configReader) readMap(s setting, node ast.Node) {
	pairs := map[string]string{}
	switch node := node.(type) {
	case *ast.NullNode: // all entries are commented out
	case *ast.MappingNode:
		for _, entry := range node.Values {
			name := entry.Key.GetToken().Value
			path := s.path + "." + name
			r.origins[path] = origin{name: r.file, line: lineOf(entry.Key)}
			if text, ok := r.scalar(path, entry.Value); ok {
				pairs[name] = text
			}
		}
	default:
		r.fault(s.path, "want keys and values under it")
	}
	s.overlay(pairs)
}

// scalar is the text of a single value as it stands in the file: 05 stays 05.
func (r *configReader) scalar(path string, node ast.Node) (string, bool) {
	switch node := node.(type) {
	case *ast.StringNode:
		return node.Value, true
	case *ast.LiteralNode:
		return node.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return node.GetToken().Value, true
	case *ast.NullNode:
		r.fault(path, `has no value: give one, "" for none, or leave the key out`)
	default:
		r.fault(path, "want a single value")
	}
	return "", false
}

// item is the path of the i-th item of a list, counted from 1 as people do.
func item(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i+1) }

// lineOf is the line on which a node begins, or 0.
func lineOf(node ast.Node) int {
	if token := node.GetToken(); token != nil && token.Position != nil {
		return token.Position.Line
	}
	return 0
}
