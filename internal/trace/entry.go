// Package trace records every access before its answer leaves. It hides how an
// entry becomes two salted commitments, two sealed parts and one leaf, and how
// waiting entries share one durable commit.
//
// Source: trust.md §3a (access trail), RFC 6962 (leaf hash).
package trace

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"
	"unicode/utf8"
)

// Class is the kind of event of a leaf.
type Class byte

// The classes of trust.md §3a.
const (
	AccessServed Class = iota + 1
	AccessRefused
	ConsentEvent
	RightsRequest
	Hold
	Erasure
	RuleChange
	KeyEvent
	ConventionEvent
	AgentAction
)

// Digest is a keyed digest in the domain of traces.
type Digest [16]byte

// Entry is one event. Person is what the person and the partner may open,
// Internal what only the operator may: a receipt never discloses the second.
type Entry struct {
	Class    Class
	Person   Person
	Internal Internal
	Subject  Digest   // the connected person; zero when nobody was identified
	Others   []Digest // everybody else of whom something was told
}

// Person is the part that the person and the partner may open.
type Person struct {
	At          time.Time // told in whole seconds
	Partner     string
	Through     string // the software vendor that called for the partner, "" when it called itself
	Purpose     string
	Operation   string
	Demarche    string // reference of the journey, "" when none
	Period      string // effective window
	Asked       []string
	Served      []string
	Withheld    []string
	Others      []string // opaque references of the others, in a list
	Beneficiary string   // opaque reference: "assure" or "beneficiaire-" and a keyed digest
	Consent     string   // consent id
	Convention  string   // id/version
	Reference   string   // digest of the convention
	Outcome     string   // "servi" or an error code
	RequestHash []byte
	BodyHash    []byte // SHA-256(salt ‖ body) of a served answer
	BodySalt    []byte
	Count       int     // of refusals told together, 0 = one
	Actor       Actor   // who acted, in an event
	Object      string  // what an act was about
	Before      string  // code of the state that an act ended
	Erased      *Erased // what an erasure took
	After       string  // code of the state that it began
}

// Internal is the part that only the operator opens, with a motive. Who is
// concerned is written into it from the entry, so that the index of persons can
// be held against it.
type Internal struct {
	RequestID string
	Agent     string // keyed digest of the partner's agent pseudonym
	Author    string // account that acted, "" on the data directory's own socket
	KeyID     string
	IP        string
	Latency   time.Duration
	Reasons   []string // internal reasons, UPPER_SNAKE
	Withheld  []string // block:REASON
	Matching  string   // outcome and codes of the identification
	Policy    string
	Token     string // keyed digest of the token
	FCSubject string // keyed digest of FranceConnect's sub, "" in v1
	Record    []byte // SHA-256 of the line that the act left beside the log, nil when it left none
}

// Parts are the two canonical JSON texts of an entry (RFC 8785).
func (e Entry) Parts() (person, internal []byte) {
	return e.appendPerson(nil), e.appendInternal(nil)
}

func (e *Entry) appendPerson(b []byte) []byte {
	p := object{b: b, from: len(b)}
	x := &e.Person
	p.str("actor", string(x.Actor))
	p.str("after", x.After)
	p.list("asked", x.Asked)
	p.str("before", x.Before)
	p.str("beneficiary", x.Beneficiary)
	p.hex("body", x.BodyHash)
	p.hex("body_salt", x.BodySalt)
	p.str("consent", x.Consent)
	p.str("convention", x.Convention)
	if x.Count > 0 {
		p.num("count", int64(x.Count))
	}
	p.str("demarche", x.Demarche)
	x.Erased.append(&p)
	p.str("object", x.Object)
	p.str("operation", x.Operation)
	p.str("outcome", x.Outcome)
	p.list("others", x.Others)
	p.str("partner", x.Partner)
	p.str("period", x.Period)
	p.str("purpose", x.Purpose)
	p.str("reference", x.Reference)
	p.hex("request", x.RequestHash)
	p.list("served", x.Served)
	p.str("through", x.Through)
	p.num("time", x.At.Unix())
	p.list("withheld", x.Withheld)
	return p.end()
}

func (e *Entry) appendInternal(b []byte) []byte {
	i := object{b: b, from: len(b)}
	y := &e.Internal
	i.str("agent", y.Agent)
	i.str("author", y.Author)
	i.str("fc_subject", y.FCSubject)
	i.str("ip", y.IP)
	i.str("key", y.KeyID)
	i.num("latency_us", y.Latency.Microseconds())
	i.str("matching", y.Matching)
	i.digests("others", e.Others)
	i.str("policy", y.Policy)
	i.list("reasons", y.Reasons)
	i.hex("record", y.Record)
	i.str("request_id", y.RequestID)
	i.digest("subject", e.Subject)
	i.str("token", y.Token)
	i.list("withheld", y.Withheld)
	return i.end()
}

// Sizes of the binary shapes.
const (
	SaltSize = 32
	HashSize = sha256.Size
)

