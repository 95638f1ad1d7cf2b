package main

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"dmlysender/shared/message"
)

// sample is a message as users write it.
type sample struct{ name, text string }

func samples() []sample {
	const to = `"workspace": {"id": "W1"}, "recipient": {"phoneNumber": "+15551234567"}`
	elements := make([]string, 10)
	for i := range elements {
		elements[i] = fmt.Sprintf(`{"title": "Offer %d, only this week", "buttons": [{"type": "web_url", "title": "Look", "url": "https://example.com/%d"}]}`, i, i)
	}
	return []sample{
		{"WhatsApp text", `{"id": "order-1042-shipped", "channel": "whatsapp", "type": "text", ` + to + `, "textMessage": "Your order is on its way."}`},
		{"with times and a fallback", `{"id": "order-1042-shipped", "channel": "whatsapp", "type": "text", ` + to + `, "textMessage": "Your order is on its way.",
			"sendAt": "2026-12-01T09:00:00+01:00", "expiresAt": "2026-12-01T18:00:00+01:00", "ifUnknown": "hold", "priority": "bulk", "cancelKey": "order-1042",
			"fallback": [{"channel": "whatsapp", "type": "template", "template": "order_shipped", "passthrough": {"parameters": ["1042"]}}]}`},
		{"WhatsApp text of 4,096 characters", `{"id": "long-1", "channel": "whatsapp", "type": "text", ` + to + `, "textMessage": "` + strings.Repeat("Grüße! ", 585) + `"}`},
		{"Messenger template with 10 elements", `{"id": "offers-1", "channel": "messenger", "type": "template", "workspace": {"id": "W1"}, "contact": {"id": "C1"}, "elements": [` + strings.Join(elements, ", ") + `]}`},
	}
}

// reading is how one way reads a message.
type reading struct{ ns, allocs, bytes float64 }

// result is what was measured of a message: the least of all rounds.
type result struct {
	sample
	ours, plain reading
}

func (r result) time() float64   { return r.ours.ns / r.plain.ns }
func (r result) allocs() float64 { return r.ours.allocs / r.plain.allocs }

func decode(text []byte) (message.Message, error) { return message.Decode(text, message.Defaults{}) }

func unmarshal(text []byte) (m message.Message, err error) {
	err = json.Unmarshal(text, &m)
	return m, err
}

// measure reads each message both ways, one after the other in each round: what else the machine does falls on both alike.
func measure(ctx context.Context, all []sample, rounds int) ([]result, error) {
	var results []result
	for _, s := range all {
		if err := alike(s); err != nil {
			return nil, err
		}
		var ours, plain []reading
		for range rounds {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			ours, plain = append(ours, read(s, decode)), append(plain, read(s, unmarshal))
		}
		results = append(results, result{s, least(ours), least(plain)})
	}
	return results, nil
}

// alike makes sure that both read the same.
func alike(s sample) error {
	ours, err := decode([]byte(s.text))
	if err != nil {
		return fmt.Errorf("decode %s: %w", s.name, err)
	}
	plain, err := unmarshal([]byte(s.text))
	if err != nil {
		return fmt.Errorf("read %s with encoding/json: %w", s.name, err)
	}
	a, errA := json.Marshal(ours)
	b, errB := json.Marshal(plain)
	if errA != nil || errB != nil || !reflect.DeepEqual(a, b) {
		return fmt.Errorf("%s is read as %s, and by encoding/json as %s", s.name, a, b)
	}
	return nil
}

func read(s sample, way func([]byte) (message.Message, error)) reading {
	text := []byte(s.text)
	r := testing.Benchmark(func(b *testing.B) {
		b.Helper()
		b.ReportAllocs()
		for b.Loop() {
			if _, err := way(text); err != nil {
				b.Fatal(err)
			}
		}
	})
	return reading{float64(r.T.Nanoseconds()) / float64(r.N), float64(r.AllocsPerOp()), float64(r.AllocedBytesPerOp())}
}

// least is the smallest of each number: what else the machine does only adds to it.
func least(all []reading) reading {
	of := func(number func(reading) float64) float64 {
		smallest := number(all[0])
		for _, r := range all {
			smallest = min(smallest, number(r))
		}
		return smallest
	}
	return reading{
		of(func(r reading) float64 { return r.ns }), of(func(r reading) float64 { return r.allocs }), of(func(r reading) float64 { return r.bytes }),
	}
}
