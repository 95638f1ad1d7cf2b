package look

import (
	"context"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"dmlysender/local/doctor/diagnosis"
)

// need is what a role has to be allowed on one resource, which is named as in the template.
type need struct {
	resource string
	actions  []string
}

// roles are those of the template, and what each needs for messages. A test holds them against the template. What they need
// for their logs is left out: no message waits for that.
var roles = []struct {
	id, service string
	needs       []need
}{
	{"WorkerRole", "lambda.amazonaws.com", []need{
		{"SendQueue", takeRecords}, {"BulkQueue", takeRecords},
		{"LedgerTable", []string{"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}},
		{"DmlyKeySecret", readKey}, {"LaterGroup", holdRecords}, {"LaterRole", passRole},
	}},
	{"ScheduleRole", "lambda.amazonaws.com", []need{
		{"SendQueue", fillQueue}, {"BulkQueue", fillQueue}, {"ScheduleDeadLetterQueue", []string{"sqs:SendMessage"}},
		{"LedgerTable", keepLedger}, {"LedgerTable/index/attention", []string{"dynamodb:Query"}}, {"DmlyKeySecret", readKey},
		{"AudienceBucket", []string{"s3:ListBucket"}}, {"AudienceBucket/audiences/*", []string{"s3:GetObject"}}, {"AudienceBucket/campaigns/*", keepPlans},
	}},
	{"ApiRole", "lambda.amazonaws.com", []need{
		{"SendQueue", fillQueue}, {"BulkQueue", fillQueue},
		{"LedgerTable", keepLedger}, {"LedgerTable/index/attention", []string{"dynamodb:Query"}},
		{"DmlyKeySecret", readKey}, {"InboundKeysSecret", readKey}, {"LaterGroup", holdRecords}, {"LaterRole", passRole},
		{"AudienceBucket", []string{"s3:ListBucket"}}, {"AudienceBucket/audiences/*", []string{"s3:GetObject"}}, {"AudienceBucket/campaigns/*", keepPlans},
	}},
	{"LaterRole", "scheduler.amazonaws.com", []need{
		{"SendQueue", []string{"sqs:SendMessage"}}, {"BulkQueue", []string{"sqs:SendMessage"}},
		{"SendDeadLetterQueue", []string{"sqs:SendMessage"}}, {"BulkDeadLetterQueue", []string{"sqs:SendMessage"}},
	}},
	{"SchedulerRole", "scheduler.amazonaws.com", []need{
		{"ScheduleFunction", []string{"lambda:InvokeFunction"}}, {"ScheduleDeadLetterQueue", []string{"sqs:SendMessage"}},
	}},
}

var (
	takeRecords = []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility", "sqs:SendMessage"}
	fillQueue   = []string{"sqs:SendMessage", "sqs:GetQueueAttributes"}
	keepLedger  = []string{"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"}
	readKey     = []string{"secretsmanager:GetSecretValue"}
	holdRecords = []string{"scheduler:CreateSchedule", "scheduler:UpdateSchedule", "scheduler:DeleteSchedule"}
	keepPlans   = []string{"s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"}
	passRole    = []string{"iam:PassRole"}
)

// named is the resource of a need as policies name it.
func (l *looker) named(resource string) string {
	id, rest, _ := strings.Cut(resource, "/")
	name := l.stack.resources[id]
	switch {
	case strings.HasSuffix(id, "Queue"):
		return l.queueARN(name)
	case strings.HasSuffix(id, "Role"):
		return l.arn("iam", "role/"+name)
	case id == "LedgerTable" && rest != "":
		return l.arn("dynamodb", "table/"+name+"/"+rest)
	case id == "LedgerTable":
		return l.arn("dynamodb", "table/"+name)
	case id == "LaterGroup":
		return l.arn("scheduler", "schedule/"+name+"/*")
	case id == "ScheduleFunction":
		return l.arn("lambda", "function:"+name)
	case id == "AudienceBucket" && rest != "":
		return "arn:" + l.stack.partition + ":s3:::" + name + "/" + rest
	case id == "AudienceBucket":
		return "arn:" + l.stack.partition + ":s3:::" + name
	default: // a secret is named by its ARN
		return name
	}
}

func (l *looker) readRoles(ctx context.Context) {
	client := sdk.NewFromConfig(l.cfg)
	simulates := true
	for _, r := range roles {
		looked := diagnosis.Role{ID: r.id, Name: l.stack.resources[r.id], Service: r.service}
		got, err := client.GetRole(ctx, &sdk.GetRoleInput{RoleName: aws.String(looked.Name)})
		switch {
		case is(err, "NoSuchEntity"):
			looked.Gone = true
			l.facts.Roles = append(l.facts.Roles, looked)
			continue
		case err != nil:
			l.unseen(ctx, "who may assume the role "+r.id, "iam:GetRole", looked.Name, err)
			looked.Trusts = true // nothing is known against it
		default:
			looked.Trusts = trusts(got.Role, r.service)
		}
		if simulates {
			simulates = l.simulate(ctx, client, &looked, r.needs)
		}
		l.facts.Roles = append(l.facts.Roles, looked)
	}
}

// trusts says whether the role's policy names the service. What conditions it has is not looked at.
func trusts(r *types.Role, service string) bool {
	policy, err := url.QueryUnescape(aws.ToString(r.AssumeRolePolicyDocument))
	return err == nil && strings.Contains(policy, `"`+service+`"`)
}

// simulate asks AWS what the role may do. It returns false if that cannot be asked, which will not be otherwise for the
// next role.
func (l *looker) simulate(ctx context.Context, client *sdk.Client, r *diagnosis.Role, needs []need) bool {
	for _, n := range needs {
		resource := l.named(n.resource)
		got, err := client.SimulatePrincipalPolicy(ctx, &sdk.SimulatePrincipalPolicyInput{
			PolicySourceArn: aws.String(l.arn("iam", "role/"+r.Name)), ActionNames: n.actions,
			ResourceArns: []string{strings.ReplaceAll(resource, "*", "any")},
			ContextEntries: []types.ContextEntry{{
				ContextKeyName: aws.String("iam:PassedToService"), ContextKeyType: types.ContextKeyTypeEnumString, ContextKeyValues: []string{"scheduler.amazonaws.com"},
			}},
		})
		if err != nil {
			l.unseen(ctx, "what the stack's roles may do", "iam:SimulatePrincipalPolicy", "the roles of the stack", err)
			return false
		}
		for _, e := range got.EvaluationResults {
			if e.EvalDecision != types.PolicyEvaluationDecisionTypeAllowed {
				r.Missing = append(r.Missing, diagnosis.Missing{Action: aws.ToString(e.EvalActionName), Resource: resource, By: forbiddenBy(e)})
			}
		}
	}
	r.Simulated = true
	return true
}

// forbiddenBy says what forbids an action; empty if nothing allows it.
func forbiddenBy(e types.EvaluationResult) string {
	switch {
	case e.OrganizationsDecisionDetail != nil && !e.OrganizationsDecisionDetail.AllowedByOrganizations:
		return "a policy of the organization"
	case e.PermissionsBoundaryDecisionDetail != nil && !e.PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary:
		return "its permissions boundary"
	case e.EvalDecision == types.PolicyEvaluationDecisionTypeExplicitDeny:
		return "a policy"
	default:
		return ""
	}
}
