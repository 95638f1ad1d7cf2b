package diagnosis

import (
	"fmt"
	"slices"
	"strings"
)

// withoutIt is what stands still without a function.
var withoutIt = map[string]string{
	"worker":   "Nothing on the queues is sent. Messages wait there, for up to 14 days.",
	"schedule": "Schedules send nothing, and campaigns stand still. What a schedule could not hand over goes to its dead-letter queue.",
	"api":      "The HTTP API answers nobody. Queues and schedules are not touched by it.",
}

// drift is the command that lists what was changed behind CloudFormation's back.
func (d *diagnosis) drift() []string {
	return []string{
		d.aws("cloudformation", "detect-stack-drift", "--stack-name %s", d.Stack.Name),
		"# then, a minute later:",
		d.aws("cloudformation", "describe-stack-resource-drifts", "--stack-name %s --stack-resource-drift-status-filters MODIFIED DELETED --output table", d.Stack.Name),
	}
}

func (d *diagnosis) functions() {
	for _, f := range d.Functions {
		means := withoutIt[f.Role]
		switch {
		case f.Gone:
			d.wrong(fmt.Sprintf("The %s function %s is gone.", f.Role, f.Name), means, d.drift()...)
		case f.State == "Failed" || f.Update == "Failed":
			d.wrong(fmt.Sprintf("The %s function %s is not ready to run (state %s, last update %s): %s.", f.Role, f.Name, f.State, f.Update, strings.TrimSuffix(f.Why, ".")),
				means, d.deploy(""))
		case len(f.Config) > 0:
			d.wrong(fmt.Sprintf("The environment of the %s function %s is wrong: %s.", f.Role, f.Name, strings.Join(f.Config, "; ")), means,
				"# a changed parameter has all variables written anew:", d.deploy("LogLevel=DEBUG"), d.deploy("LogLevel=INFO"))
		case f.Reserved != nil && *f.Reserved == 0:
			d.wrong(fmt.Sprintf("The %s function %s is switched off: its reserved concurrency is 0.", f.Role, f.Name), means, d.release(f))
		case f.Reserved != nil && f.Role == "worker" && *f.Reserved < d.workersAtOnce():
			d.wrong(fmt.Sprintf("The worker function %s may run %d times at once, and its queues start up to %d.", f.Name, *f.Reserved, d.workersAtOnce()),
				"Lambda turns the others away, and their records come back 3 minutes later: messages are late.", d.release(f))
		default:
			d.right("The %s function is ready to run.", f.Role)
		}
	}
}

func (d *diagnosis) release(f Function) string {
	return d.aws("lambda", "delete-function-concurrency", "--function-name %s", f.Name)
}

// workersAtOnce is how many workers the queues may start together.
func (d *diagnosis) workersAtOnce() (n int) {
	for _, m := range d.Mappings {
		n += m.AtOnce
	}
	return n
}

func (d *diagnosis) mappings() {
	for _, m := range d.Mappings {
		update := func(flags string) string {
			return d.aws("lambda", "update-event-source-mapping", "--uuid %s %s", m.ID, flags)
		}
		waits := fmt.Sprintf("Nothing on the %s queue is sent. Messages wait there, for up to 14 days.", m.Queue)
		switch {
		case m.ID == "":
			d.wrong(fmt.Sprintf("Nothing hands the records of the %s queue to the worker: its event source mapping is gone.", m.Queue), waits,
				d.aws("lambda", "create-event-source-mapping", "--function-name %s --event-source-arn %s --batch-size 10 --function-response-types ReportBatchItemFailures --scaling-config MaximumConcurrency=2",
					m.Function, m.QueueARN))
		case m.State == "Disabled" || m.State == "Disabling":
			d.wrong(fmt.Sprintf("The records of the %s queue are not handed to the worker: its event source mapping is %s%s.", m.Queue, strings.ToLower(m.State), since(m.Changed)),
				waits, update("--enabled"))
		case !m.ReportsFailures:
			d.wrong(fmt.Sprintf("Lambda takes every batch of the %s queue for done: its event source mapping does not report failures of single records.", m.Queue),
				"Messages are LOST: those that the worker gives back, because they have to wait, are deleted from the queue.",
				update("--function-response-types ReportBatchItemFailures"))
		case strings.HasPrefix(m.LastResult, "PROBLEM"):
			d.wrong(fmt.Sprintf("Lambda cannot hand the records of the %s queue to the worker: %s.", m.Queue, strings.TrimSuffix(m.LastResult, ".")),
				waits, d.log("worker"))
		default:
			d.right("The %s queue hands its records to the worker (%s).", m.Queue, strings.ToLower(m.State))
		}
	}
}

