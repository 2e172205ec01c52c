package trace

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"
)

// VerifyOptions says what a verification rests on.
type VerifyOptions struct {
	Keys  Keys   // of the logs, and of the witnesses that are known
	Since int64  // first entry whose parts are checked; the tree before it is taken from its stored nodes
	Head  []byte // a checkpoint from elsewhere that must be of this trail, nil when none
}

// Verdict is what a verification found. It holds nobody's data.
type Verdict struct {
	Intact      bool         `json:"intact"`
	Entries     int64        `json:"entries"`
	Checked     int64        `json:"entries_checked"`
	Logs        []LogVerdict `json:"logs"`
	Erased      int64        `json:"parts_erased"`  // and covered by an erasure
	Unopened    int64        `json:"parts_sealed"`  // for want of the root key
	Erasures    int64        `json:"erasures"`      // events
	HeadChecked bool         `json:"head_verified"` // the checkpoint from elsewhere
	Flaws       []Flaw       `json:"flaws"`         // the first hundred
	FlawCount   int64        `json:"flaw_count"`
}

// LogVerdict is one log of a trail.
type LogVerdict struct {
	Origin      string    `json:"origin"`
	First       int64     `json:"first"`
	Size        int64     `json:"size"`
	Root        []byte    `json:"root"`
	Checkpoints int64     `json:"checkpoints"`
	Signed      int64     `json:"signed_size"` // of the newest checkpoint
	SignedAt    time.Time `json:"signed_at,omitzero"`
	Witnessed   int64     `json:"witnessed_size"`          // of the newest one with every witness of the quorum
	Unkept      int64     `json:"lock_only_size,omitzero"` // of a head that the lock holds and the store does not yet
}

const maxFlaws = 100

// Verify reads a whole trail and checks it: no index missing; every leaf joins
// its commitments, and every part that is there is what its commitment says;
// the stored nodes are those of the leaves; the root at the size of each stored
// checkpoint is the one that the log signed, so that each checkpoint continues
// the one before; the lock is one of those heads; the index of persons is that
// of the entries; a part that is gone went after its date, by an event of this
// trail. The error says that it could not be verified, and is the source's.
func Verify(ctx context.Context, src Source, o VerifyOptions) (Verdict, error) {
	v := &verification{ctx: ctx, src: src, o: o, at: -1}
	v.rep.Flaws = []Flaw{}
	if err := v.run(); err != nil {
		return v.rep, err
	}
	v.rep.Intact = v.rep.FlawCount == 0
	return v.rep, nil
}

// verification is one run.
type verification struct {
	ctx   context.Context
	src   Source
	o     VerifyOptions
	rep   Verdict
	logs  []StoredLog
	locks map[string]StoredCheckpoint
	gone  []erasure
	hint  int // of the erasure that covered the last missing part

	at    int // of the log being read
	next  int64
	tree  Tree
	nodes []byte
	heads heads
	rows  rowCheck
}

func (v *verification) flaw(check string, index int64) {
	v.rep.FlawCount++
	if len(v.rep.Flaws) < maxFlaws {
		f := Flaw{Check: check, Index: index}
		if v.at >= 0 && v.at < len(v.logs) {
			f.Log = v.logs[v.at].Origin
		}
		v.rep.Flaws = append(v.rep.Flaws, f)
	}
}

func (v *verification) run() (err error) {
	if err := v.prepare(); err != nil {
		return err
	}
	from := max(v.o.Since, 0)
	began := false
	err = v.src.Batches(v.ctx, from, func(b *StoredBatch) error {
		if !began {
			began = true
			if err := v.begin(b, from); err != nil {
				return err
			}
		}
		if err := v.batch(b, from); err != nil {
			return err
		}
		return v.ctx.Err()
	})
	if err != nil {
		return err
	}
	if !began {
		v.next = 0
	}
	return v.finish()
}

