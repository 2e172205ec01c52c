package trace

import "strconv"

// Flaw is a check that failed: which one, in which log, at which entry or size.
// It holds nobody's data.
type Flaw struct {
	Check string `json:"check"`
	Log   string `json:"log,omitempty"`
	Index int64  `json:"index"`
}

// Error is the check with its place.
func (f *Flaw) Error() string {
	at := "trace: " + f.Check
	if f.Log != "" {
		at += " in " + strconv.Quote(f.Log) // it may be read from an altered database
	}
	return at + " at " + strconv.FormatInt(f.Index, 10)
}

// The checks, by what each found. Index is an entry of the whole trail, or the
// size of a tree where the check is about a head.
const (
	FlawKey        = "KEY_FORMAT"         // a line of public keys cannot be read
	FlawNote       = "NOTE_FORMAT"        // a checkpoint cannot be read
	FlawOrigin     = "ORIGIN_UNKNOWN"     // no key is known for that log
	FlawSignature  = "SIGNATURE"          // the log did not sign that
	FlawWitnesses  = "WITNESSES"          // too few witnesses cosigned
	FlawProof      = "PROOF_FORMAT"       // a receipt cannot be read
	FlawExtra      = "EXTRA_FORMAT"       // what a receipt tells cannot be read
	FlawInclusion  = "INCLUSION"          // the entry is not in that tree
	FlawConsistent = "CONSISTENCY"        // a tree does not continue an earlier one
	FlawGap        = "INDEX_GAP"          // an entry is missing, or there twice
	FlawLog        = "LOG_ORDER"          // logs overlap, or one is unknown
	FlawBatch      = "BATCH_FORMAT"       // a batch cannot be read
	FlawNodes      = "NODES"              // stored nodes are not those of the leaves
	FlawLeaf       = "LEAF"               // a leaf does not join its commitments
	FlawPart       = "PART"               // a part is not what its leaf commits to
	FlawTime       = "TIME"               // an instant is not that of its entry, or goes back
	FlawMissing    = "PAYLOAD_MISSING"    // a part is gone and no erasure says so
	FlawEarly      = "ERASED_EARLY"       // a part went before its date
	FlawErasure    = "ERASURE"            // an erasure is not what the log says
	FlawSubjects   = "SUBJECT_ROWS"       // the index of persons is not that of the entries
	FlawDecisions  = "DECISION_ROWS"      // the decisions of people are not those of the entries
	FlawHead       = "HEAD"               // the tree is not that of a checkpoint
	FlawShort      = "LOG_SHORTER"        // a checkpoint covers more than there is
	FlawLock       = "LOCK"               // the lock is not a head of this log
	FlawLockGone   = "LOCK_MISSING"       // a log has no lock
	FlawLockBehind = "LOCK_BEHIND"        // a checkpoint is newer than the lock
	FlawChain      = "CHECKPOINT_MISSING" // a checkpoint that was signed is not kept
	FlawStray      = "CHECKPOINT_STRAY"   // a checkpoint is of no log
)
