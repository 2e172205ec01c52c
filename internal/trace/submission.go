package trace

import (
	"bytes"
	"context"
	"encoding/base64"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"
)

// Submission is what a log sends to a witness (C2SP tlog-witness): a checkpoint,
// and the proof that it continues the last one that the witness cosigned.
type Submission struct {
	Old        int64 // size of that one, 0 = none
	Proof      []tlog.Hash
	Checkpoint []byte
}

// MaxSubmission bounds the text of a submission.
const MaxSubmission = 1 << 16

const maxProofLines = 63

// MarshalText writes the body of the request.
func (s Submission) MarshalText() ([]byte, error) {
	b := append(strconv.AppendInt([]byte("old "), s.Old, 10), '\n')
	for _, h := range s.Proof {
		b = append(base64.StdEncoding.AppendEncode(b, h[:]), '\n')
	}
	return append(append(b, '\n'), s.Checkpoint...), nil
}

// ParseSubmission reads it. Errors: *Flaw PROOF_FORMAT.
func ParseSubmission(text []byte) (s Submission, err error) {
	bad := &Flaw{Check: FlawProof}
	head, note, ok := bytes.Cut(text, []byte("\n\n"))
	lines := bytes.Split(head, []byte("\n"))
	old, isOld := bytes.CutPrefix(lines[0], []byte("old "))
	if !ok || !isOld || len(lines) > 1+maxProofLines || len(text) > MaxSubmission {
		return s, bad
	}
	if s.Old, err = strconv.ParseInt(string(old), 10, 64); err != nil || s.Old < 0 || strconv.FormatInt(s.Old, 10) != string(old) {
		return Submission{}, bad
	}
	for _, l := range lines[1:] {
		h, err := base64.StdEncoding.Strict().DecodeString(string(l))
		if err != nil || len(h) != HashSize {
			return Submission{}, bad
		}
		s.Proof = append(s.Proof, tlog.Hash(h))
	}
	s.Checkpoint = note
	return s, nil
}

// Prover proves that a head continues an earlier size of its log.
type Prover func(ctx context.Context, h Head, from int64) ([]tlog.Hash, error)

// Cosigner is a witness, reached somehow. Cosign returns the line by which it
// says that it has seen a checkpoint, checked under its key; log are the keys of
// the checkpoint's own log. Errors mean later:
// nothing waits for a witness.
type Cosigner interface {
	Name() string
	Cosign(ctx context.Context, c Checkpoint, log Keys, prove Prover) (line string, err error)
}

// Cosignatures keeps the lines of a signed note that known witnesses made over
// its head. Errors: those of Keys.Open.
func (k Keys) Cosignatures(signed, lines string) (names []string, err error) {
	c, err := k.Open([]byte(Cosigned(signed, lines)))
	return c.Witnesses, err
}
