// Package campaign sends one message to many.
package campaign
