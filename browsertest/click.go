package browsertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/chromedp/chromedp"
)

// aim is where the mouse would go to click an element.
type aim struct {
	// X and Y are the element's middle, in CSS pixels from the window's corner.
	X, Y float64
	// Fault is why it can't be clicked there now; empty when it can.
	Fault string
}

// aimAt looks at an element over two frames, and moves the page where it lies out of
// sight or under something. A link that is broken has a middle in each line: the
// first is meant, as the bounds' middle may be beside all of them. A tab that runs no
// script has no frames to tell of, and nothing that moves it: one look must do.
const aimAt = `((selector) => {
	const element = document.querySelector(selector);
	if (!element) return {Fault: "it is not there"};
	const box = () => element.getClientRects()[0];
	const shown = (e) => e.cloneNode(false).outerHTML.slice(0, 200);
	const look = (before) => {
		const b = box();
		if (!b || !element.checkVisibility({visibilityProperty: true})) return {Fault: "it is not visible"};
		if (["x", "y", "width", "height"].some((p) => b[p] !== before[p])) return {Fault: "it moves"};
		const [X, Y] = [b.x + b.width / 2, b.y + b.height / 2];
		const found = document.elementFromPoint(X, Y);
		if (found && element.contains(found)) return {X, Y, Fault: ""};
		element.scrollIntoView({block: "center", inline: "nearest", behavior: "instant"});
		return {Fault: found ? "it is covered by " + shown(found) : "it is out of sight"};
	};
	const before = box();
	if (!before) return {Fault: "it is not visible"};
	if (matchMedia("(scripting: none)").matches) return look(before);
	return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(look(before)))));
})(%s)`

// Click clicks the first element that a selector finds, with the mouse: as soon as it
// stands still and nothing covers its middle.
func (b *Tab) Click(selector string) chromedp.Action[chromedp.Void] { return b.click(selector, 1) }

// DoubleClick clicks twice, as fast as it can.
func (b *Tab) DoubleClick(selector string) chromedp.Action[chromedp.Void] {
	return b.click(selector, 2)
}

func (b *Tab) click(selector string, times int) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		b.clicked = selector
		x, y, err := middle(ctx, t, selector)
		if err != nil {
			return fmt.Errorf("click %s: %w", selector, err)
		}
		for count := 1; count <= times; count++ {
			if _, err := chromedp.MouseClickXY(x, y, chromedp.ClickCount(count))(ctx, t); err != nil {
				return fmt.Errorf("click %s at %.0f, %.0f: %w", selector, x, y, err)
			}
		}
		return nil
	})
}

// middle waits until an element can be clicked, and says where.
func middle(ctx context.Context, t *chromedp.Target, selector string) (x, y float64, err error) {
	quoted, err := json.Marshal(selector)
	if err != nil {
		return 0, 0, err
	}
	looks := chromedp.Evaluate[aim](fmt.Sprintf(aimAt, quoted), chromedp.EvalAwaitPromise)
	var found aim
	err = poll(ctx, func() (bool, error) {
		var err error
		if found, err = looks(ctx, t); err == nil && found.Fault != "" {
			err = errors.New(found.Fault)
		}
		return err == nil, err
	})
	return found.X, found.Y, err
}
