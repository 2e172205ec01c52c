package app

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"droits.example/droits/internal/edge"
	"droits.example/droits/internal/fault"
)

// Where everybody reads what proves the trail of accesses: no personal data.
const (
	ProofKeysPath  = "/preuves/cles"
	CheckpointPath = "/preuves/point-de-controle"
)

// beat signs the trail's head. A trail that is not the one that was signed is
// told loudly, every time: nothing that wants a trace is answered until somebody
// has mended it.
func (a *App) beat(ctx context.Context) error {
	err := a.Store.Beat(ctx)
	a.heads.Store(err == nil)
	if err == nil {
		return nil
	}
	if reason := fault.From(err).Reason(); strings.HasPrefix(reason, "TRAIL_") {
		a.Logger.Error("the trail of accesses is refused: docs/operations.md says what to do", slog.String("event", "trail_refused"), slog.String("code", string(fault.ServiceIndisponible)), slog.String("reason", reason))
		return nil
	}
	return err
}

// proofs serves the public keys of the logs and the checkpoint of the last hour.
func (a *App) proofs() http.Handler {
	return a.Edge.Handle("proofs", func(w *edge.Writer, r *http.Request) error {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			return fault.New(fault.MethodeNonPermise, "app: proofs")
		}
		if r.URL.Path == ProofStatePath {
			return a.proofState(w, r)
		}
		text := ""
		if r.URL.Path == ProofKeysPath {
			keys, err := a.Store.PublicKeys(r.Context())
			if err != nil {
				return err
			}
			for _, k := range append(keys, a.witnessKeys()...) {
				text += k + "\n"
			}
		} else {
			c, ok := a.Store.Published()
			if !ok {
				return fault.New(fault.RessourceInconnue, "app: checkpoint")
			}
			text = c.Note
		}
		w.Put("Content-Type", "text/plain; charset=utf-8")
		w.Put("Cache-Control", "max-age=60")
		_, err := io.WriteString(w, text)
		return err
	})
}

// witnessKeys are the public keys of the configured witnesses.
func (a *App) witnessKeys() (out []string) {
	for _, w := range a.Config.Trace.Witnesses {
		if key, _, ok := cutWitness(w); ok {
			out = append(out, key)
		}
	}
	return out
}

// cutWitness splits a witness of the configuration, KEY@URL.
func cutWitness(s string) (key, url string, ok bool) {
	i := strings.LastIndex(s, "@http")
	if i < 0 {
		return "", "", false
	}
	return s[:i], strings.TrimSuffix(s[i+1:], "/"), true
}
