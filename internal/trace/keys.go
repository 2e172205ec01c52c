package trace

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Seed is the private key of a log or of a witness: 32 bytes, from a file of
// its own. It prints as a mask.
type Seed [ed25519.SeedSize]byte

// String redacts fmt.
func (Seed) String() string { return "Seed(•••)" }

// GoString redacts %#v.
func (Seed) GoString() string { return "Seed(•••)" }

// The algorithms of C2SP signed-note: a plain Ed25519 signature, and one that
// says when (cosignature/v1).
const (
	algNote  = 1
	algTimed = 4
)

// PublicKey is the line (C2SP vkey) under which a log's checkpoints are
// checked.
func (s Seed) PublicKey(origin string) string { return s.public(origin, algNote) }

// WitnessKey is the line under which a witness's cosignatures are checked.
func (s Seed) WitnessKey(name string) string { return s.public(name, algTimed) }

func (s Seed) public(name string, alg byte) string {
	pub := s.pair().Public().(ed25519.PublicKey)
	var h [4]byte
	binary.BigEndian.PutUint32(h[:], keyHash(name, alg, pub))
	return name + "+" + hex.EncodeToString(h[:]) + "+" + base64.StdEncoding.EncodeToString(append([]byte{alg}, pub...))
}

func (s Seed) pair() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(s[:]) }

func keyHash(name string, alg byte, pub []byte) uint32 {
	b := append(append([]byte(name), '\n', alg), pub...)
	d := sha256.Sum256(b)
	return binary.BigEndian.Uint32(d[:4])
}

// signer implements note.Signer for both algorithms.
type signer struct {
	name string
	alg  byte
	key  ed25519.PrivateKey
	at   time.Time
}

func (s Seed) signer(name string, alg byte, at time.Time) signer {
	return signer{name, alg, s.pair(), at}
}

// Name implements note.Signer.
func (s signer) Name() string { return s.name }

// KeyHash implements note.Signer.
func (s signer) KeyHash() uint32 {
	return keyHash(s.name, s.alg, s.key.Public().(ed25519.PublicKey))
}

// Sign implements note.Signer.
func (s signer) Sign(msg []byte) ([]byte, error) {
	if s.alg == algNote {
		return ed25519.Sign(s.key, msg), nil
	}
	at := s.at.Unix()
	return append(binary.BigEndian.AppendUint64(nil, uint64(at)), ed25519.Sign(s.key, timed(at, msg))...), nil
}

// timed is what a timestamped cosignature is made over.
func timed(at int64, msg []byte) []byte {
	return append([]byte("cosignature/v1\ntime "+strconv.FormatInt(at, 10)+"\n"), msg...)
}

// timeOf is the instant in a timestamped cosignature.
func timeOf(sig []byte) time.Time {
	if len(sig) < 8 {
		return time.Time{}
	}
	return time.Unix(int64(binary.BigEndian.Uint64(sig)), 0).UTC()
}

// verifier implements note.Verifier for both algorithms.
type verifier struct {
	name    string
	alg     byte
	pub     ed25519.PublicKey
	witness bool
}

// Name implements note.Verifier.
func (v verifier) Name() string { return v.name }

// KeyHash implements note.Verifier.
func (v verifier) KeyHash() uint32 { return keyHash(v.name, v.alg, v.pub) }

// Verify implements note.Verifier.
func (v verifier) Verify(msg, sig []byte) bool {
	if v.alg == algNote {
		return len(sig) == ed25519.SignatureSize && ed25519.Verify(v.pub, msg, sig)
	}
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	at := int64(binary.BigEndian.Uint64(sig))
	return at >= 0 && ed25519.Verify(v.pub, timed(at, msg), sig[8:])
}

// Keys are the public keys against which checkpoints are checked, and how many
// witnesses a checkpoint needs. Its zero value knows nobody. It is read only
// once made.
type Keys struct {
	Quorum  int  // witnesses that must have cosigned, 0 = none
	Undated bool // take checkpoints that do not say when they were signed
	list    []verifier
}

// ParseKeys reads public keys, one C2SP vkey a line: of logs (type 1, which
// covers their own timestamped cosignature) and of witnesses (type 4). Empty
// lines and those that begin with # say nothing. Errors: *Flaw KEY_FORMAT with
// the number of the line.
func ParseKeys(text []byte) (k Keys, err error) {
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := int64(1); lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		v, ok := parseKey(line)
		if !ok {
			return Keys{}, &Flaw{Check: FlawKey, Index: n}
		}
		k.list = append(k.list, v)
		if v.alg == algNote {
			v.alg = algTimed
			k.list = append(k.list, v)
		}
	}
	if lines.Err() != nil {
		return Keys{}, &Flaw{Check: FlawKey}
	}
	return k, nil
}

func parseKey(line string) (v verifier, ok bool) {
	parts := strings.SplitN(line, "+", 3)
	if len(parts) != 3 || parts[0] == "" || strings.ContainsAny(parts[0], " \t\r\n") {
		return v, false
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize || raw[0] != algNote && raw[0] != algTimed {
		return v, false
	}
	v = verifier{name: parts[0], alg: raw[0], pub: raw[1:], witness: raw[0] == algTimed}
	var h [4]byte
	binary.BigEndian.PutUint32(h[:], v.KeyHash())
	return v, parts[1] == hex.EncodeToString(h[:])
}

// Verifier implements note.Verifiers.
func (k Keys) Verifier(name string, hash uint32) (note.Verifier, error) {
	if v := k.find(name, hash); v.name != "" {
		return v, nil
	}
	return nil, &note.UnknownVerifierError{Name: name, KeyHash: hash}
}

func (k Keys) find(name string, hash uint32) verifier {
	for _, v := range k.list {
		if v.name == name && v.KeyHash() == hash {
			return v
		}
	}
	return verifier{}
}

// knows reports whether there is a key for a log.
func (k Keys) knows(origin string) bool {
	for _, v := range k.list {
		if v.name == origin && !v.witness {
			return true
		}
	}
	return false
}

// Witnesses are the names of the witnesses that are known.
func (k Keys) Witnesses() (out []string) {
	for _, v := range k.list {
		if v.witness {
			out = append(out, v.name)
		}
	}
	return out
}

// With adds the keys of others; the quorum stays.
func (k Keys) With(others Keys) Keys {
	k.list = append(append([]verifier(nil), k.list...), others.list...)
	return k
}
