package partners

import (
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"

	"droits.example/droits/client"
)

// notices receives what the platform tells a partner: each once, although it
// may come twice.
type notices struct {
	*app
	secret client.Secret
	mu     sync.Mutex
	seen   []string // identifiers, the last ones
}

// maxSeen bounds what is remembered of what came.
const maxSeen = 200

// WebhookPath is where a partner is told, after BaseURL; slug is hopital or
// mutuelle.
func WebhookPath(slug string) string { return "/" + slug + "/avis" }

func (n *notices) routes(mux *http.ServeMux) {
	mux.HandleFunc("POST "+WebhookPath(n.slug), n.receive)
}

func (n *notices) receive(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var e client.WebhookEvent
	if err == nil {
		e, err = client.ReadWebhook(string(n.secret), r.Header.Get(client.WebhookSignature), body, n.clock())
	}
	if err != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if n.first(e.ID) {
		n.log.Info("told by the platform", slog.String("event", "webhook"), slog.String("type", e.Type))
	}
	w.WriteHeader(http.StatusNoContent)
}

// first reports whether a message comes for the first time.
func (n *notices) first(id string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if slices.Contains(n.seen, id) {
		return false
	}
	if n.seen = append(n.seen, id); len(n.seen) > maxSeen {
		n.seen = n.seen[1:]
	}
	return true
}
