// Package browser has no code of its own: its tests run the real program and look
// at the console as its users do, in Chromium.
//
// Whatever a flow does, its tab fails the test when the content security policy
// was broken, a script threw an error, or something was asked of another origin.
// tab.check holds a page against axe-core (WCAG 2.2 AA), against the HTML checker
// vnu, and against a screen of 320 px, on which nothing may scroll sideways
// (WCAG 2.2, 1.4.10).
//
// A flow is a test in a file flow_<area>_test.go: it opens a site, which is a
// server of its own with a browser, has tellStory fill its ledger, and signs in as
// one of the sandbox's persons with site.as.
package browser
