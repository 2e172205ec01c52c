package api_test

import (
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/droits"
)

func TestMain(m *testing.M) { os.Exit(apptest.Main(m)) }

// today is the day on which every instance stands unless a test moves it.
var today = civil.On(apptest.Noon())

var dayMark = regexp.MustCompile(`\{(an|[+-]?\d+)\}`)

// dated replaces {0} by today, {+10} by ten days later, {an} by one year later.
func dated(s string) string {
	return dayMark.ReplaceAllStringFunc(s, func(m string) string {
		m = strings.Trim(m, "{}")
		if m == "an" {
			return today.AddYears(1).String()
		}
		n, _ := strconv.Atoi(m) // the expression lets only numbers in
		return today.AddDays(n).String()
	})
}

// wants compares an answer with a JSON text in which days are relative.
func wants(t *testing.T, a *apptest.Answer, want string) {
	t.Helper()
	if a.Status != 200 {
		t.Fatalf("answered %d %q instead of data", a.Status, a.Code())
	}
	var x, y any
	if err := json.Unmarshal([]byte(dated(want)), &y); err != nil {
		t.Fatalf("the expected text is not JSON: %v", err)
	}
	if err := json.Unmarshal(a.Body, &x); err != nil {
		t.Fatal("the answer is not JSON")
	}
	if !reflect.DeepEqual(x, y) {
		t.Errorf("answered\n%s\nwant\n%s", a.Body, dated(want)) // fictitious people
	}
}

// members lists the members of each object of a list, one word each.
func members(list []map[string]any, member string) (out []string) {
	for _, o := range list {
		s, _ := o[member].(string)
		out = append(out, s)
	}
	return out
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// body sends a body with a call that wants none.
func body(s string) apptest.Change {
	return func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(s)), int64(len(s))
	}
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }

func restriction(s droits.Sujet, b droits.Bloc, at time.Time) consent.Restriction {
	return consent.Restriction{Subject: s, Bloc: b, Ground: "18-1-b", SinceAt: at}
}

// text is a value as JSON.
func text(v any) string { b, _ := json.Marshal(v); return string(b) }

// kinds runs a test for both sample partners, the hospital in both versions.
func kinds(t *testing.T, in *apptest.Instance, do func(*testing.T, apptest.Partner)) {
	t.Helper()
	for name, p := range map[string]apptest.Partner{"hospital v1": in.Hospital, "hospital v2": in.Hospital.V2(), "insurer v2": in.Insurer} {
		t.Run(name, func(t *testing.T) { do(t, p) })
	}
}