// prepare reads what is small: the logs, the lock, the erasures.
func (v *verification) prepare() (err error) {
	if v.logs, err = v.src.Logs(v.ctx); err != nil {
		return err
	}
	for i, l := range v.logs {
		if i == 0 && l.First != 0 || i > 0 && l.First < v.logs[i-1].First || l.Origin == "" {
			v.flaw(FlawLog, l.First)
		}
	}
	list, err := v.src.Locks(v.ctx)
	if err != nil {
		return err
	}
	v.locks = map[string]StoredCheckpoint{}
	for _, l := range list {
		v.locks[l.Origin] = l
	}
	if err := v.openHead(); err != nil {
		return err
	}
	return v.readErasures()
}

// begin places the tree before the first batch.
func (v *verification) begin(b *StoredBatch, from int64) error {
	if b.First > from || from == 0 && b.First != 0 {
		v.flaw(FlawGap, from)
	}
	v.next = b.First
	v.rows.begin(from)
	for i := range v.logs {
		if v.logs[i].First <= b.First {
			v.at = i
		}
	}
	if v.at < 0 {
		v.flaw(FlawLog, b.First)
		return nil
	}
	l := v.logs[v.at]
	for i := range v.at { // those before are not read
		if _, ok := v.locks[v.logs[i].Origin]; !ok {
			v.flaw(FlawLockGone, v.logs[i+1].First)
		}
		v.rep.Logs = append(v.rep.Logs, LogVerdict{Origin: v.logs[i].Origin, First: v.logs[i].First, Size: v.logs[i+1].First - v.logs[i].First})
	}
	var err error
	if v.tree, err = TreeAt(b.First-l.First, v.src.Nodes(v.ctx, l)); errors.Is(err, ErrNodes) {
		v.tree = Tree{}
		v.flaw(FlawNodes, b.First) // and every batch after it
	} else if err != nil {
		return err
	}
	return v.openLog()
}

// batch checks one commit.
func (v *verification) batch(b *StoredBatch, from int64) error {
	if b.First != v.next {
		v.flaw(FlawGap, v.next)
		v.next = b.First
	}
	for v.at+1 < len(v.logs) && v.logs[v.at+1].First <= b.First {
		if err := v.nextLog(); err != nil {
			return err
		}
	}
	if b.Broken || int64(len(b.Entries)) != b.Count || b.Count < 1 {
		v.flaw(FlawBatch, b.First)
	}
	if v.at < 0 {
		v.next = b.First + b.Count
		return nil
	}
	leaves := v.leaves(b)
	if leaves == nil {
		v.flaw(FlawNodes, b.First)
		v.next = b.First + b.Count
		return nil
	}
	v.nodes = v.nodes[:0]
	for i, leaf := range leaves {
		n := b.First + int64(i)
		if i < len(b.Entries) && n >= from {
			if err := v.entry(n, &b.Entries[i], leaf); err != nil {
				return err
			}
		}
		v.nodes = v.tree.Append(v.nodes, leaf)
		if err := v.heads.reached(v); err != nil {
			return err
		}
	}
	if !bytes.Equal(v.nodes, b.Nodes) {
		v.flaw(FlawNodes, b.First)
	}
	v.next = b.First + b.Count
	return nil
}

// leaves are the leaf hashes among a batch's nodes, nil when there are more or
// fewer nodes than its count makes.
func (v *verification) leaves(b *StoredBatch) (out [][HashSize]byte) {
	at := b.First - v.logs[v.at].First
	if at != v.tree.Size() || b.Count < 0 || b.Count > int64(len(b.Nodes)/HashSize) || (NodesBefore(at+b.Count)-NodesBefore(at))*HashSize != int64(len(b.Nodes)) {
		return nil
	}
	for i := range b.Count {
		from := (NodesBefore(at+i) - NodesBefore(at)) * HashSize
		out = append(out, [HashSize]byte(b.Nodes[from:]))
	}
	return out
}

