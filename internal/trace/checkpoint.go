package trace

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Head is a log's tree at a size.
type Head struct {
	Origin string // host/acces/year, the name of the log and of its signer
	Size   int64
	Root   [HashSize]byte
}

// Text is the body of a checkpoint (C2SP tlog-checkpoint): origin, size and
// root, a line each.
func (h Head) Text() string {
	return h.Origin + "\n" + strconv.FormatInt(h.Size, 10) + "\n" + base64.StdEncoding.EncodeToString(h.Root[:]) + "\n"
}

// parseHead reads the body of a checkpoint back; what it would not have written
// itself it refuses.
func parseHead(text string) (h Head, ok bool) {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) != 4 {
		return h, false
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	root, bad := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || bad != nil || len(root) != HashSize || size < 0 {
		return h, false
	}
	h.Origin, h.Size = lines[0], size
	copy(h.Root[:], root)
	return h, h.Text() == text
}

// Checkpoint is a head that its log has signed, with the instant of the
// signature and the witnesses that cosigned it, as far as their keys are known.
type Checkpoint struct {
	Head
	At        time.Time
	Witnesses []string
	Note      string // the signed note, cosignatures included
}

// Sign makes a checkpoint of a head: the log's signature, and the log's own
// cosignature, which says when (C2SP tlog-cosignature).
func (s Seed) Sign(h Head, at time.Time) (Checkpoint, error) {
	msg, err := note.Sign(&note.Note{Text: h.Text()}, s.signer(h.Origin, algNote, at), s.signer(h.Origin, algTimed, at))
	if err != nil {
		return Checkpoint{}, &Flaw{Check: FlawSignature, Log: h.Origin, Index: h.Size}
	}
	return Checkpoint{Head: h, At: time.Unix(at.Unix(), 0).UTC(), Note: string(msg)}, nil
}

// Cosign is the line by which a witness says that it has seen a head and every
// earlier one of that log in it.
func (s Seed) Cosign(name string, h Head, at time.Time) (string, error) {
	msg, err := note.Sign(&note.Note{Text: h.Text()}, s.signer(name, algTimed, at))
	if err != nil {
		return "", &Flaw{Check: FlawSignature, Log: h.Origin, Index: h.Size}
	}
	return string(msg[len(h.Text())+1:]), nil
}

// Cosigned adds lines of cosignatures to a signed note. It checks none of them.
func Cosigned(signed, lines string) string { return signed + lines }

// Open checks a checkpoint: the log's signature and the instant of it under a
// key whose name is the origin, and the cosignatures of known witnesses; those
// of others are left aside. Errors: *Flaw with NOTE_FORMAT, ORIGIN_UNKNOWN,
// SIGNATURE or WITNESSES (fewer than the quorum).
func (k Keys) Open(signed []byte) (c Checkpoint, err error) {
	flaw := func(check string) error { return &Flaw{Check: check, Log: c.Origin, Index: c.Size} }
	if len(signed) > maxNote {
		return c, flaw(FlawNote)
	}
	body, _, ok := strings.Cut(string(signed), "\n\n")
	if !ok {
		return c, flaw(FlawNote)
	}
	if c.Head, ok = parseHead(body + "\n"); !ok {
		return Checkpoint{}, flaw(FlawNote)
	}
	if !k.knows(c.Origin) {
		return c, flaw(FlawOrigin)
	}
	n, err := note.Open(signed, k)
	if err != nil {
		return c, flaw(FlawSignature)
	}
	signedBy := map[byte]bool{}
	for _, sig := range n.Sigs {
		v := k.find(sig.Name, sig.Hash)
		raw, err := base64.StdEncoding.Strict().DecodeString(sig.Base64)
		switch {
		case err != nil: // loose bits: another text of the same signature
			return c, flaw(FlawNote)
		case v.witness:
			c.Witnesses = append(c.Witnesses, v.name)
		case v.name != c.Origin: // another log's key says nothing of this one
		default:
			signedBy[v.alg] = true
			if v.alg == algTimed {
				c.At = timeOf(raw[4:])
			}
		}
	}
	c.Note = string(signed)
	switch {
	case !signedBy[algNote] || !signedBy[algTimed] && !k.Undated:
		return c, flaw(FlawSignature)
	case len(c.Witnesses) < k.Quorum:
		return c, flaw(FlawWitnesses)
	}
	return c, nil
}

// OriginOf is the log that a checkpoint says that it is of; nothing is checked.
func OriginOf(signed []byte) string {
	line, _, _ := strings.Cut(string(signed), "\n")
	return line
}

// SizeOf is the size that a checkpoint says that its tree has, -1 when it says
// none; nothing is checked.
func SizeOf(signed []byte) int64 {
	lines := strings.SplitN(string(signed), "\n", 3)
	if len(lines) < 3 {
		return -1
	}
	n, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// maxNote bounds a signed note.
const maxNote = 1 << 16
