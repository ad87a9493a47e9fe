// Command paypoint lets a company sell through every Indomaret till: it makes
// payment codes for merchants, answers Indomaret's SOAP calls about them, keeps
// the ledger, and writes the settlement files.
//
// The config files hold everything that an operator can set. A value comes, in
// this order, from a flag, from the environment, from the YAML file, or from
// the defaults; config.go names every key and its default, and
// paypoint.sample.yaml is the same list with a word on each.
package main
