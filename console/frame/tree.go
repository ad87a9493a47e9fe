package frame

import (
	"fmt"
	"slices"
	"strings"
	"text/template/parse"
)

// checkTree holds a template against the words and the other templates: every
// text that it asks for by name is there and gets what it fills in, every part
// that it calls exists.
func (t *tongue) checkTree(tree *parse.Tree) error {
	var err error
	Walk(tree.Root, func(n parse.Node) {
		if err != nil {
			return
		}
		switch n := n.(type) {
		case *parse.TemplateNode:
			if t.pages.Lookup(n.Name) == nil {
				err = fmt.Errorf("page %s: line %d: there is no part %s: %w", tree.Name, n.Line, n.Name, ErrPages)
			}
		case *parse.CommandNode:
			if problem := t.checkText(n); problem != nil {
				err = fmt.Errorf("page %s: %w", tree.Name, problem)
			}
		}
	})
	return err
}

// checkText checks a command that is: t "key" "name" value …. Keys that are made
// while the page is are not known yet.
func (t *tongue) checkText(n *parse.CommandNode) error {
	if name, is := n.Args[0].(*parse.IdentifierNode); !is || name.Ident != "t" || len(n.Args) < 2 {
		return nil
	}
	key, is := n.Args[1].(*parse.StringNode)
	if !is || strings.HasSuffix(key.Text, ".") {
		return nil
	}
	text, has := t.words[key.Text]
	if !has {
		return fmt.Errorf("text %s: no such key: %w", key.Text, ErrWords)
	}
	var given []string
	for i := 2; i < len(n.Args); i += 2 {
		if name, is := n.Args[i].(*parse.StringNode); is {
			given = append(given, name.Text)
		}
	}
	for _, name := range placeholders(text) {
		if !slices.Contains(given, name) {
			return fmt.Errorf("text %s: %s is not given: %w", key.Text, name, ErrWords)
		}
	}
	return nil
}

// Walk visits a node and all below it.
func Walk(n parse.Node, visit func(parse.Node)) {
	// A nil list is a branch that is not there.
	if list, is := n.(*parse.ListNode); is && list == nil {
		return
	}
	visit(n)
	switch n := n.(type) {
	case *parse.ListNode:
		for _, child := range n.Nodes {
			Walk(child, visit)
		}
	case *parse.ActionNode:
		Walk(n.Pipe, visit)
	case *parse.PipeNode:
		for _, command := range n.Cmds {
			Walk(command, visit)
		}
	case *parse.CommandNode:
		for _, argument := range n.Args {
			Walk(argument, visit)
		}
	case *parse.IfNode:
		walkBranch(&n.BranchNode, visit)
	case *parse.RangeNode:
		walkBranch(&n.BranchNode, visit)
	case *parse.WithNode:
		walkBranch(&n.BranchNode, visit)
	case *parse.TemplateNode:
		if n.Pipe != nil {
			Walk(n.Pipe, visit)
		}
	}
}

func walkBranch(n *parse.BranchNode, visit func(parse.Node)) {
	Walk(n.Pipe, visit)
	Walk(n.List, visit)
	Walk(n.ElseList, visit)
}
