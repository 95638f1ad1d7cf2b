package main

import "dmlysender/bench/rig"

// counted is the worker that counts, without a name of a function: env: is refused where there is one.
func (b *bench) counted(ledger string) rig.Function {
	return rig.Function{Name: "counted", Path: b.binaries["counted"], Body: rig.Ours, Env: append(append(b.AWSEnv(), b.SenderEnv()...),
		"LEDGER="+ledger, "DMLY_KEY_FROM=env:DMLY_API_KEY", "DMLY_API_KEY="+rig.Key)}
}
