package trace

import (
	"bytes"
	"encoding/hex"
	"math"
	"slices"
	"strings"
	"time"
)

// heads are the signed heads of the log being read, met as the tree reaches
// their size: the stored checkpoints one after the other, the lock, and the one
// from elsewhere.
type heads struct {
	next    StoredCheckpoint
	more    bool
	last    Checkpoint
	kept    int64 // size of the newest stored one
	outside *Checkpoint
}

// openHead checks the checkpoint from elsewhere, if there is one.
func (v *verification) openHead() error {
	if v.o.Head == nil {
		return nil
	}
	c, err := v.o.Keys.Open(v.o.Head)
	if err != nil {
		if f, ok := err.(*Flaw); ok {
			v.flaw(f.Check, f.Index)
			v.rep.HeadChecked = true // and told
			return nil
		}
		return err
	}
	v.heads.outside = &c
	return nil
}

func (h *heads) begin(v *verification, origin string) (err error) {
	h.last, h.kept = Checkpoint{}, -1
	if v.tree.Size() == 0 {
		h.kept = 0
	}
	h.next, h.more, err = v.src.NextCheckpoint(v.ctx, origin, v.tree.Size()-1)
	if err != nil {
		return err
	}
	return h.reached(v)
}

// reached compares every head of the tree's size with its root.
func (h *heads) reached(v *verification) (err error) {
	size, origin := v.tree.Size(), v.logs[v.at].Origin
	var root [HashSize]byte
	known := false
	same := func(want [HashSize]byte) bool {
		if !known {
			root, known = v.tree.Root(), true
		}
		return root == want
	}
	if o := h.outside; o != nil && o.Origin == origin && o.Size == size {
		v.rep.HeadChecked = true
		if !same(o.Root) {
			v.flaw(FlawHead, size)
		}
	}
	if l, ok := v.locks[origin]; ok && l.Size == size {
		if c, err := v.o.Keys.quiet().Open([]byte(l.Note)); err != nil || !ownLines(l.Note) || c.Origin != origin || c.Size != size || !same(c.Root) {
			v.flaw(FlawLock, size)
		}
	}
	for h.more && h.next.Size <= size {
		if err := h.checkpoint(v, same); err != nil {
			return err
		}
	}
	return nil
}

// checkpoint checks the stored one that the tree has reached and reads the next.
func (h *heads) checkpoint(v *verification, same func([HashSize]byte) bool) (err error) {
	size, log := v.tree.Size(), &v.rep.Logs[len(v.rep.Logs)-1]
	if h.kept >= 0 && h.next.Before != h.kept {
		v.flaw(FlawChain, h.next.Size)
	}
	h.kept = h.next.Size
	c, bad := v.o.Keys.quiet().Open([]byte(Cosigned(h.next.Note, h.next.Cosignatures)))
	switch {
	case bad != nil || !ownLines(h.next.Note):
		v.flaw(FlawSignature, h.next.Size)
	case c.Origin != h.next.Origin || c.Size != h.next.Size || c.Size != size || !same(c.Root):
		v.flaw(FlawHead, h.next.Size)
	case c.At.Before(h.last.At):
		v.flaw(FlawTime, c.Size)
	default:
		h.last = c
		log.Signed, log.SignedAt = c.Size, c.At
		if len(c.Witnesses) >= v.o.Keys.Quorum {
			log.Witnessed = c.Size
		}
	}
	if h.next.Cosignatures != "" && bad == nil && len(c.Witnesses) < bytes.Count([]byte(h.next.Cosignatures), []byte("\n")) && len(v.o.Keys.Witnesses()) > 0 {
		v.flaw(FlawWitnesses, h.next.Size)
	}
	log.Checkpoints++
	h.next, h.more, err = v.src.NextCheckpoint(v.ctx, v.logs[v.at].Origin, h.next.Size)
	return err
}

// ownLines reports whether a stored note has the log's two signature lines, plain
// and dated, and no more: those of witnesses are kept beside it.
func ownLines(note string) bool { return strings.Count(note, "\n— ") == 2 }

