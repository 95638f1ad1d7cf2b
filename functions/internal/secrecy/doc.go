// Package secrecy has only tests: that no key, and nothing of what a message says and to whom, is in what the functions log, count
// and fail with, whatever becomes of them. The built functions run here as in Lambda, between a DMLY and an AWS that repeat all they
// know in what they answer.
package secrecy
