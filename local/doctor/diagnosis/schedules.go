package diagnosis

import "fmt"

func (d *diagnosis) schedules() {
	s := d.Schedules
	if s == nil {
		return
	}
	d.held(*s)
	if t := s.Tick; t != nil {
		d.tick(*t)
	}
	if e := s.Example; e != nil {
		d.example(*e, s.ExampleIsUnchanged)
	}
}

// held is about the schedules of messages that are due later.
func (d *diagnosis) held(s Schedules) {
	const late = "These messages are late. Each is tried again for a day; then it goes to the dead-letter queue."
	list := d.aws("scheduler", "list-schedules", "--group-name %s --query %s --output table", s.Group, quoted("Schedules[].[Name, State]"))
	number := func(n int) string {
		if s.More { // there are some that were not looked at
			return "At least " + count(n, "schedule", "schedules")
		}
		return count(n, "schedule", "schedules")
	}
	switch {
	case s.GroupGone:
		d.wrong(fmt.Sprintf("The schedule group %s is gone, and with it the schedules of all messages that were held until their time.", s.Group),
			"A message with a sendAt that is more than 15 minutes ahead cannot be held: the HTTP API answers 503, and on the queue it comes back every 3 minutes.",
			d.aws("scheduler", "create-schedule-group", "--name %s", s.Group))
	case s.Disabled > 0:
		d.wrong(fmt.Sprintf("%s of the group %s will not fire: switched off.", number(s.Disabled), s.Group),
			"The messages that they hold are not sent at their time.", list)
	}
	if s.Overdue > 0 {
		d.wrong(fmt.Sprintf("%s of the group %s should have fired, the first at %s.", number(s.Overdue), s.Group, moment(s.OverdueSince)),
			late, "# what is said above of the role LaterRole and of the queues may be why; else:", list)
	}
	if s.GroupGone || s.Disabled > 0 || s.Overdue > 0 {
		return
	}
	if s.Held == 0 {
		d.right("No message is held until its time.")
	} else {
		d.right("%s of messages that are due later, none overdue.", number(s.Held))
	}
}

// tick is about the schedule that feeds campaigns.
func (d *diagnosis) tick(t Schedule) {
	const means = "Campaigns are neither planned nor fed, watched nor ended. All other messages go."
	switch {
	case t.Gone:
		d.wrong(fmt.Sprintf("The schedule %s, which takes campaigns a step further each minute, is gone.", t.Name), means, d.drift()...)
	case !t.Enabled:
		d.wrong(fmt.Sprintf("The schedule %s, which takes campaigns a step further each minute, is switched off%s.", t.Name, since(t.Changed)), means,
			"# any change of its definition switches it on; this one keeps all else:", d.enable(t))
	default:
		d.right("Campaigns are taken a step further each minute.")
	}
}

// enable is the command that switches a schedule on: what is not said in an update is as if it had never been said, so it
// repeats what stands.
func (d *diagnosis) enable(t Schedule) string {
	get := d.aws("scheduler", "get-schedule", "--name %s --query %s", t.Name, quoted("{Name: Name, GroupName: GroupName, ScheduleExpression: ScheduleExpression, FlexibleTimeWindow: FlexibleTimeWindow, Target: Target, Description: Description}"))
	return d.aws("scheduler", "update-schedule", `--state ENABLED --cli-input-json "$(%s)"`, get)
}

// example is about the schedule that is there to be copied.
func (d *diagnosis) example(e Schedule, unchanged bool) {
	switch {
	case e.Gone:
		d.wrong(fmt.Sprintf("The example schedule %s is gone.", e.Name), "It sends nothing. No other message is touched by it.", d.drift()...)
	case e.Enabled && unchanged:
		d.wrong(fmt.Sprintf("The example schedule is switched on%s, and still has the recipient of the example.", since(e.Changed)),
			"A message to a number that nobody has is sent every weekday.", d.deploy("ExampleScheduleState=DISABLED"))
	case e.Enabled:
		d.right("The example schedule is switched on.")
	default:
		d.right("The example schedule is switched off, as it is at first.")
	}
}