// entry checks one entry against its leaf.
func (v *verification) entry(n int64, e *StoredEntry, leaf [HashSize]byte) error {
	v.rep.Checked++
	if len(e.Commits) != 2*HashSize {
		v.flaw(FlawLeaf, n)
		return nil
	}
	if LeafHash(e.Class, [HashSize]byte(e.Commits), [HashSize]byte(e.Commits[HashSize:])) != leaf {
		v.flaw(FlawLeaf, n)
	}
	if e.Class == Erasure && !v.isErasure(n, leaf) {
		v.flaw(FlawErasure, n)
	}
	v.part(n, e, PartPerson)
	v.part(n, e, PartInternal)
	if e.Person.State == PartOpen {
		if at, ok := memberNumber(e.Person.Text, `"time":`); !ok || at != e.At {
			v.flaw(FlawTime, n)
		}
	}
	return v.rows.entry(v, n, e.Internal)
}

func (v *verification) part(n int64, e *StoredEntry, name string) {
	p, commit := e.Person, e.Commits[:HashSize]
	if name == PartInternal {
		p, commit = e.Internal, e.Commits[HashSize:]
	}
	switch p.State {
	case PartSealed:
		v.rep.Unopened++
	case PartBroken:
		v.flaw(FlawPart, n)
	case PartErased:
		v.missing(n, e.At, name)
	case PartOpen:
		if len(p.Text) < SaltSize {
			v.flaw(FlawPart, n)
		} else if c := Commitment(p.Text[:SaltSize], p.Text[SaltSize:]); !bytes.Equal(c[:], commit) {
			v.flaw(FlawPart, n)
		}
	}
}

// openLog begins a log: its report and the heads that are to be met.
func (v *verification) openLog() error {
	l := v.logs[v.at]
	v.rep.Logs = append(v.rep.Logs, LogVerdict{Origin: l.Origin, First: l.First})
	return v.heads.begin(v, l.Origin)
}

// nextLog ends the log being read and begins the next one.
func (v *verification) nextLog() error {
	if v.at >= 0 {
		if err := v.closeLog(); err != nil {
			return err
		}
	}
	v.at++
	if v.logs[v.at].First != v.next {
		v.flaw(FlawLog, v.logs[v.at].First)
	}
	v.tree = Tree{}
	return v.openLog()
}

func (v *verification) closeLog() error {
	r := &v.rep.Logs[len(v.rep.Logs)-1]
	root := v.tree.Root()
	r.Size, r.Root = v.tree.Size(), root[:]
	return v.heads.end(v)
}

func (v *verification) finish() error {
	for v.at+1 < len(v.logs) {
		if err := v.nextLog(); err != nil {
			return err
		}
	}
	if v.at >= 0 {
		if err := v.closeLog(); err != nil {
			return err
		}
	}
	v.rep.Entries = v.next
	if err := v.rows.end(v); err != nil {
		return err
	}
	v.at = -1
	return v.strays()
}

// strays looks for what belongs to no log.
func (v *verification) strays() error {
	origins, err := v.src.CheckpointOrigins(v.ctx)
	if err != nil {
		return err
	}
	known := func(origin string) bool {
		return slices.ContainsFunc(v.logs, func(l StoredLog) bool { return l.Origin == origin })
	}
	for _, o := range origins {
		if !known(o) {
			v.flaw(FlawStray, 0)
		}
	}
	for origin, l := range v.locks {
		if !known(origin) && l.Size > 0 {
			v.flaw(FlawShort, l.Size)
		}
	}
	if h := v.heads.outside; h != nil && !v.rep.HeadChecked {
		if v.o.Since > 0 && known(h.Origin) {
			return nil // it lies before what was read
		}
		v.flaw(FlawShort, h.Size)
	}
	for _, e := range v.gone {
		if !e.seen && e.n >= v.o.Since {
			v.flaw(FlawErasure, e.n)
		}
	}
	return nil
}
