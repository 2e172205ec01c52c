package cli

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"droits.example/droits/internal/admin"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/store"
	"droits.example/droits/internal/trace"
)

func traceCommand(p Process) *cobra.Command {
	return group("trace", "The trail of accesses: verify it, its receipts, its heads", verifyTraceCommand(p), verifyReceiptCommand(), consistencyCommand(p), relockCommand(p), reconcileCommand(p))
}

// trailReasons has English words for why the trail is refused.
var trailReasons = map[string]string{
	store.TrailRolledBack: "the trail is shorter than what was signed: an older database was put back; restore a newer one",
	store.TrailForked:     "the trail is not the one that was signed; keep these files, and restore the database that was in use",
	store.TrailLockMissing: "the lock of signed heads does not know this trail; two people make it again from a checkpoint that was published or cosigned, with: " +
		"droits trace relock --checkpoint FILE --apply",
	store.TrailLockNewer:  "the lock is not lost: it knows a longer trail than this checkpoint; restore the database that was in use",
	store.TrailLockBroken: "what the lock holds was not signed by this key; put the right keys.log_file back",
}

func relockCommand(p Process) *cobra.Command {
	x := act{
		use: "relock", short: "Put a published checkpoint in the lock, when the lock is lost", path: "/trace/relock",
		would: "put the checkpoint in the lock", did: "the lock holds the checkpoint",
		more: `Two people do this together: one brings a checkpoint that was published or cosigned
(never one from a backup of the data), the other runs the command, and both write down
why. The trail must hold that checkpoint: a trail that is shorter, or another one, is
refused. So is a lock that is not lost, when it knows a longer trail: an older database
was put back, and the newer one is to be restored. One checkpoint a log: repeat for each
year that the lock does not know. The trail is served again once all are known and their
heads are signed; an event of the trail then says what the lock held before and after.

`,
		example: "  droits trace relock --checkpoint published.txt --config droits.toml\n  droits trace relock --checkpoint published.txt --data /var/lib/droits --apply",
		flags:   func(c *cobra.Command) { c.Flags().String("checkpoint", "", "file that holds the checkpoint") },
		request: func(c *cobra.Command, _ []string) (admin.Request, error) {
			b, err := readNamed(c, "checkpoint")
			return admin.Request{Checkpoint: string(b)}, err
		},
	}
	return x.command(p)
}

// readNamed reads the file that a flag names.
func readNamed(c *cobra.Command, name string) ([]byte, error) {
	path := text(c, name)
	if path == "" {
		return nil, usage("name a file with --%s FILE", name)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, &exitError{ExitFailure, fmt.Errorf("the file of --%s cannot be read", name)}
	}
	return b, nil
}

// trailFlags say which trail is read, and under which keys.
func trailFlags(c *cobra.Command) {
	c.Flags().String("config", "droits.toml", "configuration file, when --data is not given")
	c.Flags().String("data", "", "data directory, served by a process or not")
	c.Flags().String("root", "", "file of the root key, to open what is sealed (default: root.key in the data directory, if it is there)")
	c.Flags().String("key", "", "file of public keys, as "+"/preuves/cles serves them (default: those of log.key)")
	c.Flags().String("lock", "", "lock file (default: verrou.db in the data directory)")
}

// openTrail opens the trail and the keys under which it is checked.
func openTrail(c *cobra.Command, p Process) (*store.Trail, trace.Keys, error) {
	at := store.TrailConfig{Dir: text(c, "data"), LockFile: text(c, "lock")}
	root, log := text(c, "root"), ""
	if at.Dir == "" {
		cfg, err := loadConfig(c, p)
		if err != nil {
			return nil, trace.Keys{}, err
		}
		at.Dir, log = cfg.Data, cfg.Keys.LogFile
		if root == "" {
			root = cfg.Keys.RootFile
		}
		if at.LockFile == "" {
			at.LockFile = cfg.Trace.LockFile
		}
	}
	if log == "" {
		log = filepath.Join(at.Dir, "log.key")
	}
	key, err := rootFor(root, at.Dir)
	if err != nil {
		return nil, trace.Keys{}, err
	}
	at.Root = key
	t, err := store.OpenTrail(c.Context(), at)
	if err != nil {
		return nil, trace.Keys{}, &exitError{ExitFailure, fmt.Errorf("could not verify: %w", err)}
	}
	keys, err := trailKeys(c.Context(), t, text(c, "key"), log)
	if err != nil {
		return nil, keys, errors.Join(err, t.Close())
	}
	return t, keys, nil
}

