package template_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// wide are the statements that may name every resource, by role or policy and Sid, with the reason.
var wide = map[string]string{
	"TracePolicy/HandOverTraces": "X-Ray has no resource that a trace could be written to",
}

// statement is one of a policy.
type statement struct {
	owner, sid, effect string
	of                 object
}

// statements are those of all policies of a resource, wherever they stand in it.
func statements(r resource) (all []statement) {
	for o := range objects(r.properties) {
		if effect := text(o, "Effect"); effect != "" {
			all = append(all, statement{owner: r.id, sid: text(o, "Sid"), effect: effect, of: o})
		}
	}
	return all
}

func (s statement) String() string { return s.owner + "/" + s.sid }

func allowed(t *testing.T, all template) (found []statement) {
	t.Helper()
	for _, id := range slices.Sorted(maps.Keys(all.Resources)) {
		for _, s := range statements(all.Resources[id]) {
			if s.effect == "Allow" { // to deny more narrowly is no gain
				found = append(found, s)
			}
		}
	}
	if len(found) < 20 {
		t.Fatalf("found %d statements that allow something; the template has more", len(found))
	}
	return found
}

func TestNoActionIsAWildcard(t *testing.T) {
	t.Parallel()
	for _, s := range allowed(t, read(t)) {
		actions := list(s.of["Action"])
		if len(actions) == 0 {
			t.Errorf("%v allows no action by its name", s)
		}
		for _, action := range actions {
			if name, ok := action.(string); !ok || strings.ContainsAny(name, "*?") {
				t.Errorf("%v allows %v", s, action)
			}
		}
	}
}

// What follows a resource of the stack, such as the objects of a bucket, may be a wildcard; everything else is named.
var reference = regexp.MustCompile(`\$\{(\w+)(\.\w+)?\}`)

func TestNoResourceIsAWildcard(t *testing.T) {
	t.Parallel()
	all := read(t)
	used := map[string]bool{}
	for _, s := range allowed(t, all) {
		if _, trust := s.of["Principal"]; trust {
			continue // who may take the role: see below
		}
		resources := list(s.of["Resource"])
		if len(resources) == 0 {
			t.Errorf("%v names no resource", s)
		}
		for _, r := range resources {
			switch {
			case r == "*" && wide[s.String()] != "":
				used[s.String()] = true
			case !isNarrow(all, r):
				t.Errorf("%v allows it on %v", s, r)
			}
		}
	}
	for name := range wide {
		if !used[name] {
			t.Errorf("%s need not be wide any more", name)
		}
	}
}

// isNarrow says whether a statement's resource is one of the stack, a part of one, or a parameter.
func isNarrow(all template, r any) bool {
	function, ok := r.(object)
	if !ok {
		return false
	}
	sub := fmt.Sprint(function["Fn::Sub"])
	at := strings.IndexAny(sub, "*?")
	if function["Fn::Sub"] == nil || at < 0 {
		return len(function) == 1
	}
	for _, found := range reference.FindAllStringSubmatch(sub[:at], -1) {
		if _, own := all.Resources[found[1]]; own {
			return true
		}
	}
	return false
}

func TestRolesAreTakenByOneServiceForThisAccount(t *testing.T) {
	t.Parallel()
	all := read(t)
	for _, role := range all.must(t, "AWS::IAM::Role") {
		if role.properties["ManagedPolicyArns"] != nil {
			t.Errorf("%s has policies of AWS, which are wider than what is needed", role.id)
		}
		trust := list(at(role.properties, "AssumeRolePolicyDocument")["Statement"])
		if len(trust) != 1 {
			t.Errorf("%s may be taken for %d reasons, want one", role.id, len(trust))
			continue
		}
		service := text(at(trust[0], "Principal"), "Service")
		account := at(trust[0], "Condition", "StringEquals")["aws:SourceAccount"]
		// A function's role is given by whoever may pass it; the other services would act for anybody who knows its name.
		if service != "lambda.amazonaws.com" && fmt.Sprint(account) != fmt.Sprint(object{"Ref": "AWS::AccountId"}) {
			t.Errorf("%s may be taken by %s for %v", role.id, service, account)
		}
	}
}

func TestFunctionsHaveTheRolesOfTheTemplate(t *testing.T) {
	t.Parallel()
	all := read(t)
	for _, function := range all.must(t, "AWS::Serverless::Function") {
		if function.properties["Policies"] != nil || function.properties["Role"] == nil {
			t.Errorf("%s has a role that SAM makes, which may do more than it needs", function.id)
		}
	}
}

// The key may be used by way of the services whose data it encrypts, and for nothing else.
func TestTheKeyIsUsedByWayOfItsServices(t *testing.T) {
	t.Parallel()
	found := 0
	for _, s := range allowed(t, read(t)) {
		if !strings.Contains(fmt.Sprint(s.of["Action"]), "kms:") {
			continue
		}
		found++
		if fmt.Sprint(s.of["Resource"]) != fmt.Sprint(object{"Ref": "KmsKeyArn"}) || at(s.of, "Condition", "StringEquals")["kms:ViaService"] == nil {
			t.Errorf("%v may use a key beyond the stack's data", s)
		}
	}
	if found == 0 {
		t.Error("nobody may use the key")
	}
}
