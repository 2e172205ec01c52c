package admin

import (
	"net/http"
	"net/url"

	"droits.example/droits/internal/notify"
)

// WebhookPath is where the webhook of a partner is read.
func WebhookPath(partnerID string) string {
	return "/webhooks?" + url.Values{"partner": {partnerID}}.Encode()
}

func showWebhook(c Config, r *http.Request, _ Request) (any, error) {
	return c.Live.Webhook(r.Context(), r.URL.Query().Get("partner"))
}

// setWebhook makes the secret here, and this answer is the only place where it
// is ever shown.
func setWebhook(c Config, r *http.Request, req Request) (any, error) {
	secret := notify.NewSecret()
	if err := c.registry(req).SetWebhook(r.Context(), req.ID, req.URL, secret, c.Environment); err != nil {
		return nil, err
	}
	more := map[string]any{"partner": req.ID}
	if req.Apply {
		more["secret"] = secret
	}
	return done(req, more)
}

func removeWebhook(c Config, r *http.Request, req Request) (any, error) {
	if err := c.registry(req).RemoveWebhook(r.Context(), req.ID); err != nil {
		return nil, err
	}
	return done(req, map[string]any{"partner": req.ID})
}

func testWebhook(c Config, r *http.Request, req Request) (any, error) {
	id, err := c.registry(req).TestWebhook(r.Context(), req.ID)
	if err != nil {
		return nil, err
	}
	more := map[string]any{"partner": req.ID}
	if req.Apply {
		more["id"] = id
	}
	return done(req, more)
}

func replayWebhook(c Config, r *http.Request, req Request) (any, error) {
	n, err := c.registry(req).ReplayWebhook(r.Context(), req.ID, req.Delivery)
	if err != nil {
		return nil, err
	}
	return done(req, map[string]any{"partner": req.ID, "messages": n})
}
