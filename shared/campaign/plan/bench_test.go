package plan_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"dmlysender/shared/campaign/plan"
)

// BenchmarkPlan plans 10,000 rows; bench/planning measures the whole in a process of its own.
func BenchmarkPlan(b *testing.B) {
	const rows = 10_000
	for _, format := range []string{"csv", "jsonl"} {
		b.Run(format, func(b *testing.B) {
			d := definition(b, "a."+format, text)
			var file bytes.Buffer
			if format == "csv" {
				file.WriteString("phone,name,city,order\n")
			}
			for i := range rows {
				if format == "csv" {
					fmt.Fprintf(&file, "+1555%07d,Name %d,City %d,%d\n", i, i, i%100, i)
				} else {
					fmt.Fprintf(&file, `{"phone":"+1555%07d","name":"Name %d","city":"City %d","order":%d}`+"\n", i, i, i%100, i)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				s, err := plan.Planner{}.Plan(b.Context(), d, bytes.NewReader(file.Bytes()), io.Discard, nil)
				if err != nil || s.Good != rows {
					b.Fatal(s, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/rows, "µs/row")
		})
	}
}

// text is a message as most campaigns have it.
const text = `{"channel": "whatsapp", "type": "text", "workspace": {"id": "W1"}, "recipient": {"phoneNumber": "{{phone}}"},
	"deliverWithin": {"from": "09:00", "to": "20:00", "timezone": "Europe/Berlin"}, "expiresAt": "2026-12-01T18:00:00+01:00", "textMessage": "Hello {{name}}, your order {{order}} is on its way to {{city}}. Reply STOP to hear nothing more from us."}`

// definition is the campaign "spring" with this file and message.
func definition(tb testing.TB, file, message string) plan.Definition {
	tb.Helper()
	d, err := plan.Decode([]byte(`{"id": "spring", "audience": {"file": "` + strings.ReplaceAll(file, `"`, `\"`) + `"}, "message": ` + message + `}`))
	if err != nil {
		tb.Fatal(err)
	}
	return d
}
