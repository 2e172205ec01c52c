package client

import (
	"strings"
	"testing"
	"time"
)

func TestReadWebhook(t *testing.T) { // R20
	// Signed apart: printf '1795345200.{"id":"env_1","type":"test"}' | openssl dgst -sha256 -hmac whsec_test
	const body, header = `{"id":"env_1","type":"test"}`, "t=1795345200,v1=" + webhookSum
	at := time.Unix(1795345200, 0)
	e, err := ReadWebhook("whsec_test", header, []byte(body), at.Add(time.Minute))
	if err != nil || e.ID != "env_1" || e.Type != "test" {
		t.Fatalf("R20 %+v %v", e, err)
	}
	for name, c := range map[string]struct {
		secret, header, body string
		now                  time.Time
	}{
		"another secret":       {"whsec_tesu", header, body, at},
		"no secret":            {"", header, body, at},
		"another body":         {"whsec_test", header, body + " ", at},
		"another instant":      {"whsec_test", strings.Replace(header, "1795345200", "1795345201", 1), body, at},
		"too old":              {"whsec_test", header, body, at.Add(time.Hour)},
		"from the future":      {"whsec_test", header, body, at.Add(-time.Hour)},
		"nothing":              {"whsec_test", "", body, at},
		"no signature":         {"whsec_test", "t=1795345200", body, at},
		"capital letters":      {"whsec_test", strings.Replace(header, webhookSum, strings.ToUpper(webhookSum), 1), body, at},
		"a signature cut":      {"whsec_test", header[:40], body, at},
		"an instant not in it": {"whsec_test", strings.Replace(header, "t=", "u=", 1), body, at},
	} {
		if _, err := ReadWebhook(c.secret, c.header, []byte(c.body), c.now); err != ErrWebhook {
			t.Errorf("R20 %s: %v", name, err)
		}
	}
}
func FuzzReadWebhook(f *testing.F) {
	f.Add("t=1795345200,v1="+webhookSum, []byte(`{"id":"env_1","type":"test"}`))
	f.Add("t=,v1=", []byte("{}"))
	f.Add("v1=00,t=9223372036854775807", []byte(nil))
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		e, err := ReadWebhook("whsec_test", header, body, time.Unix(1795345200, 0))
		if err == nil && !strings.Contains(header, webhookSum) && e.ID != "" {
			t.Errorf("%q is believed", header)
		}
	})
}

const webhookSum = "c3782b76f174ec42a06bb8eb3f66202802c10c423773d0ad05316a84ab1c0bc7"
