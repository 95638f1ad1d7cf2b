package rig

// Function is one that takes batches.
type Function struct {
	// Name is what it is called in the results.
	Name string
	// Path is the program to start.
	Path string
	// Env is its whole environment.
	Env []string
	// Body makes a record's body of a message's id.
	Body func(id string) string
}

const fields = `"workspace": {"id": "W1"}, "recipient": {"phoneNumber": "+15551234567"}, "textMessage": "Your order 1042 is on its way."}`

// Ours is a message as users put it on the queue.
func Ours(id string) string {
	return `{"id": "` + id + `", "channel": "whatsapp", "type": "text", ` + fields
}

// Theirs is the same message as DMLY takes it.
func Theirs(string) string { return `{` + fields }

// Worker is the worker as it is deployed, built at path.
func (r *Rig) Worker(path string) Function {
	return Function{Name: "worker", Path: path, Body: Ours, Env: r.Env("worker")}
}

// Bare is the bare loop of bench/throughput/bare, built at path.
func (r *Rig) Bare(path string) Function {
	return Function{Name: "bare", Path: path, Body: Theirs, Env: []string{"_HANDLER=bootstrap", "DMLY_BASE_URL=" + r.DMLYURL, "DMLY_API_KEY=" + Key}}
}
