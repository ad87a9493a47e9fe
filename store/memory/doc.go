// Package memory is the engine that keeps the ledger in maps and loses it when
// the process ends. It is what the durable engines are measured against, and
// the plain model that their tests compare them with.
package memory
