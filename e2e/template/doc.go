// Package template holds template.yaml to what a reviewer would ask of it: who may do what, what is watched, what is kept and how, and
// which of the ledger's writes become events. It reads the file as it stands, and needs no cloud; `sam validate` and the linters of
// `make validate` see to its form.
//
// The patterns of the outcome events are tried again, by `make e2e`, on the stream of a table of an AWS stand-in, with the stand-in's
// event patterns. The pipe between the two is tried nowhere but on AWS: no stand-in has one from a stream to a bus.
package template
