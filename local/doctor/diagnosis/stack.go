package diagnosis

import (
	"fmt"
	"slices"
	"strings"
)

// stack says how the deployment went. It returns false if nothing can be said of the parts, as they are not all there.
func (d *diagnosis) stack() (whole bool) {
	s := d.Stack
	failed := d.aws("cloudformation", "describe-stack-events", "--stack-name %s --query %s --output table", s.Name,
		quoted("StackEvents[?ends_with(ResourceStatus, `FAILED`)].[Timestamp, LogicalResourceId, ResourceStatusReason]"))
	why := ""
	if s.Reason != "" {
		why = ": " + strings.TrimSuffix(s.Reason, ".")
	}
	switch {
	case !s.Stands() && strings.HasSuffix(s.Status, "_IN_PROGRESS"):
		d.wrong(fmt.Sprintf("The stack is not there yet, or on its way out (%s)%s.", s.Status, since(s.Since)), "Nothing is sent.", d.make("doctor"))
		return false
	case !s.Stands():
		d.wrong(fmt.Sprintf("The stack could not be deployed, or is deleted (%s)%s%s.", s.Status, since(s.Since), why), "Nothing is sent.",
			failed, "# once that is mended:", d.aws("cloudformation", "delete-stack", "--stack-name %s", s.Name), d.deploy(""))
		return false
	case strings.HasSuffix(s.Status, "_IN_PROGRESS"):
		d.wrong(fmt.Sprintf("The stack is being changed (%s)%s.", s.Status, since(s.Since)),
			"Messages wait while their part is replaced. What is said below may be over in a minute.", d.make("doctor"))
	case s.Status == "CREATE_COMPLETE", s.Status == "UPDATE_COMPLETE", s.Status == "IMPORT_COMPLETE":
		d.right("The stack was deployed at %s (%s).", moment(s.Since), s.Status)
	case s.Status == "UPDATE_ROLLBACK_COMPLETE":
		d.wrong(fmt.Sprintf("The last deployment failed, and the stack is as it was before (%s)%s%s.", s.Status, since(s.Since), why),
			"Messages go on as before. What you wanted to deploy is not there.", failed)
	default:
		d.wrong(fmt.Sprintf("The last deployment failed in the middle (%s)%s%s.", s.Status, since(s.Since), why),
			"Parts of the stack may be missing, and messages wait for them.", failed)
	}
	if len(s.Lacks) > 0 {
		d.wrong(fmt.Sprintf("The stack has no %s: it was deployed from another version of the template, so no more can be said of it.", strings.Join(s.Lacks, ", ")),
			"What needs that does not work.", d.deploy(""))
	}
	return len(s.Lacks) == 0
}

// Stands says whether the stack's resources are there: not before it was deployed once, and not when that failed.
func (s Stack) Stands() bool {
	return !slices.Contains([]string{"REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_FAILED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_FAILED", "ROLLBACK_COMPLETE"}, s.Status) &&
		!strings.HasPrefix(s.Status, "DELETE_")
}

func (d *diagnosis) alarms() {
	ringing := 0
	for _, a := range d.Alarms {
		if !a.Ringing {
			continue
		}
		ringing++
		means := a.Description
		if means == "" {
			means = "The alarm has no description. What rings may have been named above."
		}
		d.wrong(fmt.Sprintf("The alarm %s rings%s.", a.Name, since(a.Since)), means,
			d.aws("cloudwatch", "describe-alarms", "--alarm-names %s --query %s --output text", quoted(a.Name), quoted("*[].StateReason")))
	}
	if ringing == 0 && len(d.Alarms) > 0 {
		d.right("None of the stack's %s rings.", count(len(d.Alarms), "alarm", "alarms"))
	}
}
