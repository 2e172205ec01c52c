package trace

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Proof is the receipt of an entry: that it is in a log whose head the log has
// signed, and what the person may know of it. It never holds the internal part,
// only the commitment to it.
type Proof struct {
	Index      int64 // in its log
	Class      Class
	Salt       []byte
	Person     []byte // canonical JSON
	Internal   [HashSize]byte
	Hashes     []tlog.Hash // from the leaf's sibling to the root's child
	Checkpoint string      // signed note, with the cosignatures that were there
}

// ProofExtension ends the name of a file that holds a receipt.
const ProofExtension = ".tlog-proof"

const proofHeader = "c2sp.org/tlog-proof@v1\n"

// extra is what a receipt tells beside the tree, as canonical JSON.
func (p Proof) extra() []byte {
	o := object{}
	o.num("class", int64(p.Class))
	o.hex("internal", p.Internal[:])
	o.name("person")
	o.b = append(o.b, p.Person...)
	o.hex("salt", p.Salt)
	return o.end()
}

// MarshalText writes the file (C2SP tlog-proof).
func (p Proof) MarshalText() ([]byte, error) {
	b := []byte(proofHeader + "extra ")
	b = base64.StdEncoding.AppendEncode(b, p.extra())
	b = append(strconv.AppendInt(append(b, "\nindex "...), p.Index, 10), '\n')
	for _, h := range p.Hashes {
		b = append(base64.StdEncoding.AppendEncode(b, h[:]), '\n')
	}
	return append(append(b, '\n'), p.Checkpoint...), nil
}

// maxProof bounds a receipt's file.
const maxProof = 1 << 18

// UnmarshalText reads the file back, and nothing that MarshalText would have
// written otherwise. It verifies nothing. Errors: *Flaw PROOF_FORMAT or
// EXTRA_FORMAT.
func (p *Proof) UnmarshalText(text []byte) error {
	bad := &Flaw{Check: FlawProof}
	if len(text) > maxProof {
		return bad
	}
	head, checkpoint, ok := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(lines) < 3 || lines[0]+"\n" != proofHeader {
		return bad
	}
	extra, isExtra := strings.CutPrefix(lines[1], "extra ")
	index, isIndex := strings.CutPrefix(lines[2], "index ")
	if !isExtra || !isIndex || len(lines) > 3+63 {
		return bad
	}
	out := Proof{Checkpoint: checkpoint}
	var err error
	if out.Index, err = strconv.ParseInt(index, 10, 64); err != nil || out.Index < 0 {
		return bad
	}
	for _, line := range lines[3:] {
		h, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(h) != HashSize {
			return bad
		}
		out.Hashes = append(out.Hashes, tlog.Hash(h))
	}
	if err := out.readExtra(extra); err != nil {
		return err
	}
	if again, _ := out.MarshalText(); !bytes.Equal(again, text) {
		return bad
	}
	*p = out
	return nil
}

func (p *Proof) readExtra(text string) error {
	bad := &Flaw{Check: FlawExtra}
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return bad
	}
	var x struct {
		Class    byte            `json:"class"`
		Internal string          `json:"internal"`
		Person   json.RawMessage `json:"person"`
		Salt     string          `json:"salt"`
	}
	if json.Unmarshal(raw, &x) != nil {
		return bad
	}
	internal, err := hex.DecodeString(x.Internal)
	if err != nil || len(internal) != HashSize {
		return bad
	}
	p.Salt, err = hex.DecodeString(x.Salt)
	if err != nil || len(p.Salt) != SaltSize || len(x.Person) == 0 || x.Person[0] != '{' {
		return bad
	}
	p.Class, p.Person = Class(x.Class), x.Person
	copy(p.Internal[:], internal)
	if !bytes.Equal(p.extra(), raw) {
		return bad
	}
	return nil
}

// Proven is what a receipt proves.
type Proven struct {
	Checkpoint        // the head under which it was found, and its instant
	Index      int64  // of the entry in that log
	Class      Class  // of the entry
	Person     []byte // the person part, canonical JSON
	Leaf       [HashSize]byte
}

// VerifyProof checks a receipt's file against public keys, without anything
// else: its shape, that the log signed the checkpoint and when, that enough
// witnesses cosigned it, and that an entry with that person part is in the tree
// at that index. It does not check what the person part says. Errors: *Flaw,
// the first check that fails. It is safe for any bytes.
func VerifyProof(text []byte, keys Keys) (out Proven, err error) {
	var p Proof
	if err := p.UnmarshalText(text); err != nil {
		return out, err
	}
	if out.Checkpoint, err = keys.Open([]byte(p.Checkpoint)); err != nil {
		return Proven{}, err
	}
	leaf := LeafHash(p.Class, Commitment(p.Salt, p.Person), p.Internal)
	if p.Index >= out.Size || tlog.CheckRecord(p.Hashes, out.Size, tlog.Hash(out.Root), p.Index, tlog.Hash(leaf)) != nil {
		return Proven{}, &Flaw{Check: FlawInclusion, Log: out.Origin, Index: p.Index}
	}
	out.Index, out.Class, out.Person, out.Leaf = p.Index, p.Class, p.Person, leaf
	return out, nil
}

// CheckConsistency reports whether the larger of two heads of one log continues
// the smaller, by a consistency proof of RFC 6962. Errors: *Flaw ORIGIN_UNKNOWN
// for heads of two logs, CONSISTENCY.
func CheckConsistency(older, newer Head, proof []tlog.Hash) error {
	switch {
	case older.Origin != newer.Origin:
		return &Flaw{Check: FlawOrigin, Log: newer.Origin}
	case older.Size > newer.Size:
		return &Flaw{Check: FlawConsistent, Log: newer.Origin, Index: newer.Size}
	case older.Size == newer.Size && older.Root == newer.Root && len(proof) == 0:
		return nil
	case older.Size == 0 && older.Root == EmptyRoot() && len(proof) == 0:
		return nil
	case older.Size > 0 && older.Size < newer.Size && tlog.CheckTree(proof, newer.Size, tlog.Hash(newer.Root), older.Size, tlog.Hash(older.Root)) == nil:
		return nil
	}
	return &Flaw{Check: FlawConsistent, Log: newer.Origin, Index: older.Size}
}

// ProveConsistency reads from stored nodes the proof that CheckConsistency
// wants; it is empty where nothing is to be proved. Errors are the reader's.
func ProveConsistency(older, newer int64, nodes tlog.HashReader) ([]tlog.Hash, error) {
	if older <= 0 || older >= newer {
		return nil, nil
	}
	return tlog.ProveTree(newer, older, nodes)
}
