package intake

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"

	"droits.example/droits/internal/civil"
)

// Options says what to load and where. Either Path or Reader is given.
type Options struct {
	Path   string
	Reader io.Reader // an uncompressed file
	// Sink receives the rows. It may be nil with DryRun.
	Sink Sink
	// Rejects receives one JSON object a line for each refused line; nil to
	// count only.
	Rejects io.Writer
	// Progress is called now and then, and once at the end; nil for none.
	Progress func(Progress)
	// DryRun checks the file alone, references included, and loads nothing.
	DryRun bool
	// Today refuses a header that claims a later day; zero checks nothing.
	Today civil.Date
}

// Progress tells how far a load is. While the file is read, Stage is
// StageReading, Done the bytes read of the file as it lies on disk and Total
// its size (0 when unknown); later stages count their own units.
type Progress struct {
	Stage       string
	Done, Total int64
	Lines       int
}

// StageReading is the first stage of a load.
const StageReading = "reading"

// Summary counts what a load did.
type Summary struct {
	Header      Header
	Lines       int // all of them, the header included
	Resumed     int // of Lines, those that an earlier attempt had read
	Caisses     int // accepted rows, by type
	Personnes   int
	Sentinelles int // of Personnes, those not served
	Fins        int
	Rejected    int
	ByRule      map[Rule]int
	Bytes       int64    // read of the file as it lies on disk
	Visible     bool     // the sink has concluded: an error that came later undoes nothing
	Outcome     *Outcome // what the sink made of it, when it tells
}

// progressEvery is the number of batches between two calls of Progress.
const progressEvery = 8

// Run reads a whole file into the sink: lines are parsed and prepared on every
// core, and put in the order of the file. Refused lines are counted and
// written to Rejects; any error aborts the sink, and nothing of the load is
// visible. A sink that kept an unfinished attempt at the same file goes on
// from there. Errors: parametre_invalide, whose Reason is a Rule of the file;
// the sink's own; the context's.
func Run(ctx context.Context, o Options) (Summary, error) {
	s := Summary{ByRule: map[Rule]int{}}
	sink := o.Sink
	if o.DryRun {
		sink = NewCheck()
	}
	l := &load{Options: o, Summary: &s, sink: sink}
	if o.Rejects != nil {
		l.rejects = bufio.NewWriter(o.Rejects)
	}
	defer func() {
		if l.reader != nil {
			l.reader.Close()
		}
	}()
	ended := false
	defer func() {
		if !ended {
			sink.Abort(errors.New("intake: a panic"))
		}
	}()
	err := l.start(ctx)
	if err == nil {
		err = l.run(ctx)
	}
	if ended = true; err != nil {
		sink.Abort(err)
	}
	return s, errors.Join(err, l.flush())
}

func (o Options) open() (*Reader, error) {
	if o.Reader != nil {
		return NewReader(o.Reader)
	}
	return Open(o.Path)
}

// load is one run.
type load struct {
	Options
	*Summary
	reader  *Reader
	sink    Sink
	rejects *bufio.Writer
	texts   sync.Pool // *[]byte, of chunks
	running sync.WaitGroup
}

// start opens the file and begins the load, where an earlier attempt at the
// same file stopped if there is one.
func (l *load) start(ctx context.Context) (err error) {
	if l.reader, err = l.open(); err != nil {
		return err
	}
	h := l.reader.Header()
	l.Summary.Header = h
	if l.Today != 0 && h.ReferenceOn > l.Today {
		return unusable(HeaderFuture, nil)
	}
	if r, ok := l.sink.(Resumer); ok && l.Path != "" {
		from, found, err := r.Unfinished(ctx, h)
		if err != nil {
			return err
		}
		if found {
			return l.resume(ctx, r, from)
		}
	}
	return l.begin(ctx, nil)
}

func (l *load) begin(ctx context.Context, from *Resume) error {
	return l.sink.Begin(ctx, l.Summary.Header, from)
}

