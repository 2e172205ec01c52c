package intake

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"

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
	// Progress is called now and then, and once at the end, with the bytes
	// read of the file as it lies on disk, its size (0 when unknown) and the
	// lines read; nil for none.
	Progress func(bytesRead, total int64, lines int)
	// DryRun checks everything, references included, and loads nothing.
	DryRun bool
	// Today refuses a header that claims a later day; zero checks nothing.
	Today civil.Date
}

// Summary counts what a load did.
type Summary struct {
	Header      Header
	Lines       int // all of them, the header included
	Caisses     int // accepted rows, by type
	Personnes   int
	Sentinelles int // of Personnes, those not served
	Fins        int
	Rejected    int
	ByRule      map[Rule]int
	Bytes       int64 // read of the file as it lies on disk
}

// progressEvery is the number of lines between two calls of Progress.
const progressEvery = 2000

// Run reads a whole file into the sink. Refused lines are counted and written
// to Rejects; any error aborts the sink, and nothing of the load is visible.
// Errors: parametre_invalide, whose Reason is a Rule of the file; the sink's
// own; the context's.
func Run(ctx context.Context, o Options) (Summary, error) {
	s := Summary{ByRule: map[Rule]int{}}
	r, err := o.open()
	if err != nil {
		return s, err
	}
	defer r.Close()
	s.Header = r.Header()
	if o.Today != 0 && s.Header.ReferenceOn > o.Today {
		return s, unusable(HeaderFuture, nil)
	}
	sink := o.Sink
	if o.DryRun {
		sink = NewCheck()
	}
	l := &load{Options: o, Summary: &s, reader: r, sink: sink}
	if o.Rejects != nil {
		l.rejects = bufio.NewWriter(o.Rejects)
	}
	if err := l.run(ctx); err != nil {
		sink.Abort()
		return s, errors.Join(err, l.flush())
	}
	return s, l.flush()
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
}

func (l *load) run(ctx context.Context) error {
	if err := l.sink.Begin(ctx, l.Summary.Header); err != nil {
		return err
	}
	for {
		row, bad, err := l.reader.Next()
		l.Lines, l.Bytes = l.reader.Line(), l.reader.raw.n
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = l.one(ctx, row, bad)
		}
		if err != nil {
			return err
		}
		if l.Progress != nil && l.Lines%progressEvery == 0 {
			l.Progress(l.Bytes, l.reader.total, l.Lines)
		}
	}
	if l.Summary.Header.Jeu == Complet && l.Personnes == l.Sentinelles {
		return NothingLeft()
	}
	if err := l.end(ctx); err != nil {
		return err
	}
	if l.Progress != nil {
		l.Progress(l.Bytes, l.reader.total, l.Lines)
	}
	return nil
}

// one puts a row, or counts its refusal.
func (l *load) one(ctx context.Context, row Row, bad *Reject) error {
	if bad == nil {
		err := l.sink.Put(ctx, row)
		var refused *RejectError
		if !errors.As(err, &refused) {
			l.count(row, 1)
			return err
		}
		bad = &Reject{Line: row.Line, Type: row.typ(), ID: row.id(), Rule: refused.Rule, Member: refused.Member}
	}
	return l.reject(*bad)
}

// end lets the sink conclude; what it refuses now was counted as accepted. Its
// rejects are told even when it fails: they may be the reason.
func (l *load) end(ctx context.Context) error {
	late, failed := l.sink.End(ctx)
	for _, bad := range late {
		switch bad.Type {
		case TypeCaisse:
			l.Caisses--
		case TypePersonne:
			l.Personnes--
			if bad.Sentinelle {
				l.Sentinelles--
			}
		case TypeFin:
			l.Fins--
		}
		if err := l.reject(bad); err != nil {
			return err
		}
	}
	return failed
}

func (l *load) count(row Row, n int) {
	switch {
	case row.Caisse != nil:
		l.Caisses += n
	case row.Personne != nil:
		l.Personnes += n
		if !row.Personne.Servie {
			l.Sentinelles += n
		}
	case row.Fin != nil:
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
