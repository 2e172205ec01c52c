package app

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"droits.example/droits/internal/deliver"
	"droits.example/droits/internal/edge"
	"droits.example/droits/internal/trace"
)

const (
	witnessEvery = time.Minute
	witnessFor   = 20 * time.Second // for one witness
	// lateAfter is how long a signed head may wait for its witnesses before the
	// outside proof is told to be late.
	lateAfter = 15 * time.Minute
)

// witnesses are those of the configuration, which was checked.
func (a *App) witnesses() (out []trace.Cosigner, err error) {
	client := a.opts.HTTP
	if client == nil {
		client = &http.Client{Timeout: witnessFor}
	}
	for _, w := range a.Config.Trace.Witnesses {
		key, url, _ := cutWitness(w)
		x, err := deliver.NewWitness(url, key, client)
		if err != nil {
			return nil, &ConfigError{"trace.witnesses: a key cannot be read; write KEY@URL as droits witness prints it"}
		}
		out = append(out, x)
	}
	return out, nil
}

// cosign sends signed heads to the witnesses until the context ends. Nothing
// waits for them: a witness that does not answer is asked again later.
func (a *App) cosign(ctx context.Context) error {
	tick := time.NewTicker(witnessEvery)
	defer tick.Stop()
	for {
		for _, w := range a.cosigners {
			if err := a.cosignBy(ctx, w); err != nil && ctx.Err() == nil {
				a.Logger.Warn("a witness does not cosign", slog.String("event", "witness"), slog.String("client", w.Name()), slog.String("code", "service_indisponible"))
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// cosignBy asks one witness about the newest head of each log. A log that it
// refuses does not keep the others from it.
func (a *App) cosignBy(ctx context.Context, w trace.Cosigner) error {
	ctx, cancel := context.WithTimeout(ctx, witnessFor)
	defer cancel()
	keys, err := a.logKeys(ctx)
	if err != nil {
		return err
	}
	list, err := a.Store.Unwitnessed(ctx, w.Name())
	if err != nil {
		return err
	}
	var refused []error
	for _, c := range slices.Backward(list) { // the newest log first: it is the one that grows
		line, err := w.Cosign(ctx, c, keys, a.Store.ConsistencyProof)
		if err == nil {
			err = a.Store.Cosigned(ctx, c.Head, w.Name(), line)
		}
		refused = append(refused, err)
	}
	return errors.Join(refused...)
}

func (a *App) logKeys(ctx context.Context) (trace.Keys, error) {
	lines, err := a.Store.PublicKeys(ctx)
	if err != nil {
		return trace.Keys{}, err
	}
	return trace.ParseKeys([]byte(strings.Join(lines, "\n")))
}

// ProofLate reports whether a signed head has waited too long for its
// witnesses: the proof from outside is late. Without a quorum nothing is. Errors:
// service_indisponible.
func (a *App) ProofLate(ctx context.Context) (bool, error) {
	if a.Config.Trace.Quorum == 0 {
		return false, nil
	}
	since, waiting, err := a.Store.WaitingForWitnesses(ctx, a.Config.Trace.Quorum)
	return waiting && a.clock().Sub(since) > lateAfter, err
}

// ProofStatePath tells whether the proof from outside is late.
const ProofStatePath = "/preuves/etat"

// proofState is what is told there: no personal data. Before the first public
// head there is none to tell of.
type proofState struct {
	Published bool      `json:"publie"`
	Origin    string    `json:"origine,omitempty"`
	Size      int64     `json:"taille,omitempty"`
	At        time.Time `json:"signe_le,omitzero"`
	Late      bool      `json:"preuve_externe_en_retard"`
}

func (a *App) proofState(w *edge.Writer, r *http.Request) error {
	late, err := a.ProofLate(r.Context())
	if err != nil {
		return err
	}
	c, ok := a.Store.Published()
	w.Put("Content-Type", "application/json")
	w.Put("Cache-Control", "max-age=60")
	return json.NewEncoder(w).Encode(proofState{ok, c.Origin, c.Size, c.At, late})
}