// end tells what was to be met and was not.
func (h *heads) end(v *verification) error {
	size, origin := v.tree.Size(), v.logs[v.at].Origin
	if h.more {
		v.flaw(FlawShort, h.next.Size)
		h.more = false
	}
	switch l, ok := v.locks[origin]; {
	case !ok:
		v.flaw(FlawLockGone, size)
	case l.Size > size:
		v.flaw(FlawShort, l.Size)
	case l.Size < h.last.Size:
		v.flaw(FlawLockBehind, l.Size)
	case h.kept >= 0 && l.Size > h.kept:
		// The process ended between the lock and its copy; the next start keeps it.
		if l.Before != h.kept {
			v.flaw(FlawChain, l.Size)
		} else {
			v.rep.Logs[len(v.rep.Logs)-1].Unkept = l.Size
		}
	}
	return nil
}

// quiet are the same keys without a quorum: a late cosignature is no flaw.
func (k Keys) quiet() Keys {
	k.Quorum = 0
	return k
}

// erasure is an event that says what is gone.
type erasure struct {
	n      int64
	what   Erased
	at     time.Time
	event  StoredErasure
	seen   bool
	broken bool
}

func (v *verification) readErasures() error {
	return v.src.Erasures(v.ctx, func(s StoredErasure) error {
		v.rep.Erasures++
		e := erasure{n: s.N, event: s}
		if len(s.Person) > SaltSize && len(s.Internal) == HashSize {
			var ok bool
			e.what, e.at, ok = parseErased(s.Person[SaltSize:])
			e.broken = !ok || e.what.To >= s.N
		} else {
			e.broken = true
		}
		if e.broken {
			v.flaw(FlawErasure, s.N)
		} else if !e.what.dueBy(e.at) {
			v.flaw(FlawEarly, s.N)
		}
		v.gone = append(v.gone, e)
		return nil
	})
}

// missing looks for the erasure that took a part.
func (v *verification) missing(n, at int64, part string) {
	v.rep.Erased++
	// What is gone no longer proves its instant; the head signed before it does.
	if signed := v.heads.last.At; !signed.IsZero() {
		at = max(at, signed.Add(-slack).Unix())
	}
	check := FlawMissing
	for i := range v.gone {
		e := &v.gone[(v.hint+i)%len(v.gone)]
		if e.broken || e.what.Part != part || n < e.what.From || n > e.what.To {
			continue
		}
		if at < e.what.Until.Unix() {
			v.hint = (v.hint + i) % len(v.gone)
			return
		}
		check = FlawEarly
	}
	v.flaw(check, n)
}

// slack is how much older than the head signed before it an entry may say it is:
// a call lasts, and a clock may be set right.
const slack = time.Hour

// isErasure holds the clear copy of an erasure's event against its leaf.
func (v *verification) isErasure(n int64, leaf [HashSize]byte) bool {
	for i := range v.gone {
		e := &v.gone[i]
		if e.n != n || e.broken {
			continue
		}
		e.seen = LeafHash(Erasure, Commitment(e.event.Person[:SaltSize], e.event.Person[SaltSize:]), [HashSize]byte(e.event.Internal)) == leaf
		return e.seen
	}
	return false
}

// rowCheck holds the index of persons against the entries, slice by slice.
type rowCheck struct {
	from  int64 // first entry that is checked
	slice int64
	want  []SubjectRow
	skip  map[int64]bool // entries whose internal part cannot be read

	decided []RecordRow // lines that the entries of the slice commit to
}

func (r *rowCheck) begin(from int64) {
	r.from, r.slice, r.skip = from, from>>SliceBits, map[int64]bool{}
}

// entry adds the rows that an entry should have.
func (r *rowCheck) entry(v *verification, n int64, internal StoredPart) error {
	for n>>SliceBits > r.slice {
		if err := r.close(v); err != nil {
			return err
		}
	}
	if internal.State != PartOpen {
		r.skip[n] = true
		return nil
	}
	if sum, ok := record(internal.Text); ok {
		r.decided = append(r.decided, RecordRow{n, sum})
	}
	self, others := concerned(internal.Text)
	if self != (Digest{}) {
		r.want = append(r.want, SubjectRow{self, n, true})
	}
	for _, d := range others {
		if d != self && d != (Digest{}) {
			r.want = append(r.want, SubjectRow{d, n, false})
		}
	}
	return nil
}

