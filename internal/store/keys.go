package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"sync"

	"github.com/tinylib/msgp/msgp"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/nir"
	"droits.example/droits/internal/trace"
)

// Root is the deployment's one secret, 32 bytes, from a file and never from
// the database or the environment. Every other key derives from it by HKDF, or
// is wrapped under one that does. It prints as a mask.
type Root [32]byte

// String redacts fmt.
func (Root) String() string { return "Root(•••)" }

// GoString redacts %#v.
func (Root) GoString() string { return "Root(•••)" }

// ReadRoot reads a root key file: exactly 32 bytes, not readable by others.
func ReadRoot(path string) (Root, error) { return readSecret(path, "root") }

// readSecret reads a file of 32 bytes that nobody else may read.
func readSecret(path, what string) (r [32]byte, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return r, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return r, errors.New("store: the " + what + " key file is readable by others; chmod it to 0400")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if len(b) != len(r) {
		return r, errors.New("store: the " + what + " key file must hold exactly 32 bytes")
	}
	copy(r[:], b)
	return r, nil
}

// CreateLogKey draws the key that signs the logs of accesses into a new file
// with mode 0400; an existing file is left alone and read.
func CreateLogKey(path string) (trace.Seed, error) { return createSecret(path, "log") }

// ReadLogKey reads the key that signs the logs of accesses.
func ReadLogKey(path string) (trace.Seed, error) { return readSecret(path, "log") }

// createSigningKey draws the key with which the operator signs conventions into
// a new file with mode 0400; an existing file is left alone and read.
func createSigningKey(path string) (ed25519.PrivateKey, error) {
	seed, err := createSecret(path, "signing")
	if err != nil {
		return nil, err
	}
	return ed25519.NewKeyFromSeed(seed[:]), nil
}

// CreateRoot draws a root key into a new file with mode 0400; an existing file
// is left alone and read.
func CreateRoot(path string) (Root, error) { return createSecret(path, "root") }

func createSecret(path, what string) (r [32]byte, err error) {
	rand.Read(r[:])
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o400)
	if errors.Is(err, fs.ErrExist) {
		return readSecret(path, what)
	}
	if err != nil {
		return r, err
	}
	if _, err = f.Write(r[:]); err == nil {
		err = f.Sync()
	}
	return r, errors.Join(err, f.Close())
}

// keys are what derives from the root: one key per domain, so that nothing
// joins across domains without the root (trust.md §3f).
type keys struct {
	index     mac // identity index
	rights    mac // NIR and subjects in the domain of rights
	trace     mac // subjects, tokens and agents in the domain of traces
	token     mac // tokens kept a day beside a consent
	apiKey    mac // API keys
	own       mac // what tells this root from another
	session   mac // sessions of the citizen space and their people
	reference mac // people as one partner knows them; queues of messages
	wrap      cipher.AEAD
	rows      cipher.AEAD // generation key of the rights rows
	outbox    cipher.AEAD // messages, addresses, secrets of webhooks
}

const keyVersion = "v1"

func derive(root Root) keys {
	sub := func(purpose string) []byte {
		k, err := hkdf.Key(sha256.New, root[:], nil, "droits/"+purpose+"/"+keyVersion, 32)
		if err != nil {
			panic("store: hkdf refuses its own constants")
		}
		return k
	}
	return keys{
		index: newMac(sub("index")), rights: newMac(sub("rights")), trace: newMac(sub("trace")),
		token: newMac(sub("token")), apiKey: newMac(sub("api-key")), own: newMac(sub("witness")), session: newMac(sub("session")), reference: newMac(sub("reference")),
		wrap: newAEAD(sub("wrap")), rows: newAEAD(sub("rows")), outbox: newAEAD(sub("outbox")),
	}
}

func newAEAD(key []byte) cipher.AEAD {
	b, err := aes.NewCipher(key)
	if err != nil {
		panic("store: AES refuses a 32-byte key")
	}
	a, err := cipher.NewGCM(b)
	if err != nil {
		panic("store: GCM refuses AES")
	}
	return a
}

// mac is an HMAC-SHA-256 whose keyed states are reused: 0.17 µs instead of
// 0.65 µs a call (limits.md §5). What goes in and out of a state lies beside
// it, because memory given to an interface is on the heap.
type mac struct{ pool *sync.Pool }

type macState struct {
	hash.Hash
	in  []byte
	out [sha256.Size]byte
}

func newMac(key []byte) mac {
	return mac{&sync.Pool{New: func() any { return &macState{Hash: hmac.New(sha256.New, key), in: make([]byte, 0, 128)} }}}
}

func (m mac) sum(domain string, value []byte) [32]byte {
	h := m.pool.Get().(*macState)
	h.Reset()
	h.in = append(append(append(h.in[:0], domain...), 0), value...)
	h.Write(h.in)
	h.Sum(h.out[:0])
	out := h.out
	clear(h.in)
	m.pool.Put(h)
	return out
}

// witness is a value that only this root gives, kept in each database.
func (k keys) witness() []byte {
	d := k.own.sum("temoin/v1", nil)
	return d[:]
}

// identityDigest is the digest of an identity key.
func (k keys) identityDigest(key identity.Key) uint64 {
	d := k.index.sum("identity/v1", []byte(string(key)))
	return binary.BigEndian.Uint64(d[:])
}

