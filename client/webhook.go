package client

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// The headers of a webhook.
const (
	WebhookSignature = "X-Droits-Signature"
	WebhookDelivery  = "X-Droits-Delivery"
)

// WebhookEvent is what a webhook tells. The same ID may come twice: act on the
// first. Reference is the person's, as in Meta.
type WebhookEvent struct {
	ID          string    `json:"id"`
	Type        string    `json:"type"` // consent.…, key.…, certificate.expiring, usage.unusual, or test
	At          time.Time `json:"at"`
	Partner     string    `json:"partner"`
	Reference   string    `json:"reference"`
	Conventions []string  `json:"conventions"`
	Consents    []string  `json:"consents"`
	Until       time.Time `json:"until"` // end of a pause, a key or a certificate, zero when it has none
	Key         string    `json:"key"`   // identifier of the API key that it is about
	Last4       string    `json:"last4"`
	Days        *int      `json:"days"`     // before the end of that key or certificate
	Reason      string    `json:"reason"`   // what is unusual; of a certificate its fingerprint
	Requests    []string  `json:"requests"` // identifiers of your own calls
}

// ErrWebhook says that a webhook is not ours, is altered, or is too old.
var ErrWebhook = errors.New("client: the webhook's signature is not valid")

// webhookAge bounds how long a signed webhook may be replayed by others.
const webhookAge = 5 * time.Minute

// ReadWebhook checks the signature over the body as it was received, byte by
// byte, then reads it. header is that of WebhookSignature. Errors: ErrWebhook.
func ReadWebhook(secret, header string, body []byte, now time.Time) (e WebhookEvent, err error) {
	var at, sum string
	for _, part := range strings.Split(header, ",") {
		switch k, v, _ := strings.Cut(strings.TrimSpace(part), "="); k {
		case "t":
			at = v
		case "v1":
			sum = v
		}
	}
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || secret == "" {
		return e, ErrWebhook
	}
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(at + "."))
	h.Write(body)
	if age := now.Sub(time.Unix(seconds, 0)); !hmac.Equal([]byte(sum), hex.AppendEncode(nil, h.Sum(nil))) || age > webhookAge || age < -webhookAge {
		return e, ErrWebhook
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return WebhookEvent{}, ErrWebhook
	}
	return e, nil
}