// close compares a slice with its rows.
func (r *rowCheck) close(v *verification) error {
	rows, err := v.src.Subjects(v.ctx, r.slice)
	if err != nil {
		return err
	}
	rows = slices.DeleteFunc(rows, func(x SubjectRow) bool { return x.N >= 0 && x.N < r.from || r.skip[x.N] })
	order := func(a, b SubjectRow) int {
		if c := bytes.Compare(a.Digest[:], b.Digest[:]); c != 0 {
			return c
		}
		return int(a.N - b.N)
	}
	slices.SortFunc(r.want, order)
	r.want = slices.Compact(r.want) // somebody named twice has one row
	slices.SortFunc(rows, order)
	for i := range max(len(rows), len(r.want)) {
		if i >= len(rows) || i >= len(r.want) || rows[i] != r.want[i] {
			at := r.slice << SliceBits
			if i < len(r.want) {
				at = r.want[i].N
			} else if i < len(rows) {
				at = rows[i].N
			}
			v.flaw(FlawSubjects, at)
			break
		}
	}
	if err := r.decisions(v); err != nil {
		return err
	}
	r.want, r.slice = r.want[:0], r.slice+1
	clear(r.skip)
	return nil
}

// decisions compares what people decided with what the entries of the slice
// commit to: a line that is gone, added or changed is a flaw.
func (r *rowCheck) decisions(v *verification) error {
	lines, err := v.src.Decisions(v.ctx, max(r.from, r.slice<<SliceBits), (r.slice+1)<<SliceBits)
	if err != nil {
		return err
	}
	lines = slices.DeleteFunc(lines, func(x RecordRow) bool { return r.skip[x.N] })
	for i := range max(len(lines), len(r.decided)) {
		switch {
		case i >= len(lines):
			v.flaw(FlawDecisions, r.decided[i].N)
		case i >= len(r.decided) || lines[i] != r.decided[i]:
			v.flaw(FlawDecisions, lines[i].N)
		default:
			continue
		}
		break
	}
	r.decided = r.decided[:0]
	return nil
}

// strayDecisions looks for lines that are of no entry.
func (r *rowCheck) strayDecisions(v *verification) error {
	for _, side := range [][2]int64{{math.MinInt64, 0}, {v.next, math.MaxInt64}} {
		lines, err := v.src.Decisions(v.ctx, side[0], side[1])
		if err != nil {
			return err
		}
		if len(lines) > 0 {
			v.flaw(FlawDecisions, lines[0].N)
		}
	}
	return nil
}

func (r *rowCheck) end(v *verification) error {
	if v.next == 0 {
		r.slice = -1
	} else if err := r.close(v); err != nil {
		return err
	}
	stray, err := v.src.StraySubjects(v.ctx, max(r.slice-1, -1))
	if err == nil && stray > 0 {
		v.flaw(FlawSubjects, v.next)
	}
	if err != nil {
		return err
	}
	return r.strayDecisions(v)
}

// record reads from an internal part the digest of the line that the act left.
func record(internal []byte) (sum [HashSize]byte, ok bool) {
	_, rest, ok := bytes.Cut(internal, []byte(`"record":"`))
	if ok {
		hex.Decode(sum[:], within(rest, 2*len(sum)))
	}
	return sum, ok
}

// concerned reads from an internal part whom it is about. The part is canonical
// and its text members are escaped, so that a member's name stands once.
func concerned(internal []byte) (self Digest, others []Digest) {
	if i := bytes.Index(internal, []byte(`"subject":"`)); i >= 0 {
		hex.Decode(self[:], within(internal[i+len(`"subject":"`):], 2*len(self)))
	}
	i := bytes.Index(internal, []byte(`"others":[`))
	if i < 0 {
		return self, nil
	}
	list, _, _ := bytes.Cut(internal[i+len(`"others":[`):], []byte("]"))
	for _, x := range bytes.Split(list, []byte(",")) {
		var d Digest
		hex.Decode(d[:], within(bytes.Trim(x, `"`), 2*len(d)))
		others = append(others, d)
	}
	return self, others
}

// within is the first bytes of a text, all of it when it is shorter.
func within(b []byte, n int) []byte { return b[:min(n, len(b))] }

// memberNumber reads a number of a canonical part.
func memberNumber(part []byte, name string) (n int64, ok bool) {
	i := bytes.Index(part, []byte(name))
	if i < 0 {
		return 0, false
	}
	rest := part[i+len(name):]
	negative := len(rest) > 0 && rest[0] == '-'
	if negative {
		rest = rest[1:]
	}
	for _, c := range rest {
		if c < '0' || c > '9' {
			break
		}
		n, ok = n*10+int64(c-'0'), true
	}
	if negative {
		n = -n
	}
	return n, ok
}
