// Package frame is what all pages of the console have in common: who is signed
// in and what they may do, the words in their language, forms that act once,
// lists whose filters, totals and exports can't disagree, the look, and the
// record of every act.
//
// An Area brings pages, words and routes; New checks at the start that they are
// whole, and serves them under /console/.
package frame
