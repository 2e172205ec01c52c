package deliver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"droits.example/droits/internal/trace"
)

// Witness sends checkpoints to a witness (C2SP tlog-witness). It is safe for
// concurrent use.
type Witness struct {
	url  string
	keys trace.Keys // the log's, without which a note is not read, and the witness's
	name string
	http *http.Client

	mu   sync.Mutex
	seen map[string]int64 // size that it last cosigned, by log; a guess until it says
}

// The reasons for which a witness does not cosign now.
var (
	ErrWitnessRefused = errors.New("deliver: the witness refuses the checkpoint")
	ErrWitnessBehind  = errors.New("deliver: the witness has cosigned another tree, or a larger one")
	ErrWitnessAnswer  = errors.New("deliver: the witness does not answer as one")
)

// NewWitness knows a witness by its address and its key (a C2SP vkey). Errors:
// *trace.Flaw KEY_FORMAT.
func NewWitness(url, key string, client *http.Client) (*Witness, error) {
	keys, err := trace.ParseKeys([]byte(key))
	if err != nil {
		return nil, err
	}
	names := keys.Witnesses()
	if len(names) != 1 {
		return nil, &trace.Flaw{Check: trace.FlawKey}
	}
	return &Witness{url: strings.TrimSuffix(url, "/"), keys: keys, name: names[0], http: client, seen: map[string]int64{}}, nil
}

var _ trace.Cosigner = (*Witness)(nil)

// Name implements trace.Cosigner.
func (w *Witness) Name() string { return w.name }

// Cosign implements trace.Cosigner: it submits, and when the witness says that
// it stands elsewhere, submits once more from there.
func (w *Witness) Cosign(ctx context.Context, c trace.Checkpoint, log trace.Keys, prove trace.Prover) (string, error) {
	w.mu.Lock()
	from := w.seen[c.Origin]
	w.mu.Unlock()
	for range 2 {
		if from > c.Size {
			return "", ErrWitnessBehind
		}
		lines, at, err := w.submit(ctx, c, from, prove)
		if err != nil {
			return "", err
		}
		if lines != "" {
			return w.accept(c, log, lines)
		}
		if at == from {
			return "", ErrWitnessBehind // the same size and another root
		}
		from = at
	}
	return "", ErrWitnessBehind
}

// accept keeps the witness's own line, if it made one over that head.
func (w *Witness) accept(c trace.Checkpoint, log trace.Keys, lines string) (string, error) {
	for line := range strings.SplitAfterSeq(lines, "\n") {
		names, err := w.keys.With(log).Cosignatures(c.Note, line)
		if err == nil && len(names) == 1 {
			w.mu.Lock()
			w.seen[c.Origin] = c.Size
			w.mu.Unlock()
			return line, nil
		}
	}
	return "", ErrWitnessAnswer
}

// submit sends once; no lines and no error say where the witness stands.
func (w *Witness) submit(ctx context.Context, c trace.Checkpoint, from int64, prove trace.Prover) (lines string, at int64, err error) {
	s := trace.Submission{Old: from, Checkpoint: []byte(c.Note)}
	if s.Proof, err = prove(ctx, c.Head, from); err != nil {
		return "", 0, err
	}
	body, err := s.MarshalText()
	if err != nil {
		return "", 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/add-checkpoint", bytes.NewReader(body))
	if err != nil {
		return "", 0, ErrWitnessAnswer
	}
	resp, err := w.http.Do(req)
	if err != nil {
		return "", 0, ErrWitnessAnswer // the cause holds its address
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, trace.MaxSubmission))
	if err != nil {
		return "", 0, ErrWitnessAnswer
	}
	switch resp.StatusCode {
	case http.StatusOK:
		if len(answer) == 0 {
			return "", 0, ErrWitnessAnswer
		}
		return string(answer), 0, nil
	case http.StatusConflict:
		n, err := strconv.ParseInt(strings.TrimSuffix(string(answer), "\n"), 10, 64)
		if err != nil || n < 0 {
			return "", 0, ErrWitnessAnswer
		}
		return "", n, nil
	case http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusBadRequest:
		return "", 0, ErrWitnessRefused
	}
	return "", 0, ErrWitnessAnswer
}
