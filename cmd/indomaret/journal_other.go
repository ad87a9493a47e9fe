//go:build !unix

package main

import "os"

// lockFile does nothing where there is no flock: two programs must not be given
// one journal there.
func lockFile(*os.File) error { return nil }
