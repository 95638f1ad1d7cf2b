package sim

import (
	"time"

	"dmlysender/shared/dmlytest"
	"dmlysender/shared/hostile"
)

// staleDepth is how it is counted that a queue's depth was one of a minute ago.
const staleDepth = "depth of a minute ago"

// endings are the ends of processes in a campaign to many: of those that plan and feed often, and of a worker every few
// hundred messages.
func endings() map[string]EffectTrouble {
	effects := map[string]EffectTrouble{
		effectPut: {End: 0.001}, effectPost: {End: 0.001}, effectReserve: {End: 0.001}, effectReturn: {End: 0.002}, effectEnqueue: {End: 0.01},
	}
	for _, name := range campaignEffects {
		effects[name] = EffectTrouble{End: 0.02}
	}
	effects[effectFileRead] = EffectTrouble{End: 0.004} // one planning has many of these
	effects[effectFileWrite] = EffectTrouble{End: 0.004}
	return effects
}

// troubled is a world in which all goes wrong for a campaign that can.
func troubled() Trouble {
	t := Trouble{
		Effects: endings(),
		Queue:   hostile.Mischief{Twice: 0.02, Ghost: 0.02, Late: 0.01, Shuffle: true},
		DMLY: []DMLYTrouble{
			{"cut after", 0.002, dmlytest.Fault{Cut: dmlytest.CutAfter}},
			{"500, not accepted", 0.002, dmlytest.Fault{Status: 500}},
			{"503 with a time", 0.005, dmlytest.Fault{Status: 503, RetryAfter: "3"}},
			{"200 with an error", 0.03, dmlytest.Fault{Error: "no such contact"}},
			{"400", 0.01, dmlytest.Fault{Status: 400}},
		},
		LoseDelete: 0.01, NoConnection: 0.005, Skew: 4 * time.Second,
	}
	for name, e := range t.Effects {
		e.Refuse, e.Lose = e.End/2, e.End/2
		t.Effects[name] = e
	}
	t.Effects[effectPost] = EffectTrouble{End: 0.001} // what a post comes to is DMLY's to say
	t.Effects[effectReturn] = EffectTrouble{End: 0.002}
	return t
}

// storyKinds is how many kinds of story there are.
const storyKinds = 6

// storyOf is the story of a seed, with so many recipients at so many a minute.
func storyOf(seed uint64, recipients, perMinute int) story {
	s := story{recipients: recipients, perMinute: perMinute, twice: 0.3}
	switch seed % storyKinds {
	case 0:
		s.name, s.pauses = "calm", true
	case 1:
		s.name, s.pauses, s.canary, s.stale = "processes that end", true, 50, 0.3
		s.trouble = Trouble{Effects: endings()}
	case 2:
		s.name, s.pauses, s.canary, s.stale = "everything", true, 20, 0.3
		s.trouble = troubled()
	case 3: // with workers that live: what one of them has taken when it ends comes back at once, at the account's rate
		s.name, s.pauses, s.perMinute, s.own = "a rate of its own", true, 100, []int{80, 40}[seed/storyKinds%2]
		s.recipients = max(s.recipients, 700) // more than is fed at first
		s.trouble = Trouble{Effects: map[string]EffectTrouble{}}
		for _, name := range campaignEffects {
			s.trouble.Effects[name] = endings()[name]
		}
		s.trouble.Effects[effectEnqueue] = EffectTrouble{End: 0.04}
	case 4:
		s.name = "bursts"
		s.bursts = []burst{
			{reason: "rejected", fault: dmlytest.Fault{Status: 400}},
			{reason: "unknown", fault: dmlytest.Fault{Status: 500}},
			{reason: "refused the API key", key: true},
		}
		if s.recipients < 1000 { // there is time for one only
			one := seed / storyKinds % uint64(len(s.bursts))
			s.bursts = s.bursts[one : one+1]
		}
	default:
		s.name, s.cancels, s.again, s.canary = "cancelled, and run again", true, true, 20
		s.trouble = Trouble{Effects: endings()}
	}
	return s
}
