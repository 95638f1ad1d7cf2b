package main

import (
	"slices"

	"dmlysender/bench/rig"
)

// subject is a function that is compared.
type subject struct {
	rig.Function
	// least is how many times the worker's processor time a message has to cost it; 0 if nothing is claimed.
	least float64
	// keeps tells whether it keeps a ledger. What does not is no sender: it shows what posting alone costs.
	keeps bool
}

// postSeconds is how long a peer waits for DMLY's answer, which leaves it time to say that there was none.
const postSeconds = "5"

// peer is a function of Powertools, started by the script at path.
func peer(r *rig.Rig, name, path, handler string, least float64) subject {
	env := slices.Concat(r.AWSEnv(), rig.LambdaEnv("peer"), r.SenderEnv())
	return subject{least: least, keeps: true, Function: rig.Function{Name: name, Path: path, Body: rig.Ours, Env: append(env,
		"_HANDLER="+handler, "TABLE="+r.Name, "DMLY_KEY_SECRET="+r.Secret("dmly"), "POST_SECONDS="+postSeconds)}}
}
