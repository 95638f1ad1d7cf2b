package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
)

// Of a hundred rows one has no valid phone number, and one has that of the row before.
const (
	badOf100       = 1
	duplicateOf100 = 1
)

// smallest is how many rows the largest file has at least, so that the smallest of the three has each kind.
const smallest = 10_000

// campaign is what the files are the audience of.
const campaign = `{
	"id": "spring", "audience": {"file": %q},
	"message": {
		"channel": "whatsapp", "type": "text", "workspace": {"id": "W1"}, "recipient": {"phoneNumber": "{{phone}}"},
		"textMessage": "Hello {{name}}, your order {{order}} is on its way to {{city}}. Reply STOP to hear no more from us.",
		"deliverWithin": {"from": "09:00", "to": "20:00", "timezone": "Europe/Berlin"}
	}
}`

// write makes an audience, and returns its path.
func write(dir, format string, rows int) (string, error) {
	path := filepath.Join(dir, fmt.Sprintf("%d.%s", rows, format))
	file, err := os.Create(path) //nolint:gosec // The folder is this program's own.
	if err != nil {
		return "", fmt.Errorf("make an audience: %w", err)
	}
	defer file.Close() //nolint:errcheck // What matters has been flushed and closed below.
	w := bufio.NewWriter(file)
	line := `{"phone":"%s","name":"Name \"%d\"","city":"City %d","order":%d}` + "\n"
	if format == "csv" {
		line = `%s,"Name ""%d""",City %d,%d` + "\n"
		fmt.Fprintln(w, "phone,name,city,order")
	}
	for i := range rows {
		phone := fmt.Sprintf("+1555%08d", i)
		switch i % 100 {
		case 50:
			phone = "unknown"
		case 99:
			phone = fmt.Sprintf("+1555%08d", i-1)
		}
		fmt.Fprintf(w, line, phone, i, i%1000, i)
	}
	if err := w.Flush(); err != nil {
		return "", fmt.Errorf("write an audience: %w", err)
	}
	if err := file.Close(); err != nil {
		return "", fmt.Errorf("write an audience: %w", err)
	}
	return path, nil
}
