package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
)

// root is the repository's top folder, as seen from here.
const root = "../.."

var (
	linkPattern    = regexp.MustCompile(`\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)`)
	headingPattern = regexp.MustCompile(`^#{1,6}\s+(.+?)\s*#*$`)
	inlineCode     = regexp.MustCompile("`[^`]*`")
	makePattern    = regexp.MustCompile("(?:^|`)(?:\\$ )?make ([a-z]+)")
	targetPattern  = regexp.MustCompile(`(?m)^([a-z]+):`)
	notInAnchor    = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// page is a Markdown file: its prose and its code apart.
type page struct {
	path  string
	prose []string
	code  []string
}

// readPage splits a page at its code fences.
func readPage(t *testing.T, path string) page {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	p := page{path: path}
	fenced := false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(strings.TrimSpace(line), "```"):
			fenced = !fenced
		case fenced:
			p.code = append(p.code, strings.TrimSpace(line))
		default:
			p.prose = append(p.prose, line)
		}
	}
	require.False(t, fenced, "%s: a code fence is never closed", path)
	return p
}

// anchors are the page's headings as web pages of the repository name them:
// lower case, punctuation gone, spaces turned to hyphens, a repeated one numbered.
func (p page) anchors() map[string]bool {
	all := map[string]bool{}
	for _, line := range p.prose {
		heading := headingPattern.FindStringSubmatch(line)
		if heading == nil {
			continue
		}
		text := linkText(heading[1])
		anchor := strings.ReplaceAll(notInAnchor.ReplaceAllString(strings.ToLower(text), ""), " ", "-")
		unique := anchor
		for n := 1; all[unique]; n++ {
			unique = anchor + "-" + strconv.Itoa(n)
		}
		all[unique] = true
	}
	return all
}

// linkText drops the addresses of links in a heading.
func linkText(heading string) string {
	return strings.ReplaceAll(linkPattern.ReplaceAllString(heading, ""), "[", "")
}

// documentation lists the pages that people read.
func documentation(t *testing.T) []page {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, "*.md"))
	require.NoError(t, err)
	err = filepath.WalkDir(filepath.Join(root, "docs"), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".md" && !entry.IsDir() {
			paths = append(paths, path)
		}
		return err
	})
	if !os.IsNotExist(err) {
		require.NoError(t, err)
	}
	require.NotEmpty(t, paths)
	var pages []page
	for _, path := range paths {
		pages = append(pages, readPage(t, path))
	}
	return pages
}

func TestDocsLinksResolve(t *testing.T) {
	t.Parallel()
	for _, p := range documentation(t) {
		for _, broken := range brokenLinks(t, p) {
			t.Errorf("%s: the link %s leads nowhere", p.path, broken)
		}
	}
}

// brokenLinks are the page's relative links to files or headings that are not
// there. Links to other sites are not followed.
func brokenLinks(t *testing.T, p page) []string {
	t.Helper()
	var broken []string
	for _, line := range p.prose {
		for _, link := range linkPattern.FindAllStringSubmatch(inlineCode.ReplaceAllString(line, ""), -1) {
			if !resolves(t, p, link[1]) {
				broken = append(broken, link[1])
			}
		}
	}
	return broken
}

func resolves(t *testing.T, p page, link string) bool {
	t.Helper()
	path, anchor, hasAnchor := strings.Cut(link, "#")
	if strings.Contains(path, "://") || strings.HasPrefix(path, "mailto:") {
		return true
	}
	target := p.path
	if path != "" {
		target = filepath.Join(filepath.Dir(p.path), path)
	}
	if _, err := os.Stat(target); err != nil {
		return false
	}
	return !hasAnchor || readPage(t, target).anchors()[anchor]
}

func TestDocsNameTargetsThatExist(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	known := map[string]bool{}
	for _, target := range targetPattern.FindAllStringSubmatch(string(makefile), -1) {
		known[target[1]] = true
	}
	for _, p := range documentation(t) {
		for _, name := range makeTargets(p) {
			require.True(t, known[name], "%s: there is no target %q", p.path, name)
		}
	}
}

// makeTargets are the targets that the page tells its reader to make, in code
// blocks and in inline code.
func makeTargets(p page) []string {
	var names []string
	collect := func(text string) {
		for _, found := range makePattern.FindAllStringSubmatch(text, -1) {
			names = append(names, found[1])
		}
	}
	for _, line := range p.code {
		collect(line)
	}
	for _, line := range p.prose {
		for _, code := range inlineCode.FindAllString(line, -1) {
			collect(code)
		}
	}
	return names
}

// Operators find every command, with all its flags, on their page.
func TestDocsNameEveryCommand(t *testing.T) {
	t.Parallel()
	parser, err := kong.New(&commandLine{}, kong.Name("paypoint"), flagDefaults())
	require.NoError(t, err)
	var usage []string
	for _, line := range readPage(t, filepath.Join(root, "docs", "operations.md")).code {
		if strings.HasPrefix(line, "paypoint ") {
			usage = append(usage, line)
		}
	}
	for _, command := range parser.Model.Leaves(false) {
		group := strings.TrimRight(" "+strings.TrimSuffix(command.Path(), command.Name), " ")
		shape := regexp.MustCompile(`^paypoint` + group + `( | .*\| )` + command.Name + `\b`)
		named := slices.ContainsFunc(usage, shape.MatchString)
		require.True(t, named, "%s %s", group, command.Name)
		for _, flag := range command.Flags {
			isNamed := func(line string) bool { return strings.Contains(line, "--"+flag.Name) }
			require.True(t, slices.ContainsFunc(usage, isNamed), "%s %s --%s", group, command.Name, flag.Name)
		}
	}
}

// The check itself is tried on a page with one of each fault.
func TestDocsCheckSeesFaults(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "page.md")
	require.NoError(t, os.WriteFile(path, []byte(strings.Join([]string{
		"# One & two: `three`", "## Again", "## Again",
		"[a](#one--two-three) [b](#again-1) [c](page.md#again \"title\") [d](https://example.com/none) `[code](none)`",
		"[e](#again-2) [f](none.md) [g](page.md#none) run `make nothing` or make haste",
		"```sh", "make all && bin/paypoint", "[h](none)", "# no heading", "```",
		"[i](#no-heading)",
	}, "\n")), 0o600))
	p := readPage(t, path)
	require.Equal(t, []string{"#again-2", "none.md", "page.md#none", "#no-heading"}, brokenLinks(t, p))
	require.ElementsMatch(t, []string{"all", "nothing"}, makeTargets(p))
}
