package diagnosis

import (
	"fmt"
	"strings"
	"time"
)

// put is the command that stores a key in the secret.
func (d *diagnosis) put() string {
	return d.aws("secretsmanager", "put-secret-value", `--secret-id %s --secret-string "$DMLY_API_KEY"`, d.Key.Secret)
}

// putKeys is the same for a secret with several keys, all of which have to be there.
func (d *diagnosis) putKeys(more string) string {
	var members, workspaces []string
	if d.Key.HasDefault {
		members = append(members, `"default": "…"`)
	}
	for _, a := range d.Key.Accounts {
		if a.Name != "default" {
			workspaces = append(workspaces, fmt.Sprintf(`"%s": "…"`, a.Name))
		}
	}
	if more != "" {
		workspaces = append(workspaces, fmt.Sprintf(`"%s": "…"`, more))
	}
	members = append(members, `"workspaces": {`+strings.Join(workspaces, ", ")+"}")
	return d.aws("secretsmanager", "put-secret-value", "--secret-id %s --secret-string %s", d.Key.Secret, quoted("{"+strings.Join(members, ", ")+"}"))
}

const nothingIsSent = "Nothing is sent. Messages wait on their queues, and none is lost; a worker looks at each again every 3 minutes."

// storeIt are the commands for a secret without a usable key.
func (d *diagnosis) storeIt() []string {
	return []string{"# with your DMLY key in the variable DMLY_API_KEY:", d.put()}
}

func (d *diagnosis) key() {
	k := d.Key
	if k == nil {
		return
	}
	switch k.State {
	case KeyPlaceholder:
		d.wrong(fmt.Sprintf("Nobody has stored the DMLY key: its secret has held a placeholder%s.", since(k.Changed)), nothingIsSent, d.storeIt()...)
	case KeyEmpty:
		d.wrong(fmt.Sprintf("The secret with the DMLY key has been empty%s.", since(k.Changed)), nothingIsSent, d.storeIt()...)
	case KeyMalformed:
		d.wrong(fmt.Sprintf("The secret with the DMLY key cannot be used%s: %s.", since(k.Changed), k.Why), nothingIsSent, d.storeIt()...)
	case KeyGone:
		d.wrong("The secret with the DMLY key is gone, or marked for deletion.", nothingIsSent,
			d.aws("secretsmanager", "restore-secret", "--secret-id %s", k.Secret))
	case KeyReadable:
		d.keys()
	}
}

// keys says which keys there are.
func (d *diagnosis) keys() {
	k := d.Key
	var own []string
	for _, a := range k.Accounts {
		if a.Name != "default" {
			own = append(own, a.Name)
		}
	}
	switch {
	case k.Workspace != "" && !k.HasKey:
		d.wrong(fmt.Sprintf("The secret has no DMLY key for %s, the stack's workspace, and none for all others; it has one for %s.", k.Workspace, strings.Join(own, ", ")),
			"A message of another workspace than these, or that names none, waits on its queue.",
			"# with the keys in place of the dots:", d.putKeys(k.Workspace))
	case len(own) == 0:
		d.right("The secret has held a DMLY key%s.", since(k.Changed))
	case k.HasDefault:
		d.right("The secret has a DMLY key of their own for %s, and one for all other workspaces.", strings.Join(own, ", "))
	default:
		d.right("The secret has a DMLY key of their own for %s, and none for other workspaces: messages of others wait.", strings.Join(own, ", "))
	}
}

// longestAhead is how far ahead of the clock a busy account is reserved at most, beside one interval. What goes beyond it was
// asked for by DMLY.
const longestAhead = 12 * time.Second

// pace says which accounts are paused, and why.
func (d *diagnosis) pace() {
	if d.Key == nil || len(d.Key.Accounts) == 0 {
		return
	}
	paused := false
	for _, a := range d.Key.Accounts {
		switch {
		case a.RefusedUntil.After(d.At):
			paused = true
			d.refused(a)
		case a.Next.Sub(d.At) > longestAhead+a.Interval:
			paused = true
			d.wrong(fmt.Sprintf("DMLY has asked the account %q to wait (429): it pauses until %s.", a.Name, moment(a.Next)),
				"Its messages wait, and none uses up an attempt. They go on by themselves then.",
				fmt.Sprintf("# if it happens often, DMLY allows the account less than its rate here, %d a minute:", d.Rate),
				d.deploy(fmt.Sprintf("RatePerMinute=%d", max(1, d.Rate*4/5))))
		}
	}
	if !paused {
		d.right("No account is paused (%s)%s.", count(len(d.Key.Accounts), "account", "accounts"), d.refusals())
	}
}

// refusals says how often a key was refused, if that is known.
func (d *diagnosis) refusals() string {
	if d.Key.Refusals == 0 {
		return ""
	}
	return fmt.Sprintf("; a key was refused %s within a day, first at about %s", count(d.Key.Refusals, "time", "times"), moment(d.Key.RefusedSince))
}

func (d *diagnosis) refused(a Account) {
	next := d.storeIt()
	if len(d.Key.Accounts) > 1 || !d.Key.HasDefault {
		next = []string{"# with the keys in place of the dots:", d.putKeys("")}
	}
	d.wrong(fmt.Sprintf("DMLY refuses the key of the account %q, which pauses until %s%s.", a.Name, moment(a.RefusedUntil), d.refusals()),
		"Its messages wait, and none uses up an attempt. With another key in the secret they go within a minute; with this one, the account pauses again and again.",
		next...)
}

func (d *diagnosis) callers() {
	c := d.Callers
	if c == nil {
		return
	}
	if c.Problem == "" {
		d.right("The secret with the keys of the HTTP API can be used.")
		return
	}
	d.wrong(fmt.Sprintf("The keys of the HTTP API cannot be used: %s.", strings.TrimSuffix(c.Problem, ".")),
		"The HTTP API answers everybody with 503. Queues and schedules are not touched by it.",
		`# with the new key of a caller in the variable API_KEY; who has another needs it from you:`,
		d.aws("secretsmanager", "put-secret-value", `--secret-id %s --secret-string "{\"first\": \"$API_KEY\"}"`, c.Secret))
}
