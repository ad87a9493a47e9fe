// Package runstest holds what every implementation of delivery.Runs must do.
package runstest
