//go:build !unix

package boltdb

import (
	"errors"
	"os"
)

// lockExclusively can't be had here, so that nothing is shipped or restored.
func lockExclusively(*os.File) (taken bool, err error) { return false, errors.ErrUnsupported }

// lockShared can't be had here either.
func lockShared(*os.File) (taken bool, err error) { return false, errors.ErrUnsupported }
