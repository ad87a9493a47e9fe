//go:build !linux

package main

import "syscall"

// dieWithParent does nothing where the kernel has no such service.
func dieWithParent(*syscall.SysProcAttr) {}

// inMemory is not known here.
func inMemory(string) (bool, error) { return false, nil }
