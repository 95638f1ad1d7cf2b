package template_test

import (
	"fmt"
	"testing"
)

var (
	ref = func(name string) object { return object{"Ref": name} }
	// ownKey is the key of KmsKeyArn where there is one, and else what the service does without.
	ownKey = object{"Fn::If": []any{"HasKmsKey", ref("KmsKeyArn"), ref("AWS::NoValue")}}
)

// same compares values of the template.
func same(a, b any) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

func TestLogsAreKeptForTheirTime(t *testing.T) {
	t.Parallel()
	all := read(t)
	for _, group := range all.must(t, "AWS::Logs::LogGroup") {
		if !same(group.properties["RetentionInDays"], ref("LogRetentionDays")) {
			t.Errorf("%s is kept for %v days", group.id, group.properties["RetentionInDays"])
		}
	}
	// What writes logs writes them to a group of the template: one that AWS makes would keep them for ever.
	groups := map[string]any{}
	for _, function := range all.must(t, "AWS::Serverless::Function") {
		groups[function.id] = at(function.properties, "LoggingConfig", "LogGroup")["Ref"]
	}
	for _, api := range all.must(t, "AWS::Serverless::HttpApi") {
		arn := text(at(api.properties, "AccessLogSettings", "DestinationArn"), "Fn::GetAtt")
		groups[api.id] = arn[:max(0, len(arn)-len(".Arn"))]
	}
	for writer, group := range groups {
		if id, _ := group.(string); all.Resources[id].kind != "AWS::Logs::LogGroup" {
			t.Errorf("%s writes its logs to %v", writer, group)
		}
	}
}

func TestWhatIsKeptIsEncrypted(t *testing.T) {
	t.Parallel()
	all := read(t)
	for _, queue := range all.must(t, "AWS::SQS::Queue") {
		managed := object{"Fn::If": []any{"HasKmsKey", false, true}}
		if !same(queue.properties["SqsManagedSseEnabled"], managed) || !same(queue.properties["KmsMasterKeyId"], ownKey) {
			t.Errorf("%s has keys %v, %v", queue.id, queue.properties["SqsManagedSseEnabled"], queue.properties["KmsMasterKeyId"])
		}
	}
	for _, table := range all.must(t, "AWS::DynamoDB::Table") {
		sse := at(table.properties, "SSESpecification")
		if sse["SSEEnabled"] != true || !same(sse["KMSMasterKeyId"], ownKey) {
			t.Errorf("%s is encrypted by %v", table.id, sse)
		}
	}
	for _, bucket := range all.must(t, "AWS::S3::Bucket") {
		rules := list(at(bucket.properties, "BucketEncryption")["ServerSideEncryptionConfiguration"])
		if len(rules) != 1 {
			t.Fatalf("%s has %d rules of encryption", bucket.id, len(rules))
		}
		by := at(rules[0], "ServerSideEncryptionByDefault")
		algorithm := object{"Fn::If": []any{"HasKmsKey", "aws:kms", "AES256"}}
		if !same(by["SSEAlgorithm"], algorithm) || !same(by["KMSMasterKeyID"], ownKey) {
			t.Errorf("%s is encrypted by %v", bucket.id, by)
		}
	}
	for _, kind := range []string{"AWS::SecretsManager::Secret", "AWS::Logs::LogGroup"} {
		for _, r := range all.must(t, kind) {
			if !same(r.properties["KmsKeyId"], ownKey) {
				t.Errorf("%s is encrypted by %v", r.id, r.properties["KmsKeyId"])
			}
		}
	}
}

func TestTheLedgerStaysWhateverHappensToTheStack(t *testing.T) {
	t.Parallel()
	all := read(t)
	for _, table := range all.must(t, "AWS::DynamoDB::Table") {
		if table.deletionPolicy != "Retain" || table.updateReplacePolicy != "Retain" {
			t.Errorf("%s goes with the stack: %q, %q", table.id, table.deletionPolicy, table.updateReplacePolicy)
		}
		if !same(table.properties["DeletionProtectionEnabled"], ref("LedgerDeletionProtection")) || at(all.Parameters, "LedgerDeletionProtection")["Default"] != "true" {
			t.Errorf("%s can be deleted by a slip", table.id)
		}
		if at(table.properties, "PointInTimeRecoverySpecification")["PointInTimeRecoveryEnabled"] != true {
			t.Errorf("%s cannot be brought back to an earlier time", table.id)
		}
	}
}