// resume goes on after the lines that an earlier attempt has read, if this is
// the same file up to there; else it begins anew.
func (l *load) resume(ctx context.Context, r Resumer, from Resume) (err error) {
	same, err := l.reader.skip(ctx, from.Mark)
	if err != nil {
		return err
	}
	if !same {
		if err := l.reader.Close(); err != nil {
			return err
		}
		if l.reader, err = l.open(); err != nil {
			return err
		}
		return l.begin(ctx, nil)
	}
	if err := l.begin(ctx, &from); err != nil {
		return err
	}
	l.Resumed, l.Lines = from.Lines, from.Lines
	l.Caisses, l.Personnes, l.Sentinelles = from.Caisses, from.Personnes, from.Sentinelles
	return r.Replay(ctx, l.reject)
}

func (l *load) run(ctx context.Context) error {
	if err := l.read(ctx); err != nil {
		return err
	}
	if err := l.end(ctx); err != nil {
		return err
	}
	if o, ok := l.sink.(Teller); ok {
		l.Outcome = o.Outcome()
	}
	return nil
}

// read parses and prepares batches on every core and puts them in order.
func (l *load) read(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer l.running.Wait() // nobody reads the file once it is closed
	defer cancel()
	n := 0
	for b := range l.batches(ctx) {
		b := <-b
		if b.err == nil {
			b.err = l.put(ctx, &b)
		}
		if b.err != nil {
			return b.err
		}
		if n++; l.Progress != nil && n%progressEvery == 0 {
			l.tell()
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if l.reader.changed() {
		return unusable(FileChanged, nil)
	}
	if l.Progress != nil {
		l.tell()
	}
	return nil
}

func (l *load) tell() {
	l.Progress(Progress{Stage: StageReading, Done: l.Bytes, Total: l.reader.total, Lines: l.Lines})
}

// put hands over a batch and counts it.
func (l *load) put(ctx context.Context, b *parsed) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	refused, err := l.sink.Put(ctx, b.Batch)
	if err != nil {
		return err
	}
	l.Lines, l.Bytes = b.Mark.Lines, b.raw
	for _, r := range b.Rows {
		l.count(r.typ(), r.Personne != nil && !r.Personne.Servie, 1)
	}
	bad := append(b.Rejects, refused...)
	SortRejects(bad)
	for _, r := range refused {
		l.count(r.Type, r.Sentinelle, -1)
	}
	for _, r := range bad {
		if err := l.reject(r); err != nil {
			return err
		}
	}
	return nil
}

// end lets the sink conclude; what it refuses now was counted as accepted. Its
// rejects are told even when it fails: they may be the reason.
func (l *load) end(ctx context.Context) error {
	late, failed := l.sink.End(ctx, func(stage string, done, total int64) {
		if l.Progress != nil {
			l.Progress(Progress{Stage: stage, Done: done, Total: total, Lines: l.Lines})
		}
	})
	l.Visible = failed == nil
	for _, bad := range late {
		l.count(bad.Type, bad.Sentinelle, -1)
		if err := l.reject(bad); err != nil {
			return err
		}
	}
	return failed
}

func (l *load) count(typ string, sentinelle bool, n int) {
	switch typ {
	case TypeCaisse:
		l.Caisses += n
	case TypePersonne:
		l.Personnes += n
		if sentinelle {
			l.Sentinelles += n
		}
	case TypeFin:
		l.Fins += n
	}
}

func (l *load) reject(bad Reject) error {
	l.Rejected++
	l.ByRule[bad.Rule]++
	if l.rejects == nil {
		return nil
	}
	b, err := json.Marshal(bad)
	if err != nil {
		return err
	}
	_, err = l.rejects.Write(append(b, '\n'))
	return err
}

func (l *load) flush() error {
	if l.rejects == nil {
		return nil
	}
	return l.rejects.Flush()
}
