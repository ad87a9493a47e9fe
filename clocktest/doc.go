// Package clocktest has the clock that tests give to what asks for the time: it
// stands still until a test moves it, so that nothing has to be waited for.
package clocktest
