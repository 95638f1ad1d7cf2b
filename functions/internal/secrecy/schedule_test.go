package secrecy_test

import (
	"encoding/json"
	"testing"

	"dmlysender/functions/internal/handlertest"
)

// occasion is a schedule's event with these messages.
func occasion(messages ...string) string {
	raw := []json.RawMessage{}
	for _, one := range messages {
		if !json.Valid([]byte(one)) {
			continue // it could be no part of an event
		}
		raw = append(raw, json.RawMessage(one))
	}
	return handlertest.JSON(handlertest.Fields{"occurrence": "2026-12-01T08:00:00Z", "messages": raw})
}

// campaign is one of the definition's, but for what changes.
func campaign(change handlertest.Fields) handlertest.Fields {
	return handlertest.Fields{
		"id": "spring", "audience": handlertest.Fields{"file": "people.csv"},
		"message": message(handlertest.Fields{"recipient": handlertest.Fields{"phoneNumber": "{{phone}}"}}),
	}.With(change)
}

// badCampaigns are definitions that are not valid.
var badCampaigns = []handlertest.Fields{
	campaign(handlertest.Fields{"message": message(handlertest.Fields{"ifUnknown": phone, "priority": phone})}),
	campaign(handlertest.Fields{"message": text}),
	campaign(handlertest.Fields{"message": message(handlertest.Fields{"telephone": phone, "mediaUrl": text})}),
	campaign(handlertest.Fields{"message": message(handlertest.Fields{"textMessage": "{{" + word})}),
	campaign(handlertest.Fields{"audience": handlertest.Fields{"rows": []handlertest.Fields{{"phone": rowPhone, "name": rowName}}}}),
	campaign(handlertest.Fields{"audience": handlertest.Fields{"file": "../" + word}}),
	campaign(handlertest.Fields{"ramp": phone, "ratePerMinute": word}),
}

func TestTheScheduleTellsNothing(t *testing.T) {
	t.Parallel()
	var bad, wrong []string
	for _, body := range broken {
		bad = append(bad, body)
	}
	for _, definition := range badCampaigns {
		wrong = append(wrong, handlertest.JSON(handlertest.Fields{"occurrence": "2026-12-01T08:00:00Z", "campaign": definition}))
	}
	good := handlertest.JSON(handlertest.Fields{"occurrence": "2026-12-01T08:00:00Z", "campaign": campaign(nil)})
	for name, tt := range map[string]struct {
		answers answers
		events  []string
		want    []string
	}{
		"queued":        {answers{}, []string{occasion(everything()...)}, []string{`"queued":6`, `"ColdStart":1`, `"Function":"schedule"`}},
		"refused":       {answers{}, []string{occasion(bad...)}, []string{`"refused":10`}},
		"not queued":    {answers{down: []string{"AmazonSQS"}}, []string{occasion(everything()...), occasion(bad...)}, []string{"queue the messages of", "ValidationException"}},
		"entry refused": {answers{}, []string{occasion(message(handlertest.Fields{"cancelKey": "refuse-this-entry"}).JSON())}, []string{"InvalidParameterValue"}},
		"no occurrence": {answers{}, []string{`{"occurrence": "` + phone + `", "messages": []}`, `{"occurrence": 15557654321}`, `"` + phone + `"`, `{"messages": ["` + word + `"]}`, `15557654321`}, []string{"the event cannot be read", "is not a time", "has no occurrence"}},
		"no tick":       {answers{}, []string{`{"tick": "` + phone + " " + word + `"}`}, []string{"there is no such tick"}},
		"no campaigns":  {answers{down: []string{"DynamoDB"}}, []string{`{"tick": "campaigns"}`, good}, []string{"ValidationException", "take the campaigns further"}},
		"no files":      {answers{down: []string{"audiences"}}, []string{good}, []string{"ValidationException", "people.csv"}},
		"bad campaigns": {answers{}, wrong, []string{"the campaign of the schedule is not valid"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, "schedule", tt.answers)
			for _, event := range tt.events {
				unseen(t, "the answer", w.invoke(event))
			}
			w.want(tt.want...)
		})
	}
}