// identityDigests are the digests by which a person is found, each once, and
// those of others' keys under which somebody may lie for whom it could be
// taken.
func (k keys) identityDigests(r identity.Record) (own, near []uint64) {
	for _, key := range r.Keys() {
		if d := k.identityDigest(key); !slices.Contains(own, d) {
			own = append(own, d)
		}
	}
	if r.NaissanceOn.Day() > 1 {
		return own, nil // its own keys are all that it could be met by
	}
	for _, key := range r.Neighbours() {
		if d := k.identityDigest(key); !slices.Contains(own, d) && !slices.Contains(near, d) {
			near = append(near, d)
		}
	}
	return own, near
}

// numberDigest is the digest of a NIR in the index of numbers; 0 says that
// there is none, and no number has it but once in 2^64.
func (k keys) numberDigest(n nir.NIR) uint64 {
	b := n.Fixed()
	d := k.rights.sum("nir/v1", b[:])
	return binary.BigEndian.Uint64(d[:])
}

// nameDigest is the digest of the identifier that a file gives to a person.
func (k keys) nameDigest(id string) uint64 {
	d := k.rights.sum("ligne/v1", []byte(id))
	return binary.BigEndian.Uint64(d[:])
}

// subject stands for a person: by its own number, else by its row's identifier
// in the source, which is the only stable name of a child without a number.
func (k keys) subject(n nir.NIR, row string) (out droits.Sujet) {
	var d [32]byte
	if n.IsZero() {
		d = k.rights.sum("sujet-ligne/v1", []byte(row))
	} else {
		b := n.Fixed()
		d = k.rights.sum("sujet-nir/v1", b[:])
	}
	copy(out[:], d[:])
	return out
}

// before are the subjects of the numbers that a person formerly had: what it
// decided under them still holds.
func (k keys) before(p *docPersonne) (out []droits.Sujet) {
	for _, number := range p.Precedents {
		if n, err := nir.Parse(number); err == nil {
			out = append(out, k.subject(n, ""))
		}
	}
	return out
}

// withoutNumber is the subject of a person before it had a number, when it has
// one: whoever was left out as a newborn stays so.
func (k keys) withoutNumber(p *docPersonne, row string) []droits.Sujet {
	if p.NIR == "" {
		return nil
	}
	return []droits.Sujet{k.subject(nir.NIR{}, row)}
}

// seal encrypts with a random nonce; place is table|column|row|key version, so
// that a value cannot be moved elsewhere.
func seal(a cipher.AEAD, place string, plain []byte) []byte {
	return appendSealed(make([]byte, 0, sealedSize(a, plain)), a, []byte(place), plain)
}

// sealedSize is the length of a sealed value.
func sealedSize(a cipher.AEAD, plain []byte) uint32 {
	return uint32(a.NonceSize() + len(plain) + a.Overhead())
}

func appendSealed(dst []byte, a cipher.AEAD, place, plain []byte) []byte {
	n := len(dst)
	dst = append(dst, make([]byte, a.NonceSize())...)
	rand.Read(dst[n:])
	return a.Seal(dst, dst[n:], plain, place)
}

func open(a cipher.AEAD, place string, sealed []byte) ([]byte, error) {
	n := a.NonceSize()
	if len(sealed) < n {
		return nil, errors.New("store: sealed value too short")
	}
	return a.Open(sealed[n:n], sealed[:n], sealed[n:], []byte(place))
}

// rowID is a row of a population.
type rowID struct{ load, row int64 }

// The sealed columns of a population.
const (
	placeIdentite = "personne|identite"
	placeLiens    = "personne|liens"
	placeDossier  = "dossier|contenu"
)

// append writes the place of a sealed value: column, population, row, key
// version.
func (at rowID) append(b []byte, column string) []byte {
	b = append(append(b, column...), '|')
	b = append(strconv.AppendInt(b, at.load, 10), '|')
	b = append(strconv.AppendInt(b, at.row, 10), '|')
	return append(b, keyVersion...)
}

// sealRow seals a column of a row.
func (k keys) sealRow(column string, at rowID, plain []byte) []byte {
	var room [64]byte
	a := k.rows
	dst := make([]byte, a.NonceSize(), sealedSize(a, plain))
	rand.Read(dst)
	return a.Seal(dst, dst, plain, at.append(room[:0], column))
}

// plain opens a column of a row, in place.
func (k keys) plain(column string, at rowID, sealed []byte) ([]byte, error) {
	var room [64]byte
	n := k.rows.NonceSize()
	if len(sealed) < n {
		return nil, errors.New("store: sealed value too short")
	}
	return k.rows.Open(sealed[n:n], sealed[:n], sealed[n:], at.append(room[:0], column))
}

// openRow opens and decodes a column of a row.
func (k keys) openRow(column string, at rowID, sealed []byte, into msgp.Unmarshaler) error {
	plain, err := k.plain(column, at, sealed)
	if err != nil {
		return err
	}
	return decode(plain, into)
}

// TokenDigest is the keyed digest under which a token is remembered for a day.
func (s *Store) TokenDigest(token string) (out consent.Token) {
	d := s.keys.token.sum("jeton/v1", []byte(token))
	copy(out[:], d[:])
	return out
}

// TraceDigest is a keyed digest in the domain of traces, of a token, an agent
// or a pairwise subject; domain tells which.
func (s *Store) TraceDigest(domain, value string) (out trace.Digest) {
	d := s.keys.trace.sum(domain, []byte(value))
	copy(out[:], d[:])
	return out
}

// TraceSubject is the digest under which a person's accesses are found.
func (s *Store) TraceSubject(p droits.Sujet) (out trace.Digest) {
	d := s.keys.trace.sum("sujet/v1", p[:])
	copy(out[:], d[:])
	return out
}