// withoutRights is what fails when the role lacks something that it needs.
var withoutRights = map[string]string{
	"WorkerRole":    "The worker fails where it needs that. Its messages come back every 3 minutes, and are not lost.",
	"ScheduleRole":  "Schedules and campaigns fail where they need that. Events that fail go to the schedules' dead-letter queue.",
	"ApiRole":       "The HTTP API answers 503 where it needs that. Whoever called has to repeat it.",
	"LaterRole":     "Messages that are held until their time do not come to their queue. They are tried again for a day, then they go to the dead-letter queue, if the role may do that.",
	"SchedulerRole": "Schedules do not reach the schedule function: campaigns stand still, and what was to be sent goes to the schedules' dead-letter queue.",
}

func (d *diagnosis) roles() {
	var fit []string
	for _, r := range d.Roles {
		means := withoutRights[r.ID]
		switch {
		case r.Gone:
			d.wrong(fmt.Sprintf("The role %s (%s) is gone.", r.ID, r.Name), means, d.drift()...)
			continue
		case !r.Trusts:
			d.wrong(fmt.Sprintf("%s may not assume the role %s (%s).", r.Service, r.ID, r.Name), means, d.trust(r))
		case r.Simulated && len(r.Missing) == 0:
			fit = append(fit, r.ID)
		}
		d.missing(r)
	}
	if len(fit) > 0 {
		d.right("These roles may do what they have to: %s.", strings.Join(fit, ", "))
	}
}

// trust is the command that lets the service assume the role.
func (d *diagnosis) trust(r Role) string {
	condition := ""
	if r.Service == "scheduler.amazonaws.com" { // so that nobody else's schedules can use it
		condition = `, "Condition": {"StringEquals": {"aws:SourceAccount": "` + d.Stack.Account + `"}}`
	}
	return d.aws("iam", "update-assume-role-policy", "--role-name %s --policy-document %s", r.Name,
		quoted(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "`+r.Service+`"}, "Action": "sts:AssumeRole"`+condition+`}]}`))
}

// missing says what a role may not do, once for each that forbids it, so that one command mends all that nothing allows.
func (d *diagnosis) missing(r Role) {
	for _, by := range slices.Compact(slices.Sorted(func(yield func(string) bool) {
		for _, m := range r.Missing {
			if !yield(m.By) {
				return
			}
		}
	})) {
		var lacks, statements []string
		for _, resource := range resources(r.Missing, by) {
			actions := actionsOn(r.Missing, by, resource)
			lacks = append(lacks, strings.Join(actions, ", ")+" on "+resource)
			statements = append(statements, fmt.Sprintf(`{"Effect": "Allow", "Action": ["%s"], "Resource": "%s"}`, strings.Join(actions, `", "`), resource))
		}
		what := fmt.Sprintf("The role %s (%s) may not do %s", r.ID, r.Name, strings.Join(lacks, "; nor "))
		if by == "" {
			d.wrong(what+": no policy allows it any more.", withoutRights[r.ID],
				d.aws("iam", "put-role-policy", "--role-name %s --policy-name mended --policy-document %s", r.Name,
					quoted(`{"Version": "2012-10-17", "Statement": [`+strings.Join(statements, ", ")+"]}")))
			continue
		}
		d.wrong(what+": "+by+" forbids it.", withoutRights[r.ID],
			d.aws("iam", "get-role", "--role-name %s", r.Name), d.aws("iam", "list-role-policies", "--role-name %s", r.Name),
			d.aws("iam", "list-attached-role-policies", "--role-name %s", r.Name))
	}
}

// resources are those on which something is forbidden so, in their order.
func resources(missing []Missing, by string) (all []string) {
	for _, m := range missing {
		if m.By == by && !slices.Contains(all, m.Resource) {
			all = append(all, m.Resource)
		}
	}
	return all
}

func actionsOn(missing []Missing, by, resource string) (all []string) {
	for _, m := range missing {
		if m.By == by && m.Resource == resource {
			all = append(all, m.Action)
		}
	}
	return all
}
