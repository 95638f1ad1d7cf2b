package main

var ofCampaigns = []mutant{
	{
		guard: "campaign cursor: what is said to be fed is on the queue",
		file:  inCampaign + "/feed.go",
		from:  "r.Feeding, r.FeedingAt, r.Horizon = rows[n-1].end, now, start", to: "r.Feeding, r.Fed, r.Horizon = rows[n-1].end, rows[n-1].end, start",
		test: "TestCampaigns", in: inSim,
	}, {
		guard: "campaign feed: what could not be queued is queued again",
		file:  inCampaign + "/feed.go",
		from:  "Enqueue(ctx, records...); err != nil {", to: "Enqueue(ctx, records...); err != nil && false {",
		test: "TestCampaignMatrix", in: inSim,
	}, {
		guard: "campaign feed: what may have been queued a month ago is not queued again",
		file:  inCampaign + "/feed.go",
		from:  "case h.r.Feeding != h.r.Fed && !h.Clock.Now()", to: "case h.r.Feeding != h.r.Fed && false && !h.Clock.Now()",
		test: "TestWhatMayHaveBeenQueuedAMonthAgoIsNotQueuedAgain", in: inCampaign,
	}, {
		guard: "campaign count: what is noted twice counts once",
		file:  inCampaign + "/watch.go",
		from:  "case !open && s.row.At < r.Watched.Byte:", to: "case false:",
		test: "TestWhatIsNotedTwiceCountsOnce", in: inCampaign,
	}, {
		guard: "campaign lease: one works on it at a time",
		file:  inCampaign + "/tick.go",
		from:  `r.Owner != "" && now.Before(r.Lease) {`, to: `r.Owner != "" && now.Before(r.Lease) && false {`,
		test: "TestCampaigns", in: inSim,
	}, {
		guard: "campaign lease: it lasts",
		file:  inCampaign + "/tick.go",
		from:  "leaseTime, leaseMargin = 90 * time.Second, 10 * time.Second", to: "leaseTime, leaseMargin = 0 * time.Second, 0 * time.Second",
		test: "TestCampaigns", in: inSim,
	}, {
		guard: "campaign pause: nothing more is decided on",
		file:  inCampaign + "/feed.go",
		from:  "if r.State != Running {\n\t\t\treturn false\n\t\t}\n\t\tr.Step", to: "if r.State == Complete {\n\t\t\treturn false\n\t\t}\n\t\tr.Step",
		test: "TestCampaignMatrix", in: inSim,
	}, {
		guard: "campaign cancel: what may be queued is taken back",
		file:  inCampaign + "/watch.go",
		from:  "if (!final || h.r.tookBackEarlier(item)) && h.r.State != Cancelled {", to: "if !final || h.r.tookBackEarlier(item) {",
		test: "TestCampaignMatrix", in: inSim,
	}, {
		guard: "campaign canary: nothing else before it rests",
		file:  inCampaign + "/pacing.go",
		from:  "|| r.Watched.Row < r.Step.End || len(r.Open) > 0:", to: "|| r.Watched.Row < r.Step.End:",
		test: "TestCampaigns", in: inSim,
	}, {
		guard: "campaign canary: nothing beyond it",
		file:  inCampaign + "/feed.go",
		from:  "n = min(n, max(0, r.Step.End-r.Fed.Row))", to: "n = min(n, max(n, r.Step.End-r.Fed.Row))",
		test: "TestCampaigns", in: inSim,
	}, {
		guard: "campaign guard: a burst of rejections",
		file:  inCampaign + "/guard.go",
		from:  "n*100 > most*of {", to: "n*100 > most*of && false {",
		test: "TestCampaigns", in: inSim,
	}, {
		guard: "campaign guard: a burst of unknown ones",
		file:  inCampaign + "/guard.go",
		from:  "outcome(delivery.Unknown)); n > most {", to: "outcome(delivery.Unknown)); n > most && false {",
		test: "TestCampaigns", in: inSim,
	}, {
		guard: "campaign guard: a refused key",
		file:  inCampaign + "/guard.go",
		from:  "outlook.RefusedUntil.After(s.Clock.Now())", to: "outlook.RefusedUntil.IsZero() && false",
		test: "TestCampaigns", in: inSim,
	}, {
		guard: "campaign run again: what a cancelled run has taken back is sent",
		file:  inCampaign + "/feed.go",
		from:  "case h.r.tookBackEarlier(item):", to: "case false && h.r.tookBackEarlier(item):",
		test: "TestCampaigns", in: inSim,
	}, {
		guard: "campaign run again: what an earlier run has taken back does not rest yet",
		file:  inCampaign + "/watch.go",
		from:  "if h.r.tookBackEarlier(i) {\n\t\treturn true", to: "if h.r.tookBackEarlier(i) {\n\t\treturn false",
		test: "TestRunningACancelledOneAgainSendsWhatItTookBack", in: inCampaign,
	}, {
		guard: "campaign run again: an earlier text is ordered that nobody has refused",
		file:  inCampaign + "/feed.go",
		from:  "item.Replaces(fingerprint) {", to: "false && item.Replaces(fingerprint) {",
		test: "TestAnEarlierTextMayBeSentAfterAll", in: inCampaign,
	}, {
		guard: "campaign run again: what rests is not fed again",
		file:  inCampaign + "/feed.go",
		from:  "wanted[i].queued = same && !item.State.Final()", to: "wanted[i].queued = same",
		test: "TestCampaigns", in: inSim,
	}, {
		guard: "campaign feed: no more than five minutes ahead",
		file:  inCampaign + "/pacing.go",
		from:  "p.ahead.Minutes()) - p.depth + p.fed", to: "p.ahead.Minutes()) + p.fed",
		test: "TestCampaigns", in: inSim,
	}, {
		guard: "campaign plan: it is there before the campaign runs",
		file:  inCampaign + "/planning.go",
		from:  "return summary, rows.Commit(ctx)", to: "_ = rows.Commit(ctx)\n\treturn summary, nil",
		test: "TestCampaignMatrix", in: inSim,
	}, {
		guard: "campaign status: what was not fed counts as cancelled",
		file:  inCampaign + "/status.go",
		from:  "if unfed := r.Summary.Good - r.Feeding.Row; r.State == Cancelled && unfed > 0 {", to: "if unfed := r.Summary.Good - r.Feeding.Row; false && unfed > 0 {",
		test: "TestCampaigns", in: inSim,
	}, {
		guard: "campaign records: a write is conditional",
		file:  inCampaign + "/store.go",
		from:  `case found && standing.Revision != over, !found && over != "":`, to: `case !found && over != "":`,
		test: "TestCampaigns", in: inSim,
	}, {
		guard: "campaign watch: only what rests is counted",
		file:  inCampaign + "/watch.go",
		from:  "final := found && item.State.Final()", to: "final := found",
		test: "TestCampaigns", in: inSim,
	}, {
		guard: "campaign own rate: each record has its moment",
		file:  inCampaign + "/feed.go",
		from:  "Delay: min(maxDelay, at.Sub(now)),", to: "Delay: min(maxDelay, now.Sub(now)),",
		test: "TestCampaigns", in: inSim,
	}, {
		guard: "campaign own rate: a minute has room for jitter",
		file:  inCampaign + "/pacing.go",
		from:  "time.Minute * 100 / time.Duration(96*perMinute)", to: "time.Minute / time.Duration(perMinute)",
		test: "TestNoMinuteHasMoreThanTheCampaignsOwnRate", in: inCampaign,
	}, {
		guard: "campaign own rate: what is queued once more comes later",
		file:  inCampaign + "/feed.go",
		from:  "repeatAfter = 30 * time.Second", to: "repeatAfter = 0 * time.Second",
		test: "TestCampaigns", in: inSim,
	},
}