// rootFor reads the root key; one that was not named may be missing.
func rootFor(path, dir string) (*store.Root, error) {
	named := path != ""
	if !named {
		path = filepath.Join(dir, "root.key")
	}
	root, err := store.ReadRoot(path)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return nil, nil
	}
	if err != nil {
		return nil, &exitError{ExitFailure, errors.New("could not verify: the root key cannot be read")}
	}
	return &root, nil
}

// trailKeys are the public keys of a file, else those that the log's own key
// makes.
func trailKeys(ctx context.Context, t *store.Trail, file, log string) (k trace.Keys, err error) {
	if file != "" {
		return readKeys(file)
	}
	seed, err := store.ReadLogKey(log)
	if err != nil {
		return k, &exitError{ExitFailure, errors.New("could not verify: name the public keys with --key FILE")}
	}
	logs, err := t.Logs(ctx)
	if err != nil {
		return k, err
	}
	locks, err := t.Locks(ctx)
	if err != nil {
		return k, err
	}
	var lines []string
	for _, l := range logs {
		lines = append(lines, seed.PublicKey(l.Origin))
	}
	for _, l := range locks { // one may have been begun and hold nothing yet
		lines = append(lines, seed.PublicKey(l.Origin))
	}
	return trace.ParseKeys([]byte(strings.Join(lines, "\n")))
}

func readKeys(file string) (trace.Keys, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return trace.Keys{}, &exitError{ExitFailure, errors.New("the file of --key cannot be read")}
	}
	k, err := trace.ParseKeys(b)
	if err != nil {
		return k, &exitError{ExitUsage, fmt.Errorf("--key: %w", err)}
	}
	return k, nil
}

func verifyTraceCommand(p Process) *cobra.Command {
	var since int64
	c := &cobra.Command{
		Use: "verify", Short: "Verify the whole trail: beside a running process, or without one", Args: noArgs,
		Long: `Reads the trail from its first entry and checks that none is missing, that every leaf
joins what it commits to and that what is there is what was committed, that the stored
tree is that of the leaves, that every signed head is one of this tree (so that each
continues the one before), that the lock agrees, that the index of persons is that of the
entries, that what people decided is what the entries say that they decided, and that
what is gone went by an erasure of this trail, after its date.

Memory does not grow with the trail. Without the root key what is sealed is not opened:
neither it, nor the index of persons, nor the decisions are checked, and the answer is
"could not verify" unless --tree-only says that the tree is enough. No personal datum is
printed.

Exit codes: 0 intact · 7 broken · 1 could not verify · 2 usage`,
		Example: `  droits trace verify --data /var/lib/droits --root /etc/droits/root.key
  droits trace verify --data /var/lib/droits --tree-only --since 120000 --json
  droits trace verify --config droits.toml --head published.txt --key keys.txt`,
		RunE: func(c *cobra.Command, _ []string) error {
			o := trace.VerifyOptions{Since: since}
			if since < 0 {
				return usage("--since is the number of an entry, from 0")
			}
			var err error
			if text(c, "head") != "" {
				if o.Head, err = readNamed(c, "head"); err != nil {
					return err
				}
			}
			t, keys, err := openTrail(c, p)
			if err != nil {
				return err
			}
			defer t.Close()
			o.Keys = keys
			v, err := trace.Verify(c.Context(), t, o)
			if err != nil {
				return &exitError{ExitFailure, fmt.Errorf("could not verify: %w", err)}
			}
			if since > 0 && v.Checked == 0 {
				return &exitError{ExitFailure, fmt.Errorf("could not verify: --since lies behind the last of %d entries, nothing was checked", v.Entries)}
			}
			return printVerdict(c, v)
		},
	}
	trailFlags(c)
	c.Flags().Int64Var(&since, "since", 0, "first entry to check; the tree before it is taken as it is stored")
	c.Flags().Bool("tree-only", false, "be content with the tree and its signed heads, without the root key")
	c.Flags().String("head", "", "file that holds a checkpoint from elsewhere, which must be of this trail")
	return c
}

