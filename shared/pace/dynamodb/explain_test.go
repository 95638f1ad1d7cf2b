package dynamodb_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/table"
)

// writes calls each method of a pacer once that updates the item.
func writes(t *testing.T, p delivery.Pacer) []error {
	t.Helper()
	_, reserveErr := p.Reserve(t.Context(), account, delivery.NormalLane, 1, noon.Add(time.Hour))
	_, refuseErr := p.Refuse(t.Context(), account)
	return []error{reserveErr, p.Delay(t.Context(), account.Name, noon.Add(time.Minute)), refuseErr}
}

// read calls the one that reads it.
func read(t *testing.T, p delivery.Forecaster) error {
	t.Helper()
	_, err := p.Outlook(t.Context(), account)
	return err
}

func TestErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault http.HandlerFunc
		is    error
		want  []string
	}{
		"no table": {
			refuse("ResourceNotFoundException", "Requested resource not found"),
			table.ErrNotFound, []string{"deploy", "LEDGER"},
		},
		"access denied": {
			refuse("AccessDeniedException", "User: arn:aws:sts::123456789012:assumed-role/worker is not authorized"),
			table.ErrAccessDenied, []string{"assumed-role/worker"},
		},
		"other": {
			refuse("ValidationException", "The provided key element does not match the schema"),
			nil, []string{"ValidationException"},
		},
		"unreadable": {awstest.Answer(http.StatusOK, `{"Attributes": {"tat`), nil, []string{"AWS_ENDPOINT_URL_DYNAMODB"}},
		"throttled":  {refuse("ThrottlingException", "Rate exceeded"), delivery.ErrThrottled, []string{"ThrottlingException"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stand{}
			s.next(false, slices.Repeat([]http.HandlerFunc{tt.fault}, 12)...)
			p := s.open(t, clockAt(noon))
			for _, err := range append(writes(t, p), read(t, p)) {
				if err == nil {
					t.Fatal("got no error")
				}
				if tt.is != nil && !errors.Is(err, tt.is) {
					t.Errorf("got %v, want %v", err, tt.is)
				}
				for _, want := range append(tt.want, "account default", tableName, "eu-central-1") {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("got %q, want it to contain %q", err, want)
					}
				}
			}
		})
	}
}

func TestAnErrorNamesThePermissionThatIsMissing(t *testing.T) {
	t.Parallel()
	s := &stand{}
	denied := refuse("AccessDeniedException", "no identity-based policy allows it")
	s.next(false, denied, denied, denied, denied)
	p := s.open(t, clockAt(noon))
	for _, err := range writes(t, p) {
		if !strings.Contains(err.Error(), "dynamodb:UpdateItem on the table") {
			t.Errorf("a write: got %v", err)
		}
	}
	if err := read(t, p); !strings.Contains(err.Error(), "dynamodb:GetItem on the table") {
		t.Errorf("a read: got %v", err)
	}
}

func TestDamagedItemsAreErrorsThatNameTheAttribute(t *testing.T) {
	t.Parallel()
	for attribute, value := range map[string]map[string]any{
		"tat":          {"S": "tomorrow"},
		"refusedKey":   {"N": "1"},
		"refusedUntil": {"N": "1.5"},
		"refusedFor":   {"BOOL": true},
	} {
		t.Run(attribute, func(t *testing.T) {
			t.Parallel()
			s := &stand{}
			s.put("tat", map[string]any{"N": "1"})
			s.put(attribute, value)
			// Made by hand, as the stand's own conditions cannot read such an item.
			failed := awstest.Answer(http.StatusBadRequest, awstest.JSON(map[string]any{"__type": "ConditionalCheckFailedException", "Item": s.item()}))
			s.next(false, failed, failed, failed)
			p := s.open(t, clockAt(noon))
			for _, err := range append(writes(t, p), read(t, p)) {
				if err == nil || !strings.Contains(err.Error(), attribute) || !strings.Contains(err.Error(), "delete the item") {
					t.Errorf("got %v, want it to name %s", err, attribute)
				}
			}
		})
	}
}
