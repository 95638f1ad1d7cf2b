package awsconf_test

import (
	"testing"

	"dmlysender/shared/awsconf/awstest"
)

func TestMain(m *testing.M) { awstest.RunWithoutEnv(m) }