// commitDomain separates commitments from every other hash.
const commitDomain = "api-droits/trace/v1\x00"

// Commitment is SHA-256 over a domain, the salt and the canonical part.
func Commitment(salt, part []byte) [HashSize]byte {
	b := make([]byte, 0, partSize)
	b = append(b, commitDomain...)
	b = append(b, salt...)
	return sha256.Sum256(append(b, part...))
}

// LeafHash is the RFC 6962 hash of the leaf that joins both commitments.
func LeafHash(c Class, person, internal [HashSize]byte) [HashSize]byte {
	b := make([]byte, 0, 96)
	b = append(b, 0)
	b = append(b, "api-droits/1\x00"...)
	b = append(b, byte(c))
	b = append(b, person[:]...)
	b = append(b, internal[:]...)
	return sha256.Sum256(b)
}

// Leaf is an entry ready to be sealed: each part preceded by its salt.
type Leaf struct {
	Class    Class
	Hash     [HashSize]byte
	Commits  [2 * HashSize]byte // commitments to the person part, then to the internal one
	Person   []byte             // salt ‖ canonical JSON
	Internal []byte
	Subject  Digest
	Others   []Digest
	At       time.Time
}

// partSize is room for a part with its domain and its salt.
const partSize = 704

// Leaf draws the salts and computes the hash. Both parts share one piece of
// memory, in which each follows the bytes that its commitment begins with.
func (e Entry) Leaf() Leaf {
	var salts [2 * SaltSize]byte
	rand.Read(salts[:])
	b := make([]byte, 0, 2*partSize)
	b = append(append(b, commitDomain...), salts[:SaltSize]...)
	b = e.appendPerson(b)
	n := len(b)
	b = append(append(b, commitDomain...), salts[SaltSize:]...)
	b = e.appendInternal(b)
	person, internal := b[:n:n], b[n:]
	l := Leaf{
		Class: e.Class, Person: person[len(commitDomain):], Internal: internal[len(commitDomain):],
		Subject: e.Subject, Others: e.Others, At: e.Person.At,
	}
	ofPerson, ofInternal := sha256.Sum256(person), sha256.Sum256(internal)
	l.Hash = LeafHash(e.Class, ofPerson, ofInternal)
	copy(l.Commits[:HashSize], ofPerson[:])
	copy(l.Commits[HashSize:], ofInternal[:])
	return l
}

// object writes a JSON object whose members are given in canonical order.
// Empty strings and lists are left out.
type object struct {
	b    []byte
	from int
}

func (o *object) name(k string) {
	if len(o.b) == o.from {
		o.b = append(o.b, '{')
	} else {
		o.b = append(o.b, ',')
	}
	o.b = append(append(append(o.b, '"'), k...), '"', ':') // names are constants of plain letters
}

func (o *object) str(k, v string) {
	if v != "" {
		o.name(k)
		o.b = appendString(o.b, v)
	}
}

func (o *object) hex(k string, v []byte) {
	if len(v) > 0 {
		o.name(k)
		o.b = append(o.b, '"')
		o.b = hex.AppendEncode(o.b, v)
		o.b = append(o.b, '"')
	}
}

func (o *object) digest(k string, d Digest) {
	if d != (Digest{}) {
		o.hex(k, d[:])
	}
}

func (o *object) digests(k string, list []Digest) {
	if len(list) == 0 {
		return
	}
	o.name(k)
	for i := range list {
		if i == 0 {
			o.b = append(o.b, '[', '"')
		} else {
			o.b = append(o.b, '"', ',', '"')
		}
		o.b = hex.AppendEncode(o.b, list[i][:])
	}
	o.b = append(o.b, '"', ']')
}

func (o *object) num(k string, v int64) {
	o.name(k)
	o.b = strconv.AppendInt(o.b, v, 10)
}

func (o *object) list(k string, v []string) {
	if len(v) == 0 {
		return
	}
	o.name(k)
	o.b = append(o.b, '[')
	for i, s := range v {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = appendString(o.b, s)
	}
	o.b = append(o.b, ']')
}

func (o *object) end() []byte {
	if len(o.b) == o.from {
		return append(o.b, "{}"...)
	}
	return append(o.b, '}')
}

// appendString writes a JSON string as RFC 8785 §3.2.2.2 wants it: the
// shortest escapes, everything else as it is; broken UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	n := 0
	for n < len(s) && plain[s[n]] {
		n++
	}
	b = append(b, s[:n]...)
	for i := n; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\b':
			b = append(b, '\\', 'b')
		case c == '\t':
			b = append(b, '\\', 't')
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\f':
			b = append(b, '\\', 'f')
		case c == '\r':
			b = append(b, '\\', 'r')
		case c < 0x20:
			b = append(b, '\\', 'u', '0', '0', "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
		case c < utf8.RuneSelf:
			b = append(b, c)
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, r)
			i += n
			continue
		}
		i++
	}
	return append(b, '"')
}

// plain are the bytes that a JSON string holds as they are.
var plain = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()
