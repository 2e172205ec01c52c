package partners

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"droits.example/droits/client"
)

func TestAPartnerBelievesOnlyWhatIsSigned(t *testing.T) { // R20
	now := time.Unix(1795345200, 0)
	of := func(secret client.Secret) Partner {
		return Partner{APIKey: "k", APIBase: "http://127.0.0.1:1/x", Webhook: secret, Clients: []FCClient{{Profile: "v1", ID: "c", AuthorizeURL: "http://127.0.0.1:1/a", TokenURL: "http://127.0.0.1:1/t", LogoutURL: "http://127.0.0.1:1/l", Issuer: "http://127.0.0.1:1"}}}
	}
	h, err := New(Config{Hospital: of("whsec_h"), Insurer: of(""), BaseURL: "http://127.0.0.1:2", Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	post := func(path, secret string) int {
		body := []byte(`{"id":"env_1","type":"test"}`)
		at := strconv.FormatInt(now.Unix(), 10)
		m := hmac.New(sha256.New, []byte(secret))
		m.Write([]byte(at + "."))
		m.Write(body)
		r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "http://127.0.0.1:2"+path, bytes.NewReader(body))
		r.Header.Set(client.WebhookSignature, "t="+at+",v1="+hex.EncodeToString(m.Sum(nil)))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	for name, c := range map[string]struct {
		path, secret string
		want         int
	}{
		"R20 what is signed is taken":                   {WebhookPath("hopital"), "whsec_h", 204},
		"R20 what another signed is not":                {WebhookPath("hopital"), "whsec_x", 401},
		"R20 a partner without a secret takes nothing":  {WebhookPath("mutuelle"), "", 401},
		"R20 what was said to one is not for the other": {WebhookPath("mutuelle"), "whsec_h", 401},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				if got := post(c.path, c.secret); got != c.want {
					t.Errorf("%d", got)
				}
			}
		})
	}
}
