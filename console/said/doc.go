// Package said says in a person's language what the program has written into cases,
// in English and for ever. Areas that show cases share it; the words are the frame's.
package said