func printVerdict(c *cobra.Command, v trace.Verdict) error {
	var broken error
	switch {
	case !v.Intact:
		broken = &exitError{ExitIntegrity, fmt.Errorf("broken: %d checks failed", v.FlawCount)}
	case v.Unopened > 0 && !flag(c, "tree-only"):
		broken = &exitError{ExitFailure, errors.New("could not verify what the entries hold: give the root key with --root FILE, or be content with the tree with --tree-only")}
	}
	if flag(c, "json") {
		return errors.Join(printJSON(c, v), broken)
	}
	w := c.OutOrStdout()
	fmt.Fprintf(w, "%d entries, %d checked\n", v.Entries, v.Checked)
	for _, l := range v.Logs {
		fmt.Fprintf(w, "%q: %d entries, root %s\n  %d checkpoints, the newest over %d entries", l.Origin, l.Size, base64.StdEncoding.EncodeToString(l.Root), l.Checkpoints, l.Signed)
		if !l.SignedAt.IsZero() {
			fmt.Fprintf(w, ", signed %s", l.SignedAt.Format("2006-01-02 15:04:05Z"))
		}
		fmt.Fprintln(w)
		if l.Unkept > 0 {
			fmt.Fprintf(w, "  the lock holds a newer head, over %d entries: the next start keeps it\n", l.Unkept)
		}
		if n := l.Size - max(l.Signed, l.Unkept); n > 0 {
			fmt.Fprintf(w, "  the last %d are under no signed head yet: until then receipts and X-Trace alone answer for them\n", n)
		}
	}
	if v.Erased > 0 || v.Erasures > 0 {
		fmt.Fprintf(w, "%d parts erased, by %d erasures\n", v.Erased, v.Erasures)
	}
	if v.Unopened > 0 {
		fmt.Fprintf(w, "%d parts sealed: not opened, not checked (no root key)\n", v.Unopened)
	}
	for _, f := range v.Flaws {
		fmt.Fprintf(w, "  %s\n", strings.TrimPrefix(f.Error(), "trace: "))
	}
	if v.Intact {
		if v.Unopened > 0 {
			fmt.Fprint(w, "tree ")
		}
		fmt.Fprintln(w, "intact")
	}
	return broken
}

func verifyReceiptCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "verify-receipt FILE", Short: "Verify a receipt of an access, with the server stopped", Args: exactArgs(1),
		Long: `Checks a receipt (a .tlog-proof file) against public keys and nothing else: that the log
signed the checkpoint in it, and when; that enough witnesses cosigned it; that the entry
is in that tree. Prints what the entry says.

Exit codes: 0 proved · 7 not proved · 1 could not verify · 2 usage`,
		Example: "  droits trace verify-receipt acces-2026-11-22.tlog-proof --key keys.txt\n  droits trace verify-receipt acces-2026-11-22.tlog-proof --key keys.txt --quorum 1 --json",
		RunE: func(c *cobra.Command, args []string) error {
			if text(c, "key") == "" {
				return usage("name the public keys with --key FILE")
			}
			keys, err := readKeys(text(c, "key"))
			if err != nil {
				return err
			}
			if keys.Quorum, err = c.Flags().GetInt("quorum"); err != nil || keys.Quorum < 0 {
				return usage("--quorum is a number of witnesses")
			}
			b, err := os.ReadFile(args[0])
			if err != nil {
				return &exitError{ExitFailure, errors.New("could not verify: the file cannot be read")}
			}
			out, err := trace.VerifyProof(b, keys)
			if err != nil {
				return &exitError{ExitIntegrity, fmt.Errorf("not proved: %w", err)}
			}
			return printProven(c, out)
		},
	}
	c.Flags().String("key", "", "file of public keys")
	c.Flags().Int("quorum", 0, "witnesses that must have cosigned")
	return c
}

