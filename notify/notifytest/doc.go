// Package notifytest has what the tests of packages around notify need: a history to
// make a notify.Service with, and a merchant's URL that is told.
package notifytest