func printProven(c *cobra.Command, out trace.Proven) error {
	if flag(c, "json") {
		return printJSON(c, map[string]any{"proved": true, "origin": out.Origin, "index": out.Index, "size": out.Size, "signed_at": out.At, "witnesses": append([]string{}, out.Witnesses...), "class": out.Class, "entry": json.RawMessage(out.Person)})
	}
	w := c.OutOrStdout()
	fmt.Fprintf(w, "proved: entry %d of %s\nin a tree of %d entries, signed %s\n", out.Index, out.Origin, out.Size, out.At.Format("2006-01-02 15:04:05Z"))
	if len(out.Witnesses) > 0 {
		fmt.Fprintf(w, "cosigned by %s\n", strings.Join(out.Witnesses, ", "))
	}
	var x struct {
		Time      int64  `json:"time"`
		Partner   string `json:"partner"`
		Operation string `json:"operation"`
		Outcome   string `json:"outcome"`
	}
	if json.Unmarshal(out.Person, &x) != nil {
		return nil // proved all the same: --json gives what it says
	}
	fmt.Fprintf(w, "on %s (Paris), %s called %s: %s\n", time.Unix(x.Time, 0).In(civil.Paris()).Format("2 January 2006 at 15:04:05"), cmp.Or(x.Partner, "nobody but the service"), cmp.Or(x.Operation, "nothing"), cmp.Or(x.Outcome, "no outcome"))
	return nil
}

func consistencyCommand(p Process) *cobra.Command {
	c := &cobra.Command{
		Use: "consistency A B", Short: "Show that one checkpoint continues another, from the stored tree", Args: exactArgs(2),
		Long: `Checks the signatures of two checkpoints of one log, reads from the stored tree the proof
that the larger one continues the smaller, and checks it.

Exit codes: 0 consistent · 7 not consistent · 1 could not verify · 2 usage`,
		Example: "  droits trace consistency yesterday.txt today.txt --data /var/lib/droits\n  droits trace consistency yesterday.txt today.txt --data /var/lib/droits --key keys.txt --json",
		RunE: func(c *cobra.Command, args []string) error {
			t, keys, err := openTrail(c, p)
			if err != nil {
				return err
			}
			defer t.Close()
			var heads [2]trace.Head
			for i, path := range args {
				b, err := os.ReadFile(path)
				if err != nil {
					return &exitError{ExitFailure, errors.New("could not verify: a checkpoint cannot be read")}
				}
				k, err := keys.Open(b)
				if err != nil {
					return &exitError{ExitIntegrity, fmt.Errorf("checkpoint %d: %w", i+1, err)}
				}
				heads[i] = k.Head
			}
			return consistent(c, t, heads)
		},
	}
	trailFlags(c)
	return c
}

func consistent(c *cobra.Command, t *store.Trail, heads [2]trace.Head) error {
	older, newer := heads[0], heads[1]
	if older.Size > newer.Size {
		older, newer = newer, older
	}
	logs, err := t.Logs(c.Context())
	if err != nil {
		return err
	}
	for _, l := range logs {
		if l.Origin != newer.Origin {
			continue
		}
		proof, err := trace.ProveConsistency(older.Size, newer.Size, t.Nodes(c.Context(), l))
		if err != nil {
			return &exitError{ExitFailure, fmt.Errorf("could not verify: %w", err)}
		}
		if err := trace.CheckConsistency(older, newer, proof); err != nil {
			return &exitError{ExitIntegrity, err}
		}
		if flag(c, "json") {
			return printJSON(c, map[string]any{"consistent": true, "origin": newer.Origin, "older": older.Size, "newer": newer.Size, "proof": proof})
		}
		fmt.Fprintf(c.OutOrStdout(), "consistent: %d entries of %s are the first of %d\n", older.Size, newer.Origin, newer.Size)
		return nil
	}
	return &exitError{ExitFailure, errors.New("could not verify: this trail has no such log")}
}
