package intake

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"hash"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"

	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
)

// maxLine is the longest line accepted, its end included.
const maxLine = 1 << 20

// maxWindow bounds what a compressed file can make us hold in memory.
const maxWindow = 64 << 20

// Reader gives the rows of one file, in order. It is not safe for concurrent
// use. It checks each line alone: references and doubles are a Sink's.
type Reader struct {
	in     *bufio.Reader
	raw    *counter
	closer []func() error
	header Header
	line   int
	total  int64
	sum    hash.Hash // of the lines read
	file   *os.File  // nil for a reader
	at     time.Time // when the file was last written, as it was opened
}

// changed reports that the file was written or cut since it was opened: what
// was read of it may be half of one state and half of another.
func (r *Reader) changed() bool {
	if r.file == nil {
		return false
	}
	st, err := r.file.Stat()
	return err != nil || st.Size() != r.total || !st.ModTime().Equal(r.at)
}

// counter counts the bytes taken from the file, before decompression.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// NothingLeft is the fault of a complete load of which no served person would
// remain. Errors: parametre_invalide.
func NothingLeft() error { return unusable(NothingAccepted, nil) }

// unusable is the fault of a whole file; its reason is the rule.
func unusable(rule Rule, cause error) error {
	f := fault.New(fault.ParametreInvalide, "intake: file").Because(string(rule))
	if cause != nil {
		return f.With(cause)
	}
	return f
}

// Open reads a file: plain, or compressed when its name ends in .gz or .zst.
// A line feed ends a line, a carriage return before it and a byte order mark
// at the start are passed over. Errors: parametre_invalide, whose Reason is a
// Rule of the file.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, unusable(FileUnreadable, pathless(err))
	}
	r, err := open(path, f)
	if err != nil {
		f.Close()
		return nil, err
	}
	return r, nil
}

func open(path string, f *os.File) (*Reader, error) {
	r := &Reader{raw: &counter{r: f}, closer: []func() error{f.Close}, file: f}
	if st, err := f.Stat(); err == nil {
		r.total, r.at = st.Size(), st.ModTime()
	}
	var in io.Reader = r.raw
	switch {
	case strings.HasSuffix(path, ".gz"):
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, unusable(FileUnreadable, nil)
		}
		in = z
	case strings.HasSuffix(path, ".zst"), strings.HasSuffix(path, ".zstd"):
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, unusable(FileUnreadable, nil)
		}
		in, r.closer = z, append(r.closer, func() error { z.Close(); return nil })
	}
	return r, r.start(in)
}

// pathless drops the file's name from an error of os.
func pathless(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// NewReader reads an uncompressed file. Errors are those of Open.
func NewReader(in io.Reader) (*Reader, error) {
	r := &Reader{raw: &counter{r: in}}
	return r, r.start(r.raw)
}

// Close closes the file that Open opened.
func (r *Reader) Close() error {
	var errs []error
	for _, c := range r.closer {
		errs = append(errs, c())
	}
	r.closer = nil
	return errors.Join(errs...)
}

// Header is the file's first line.
func (r *Reader) Header() Header { return r.header }

// Line is the number of the last line read, from 1.
func (r *Reader) Line() int { return r.line }

// start reads the header.
func (r *Reader) start(in io.Reader) error {
	r.in, r.sum = bufio.NewReaderSize(in, maxLine), newSum()
	if mark, _ := r.in.Peek(3); string(mark) == "\ufeff" {
		r.in.Discard(3)
	}
	if head, _ := r.in.Peek(4); bytes.HasPrefix(head, []byte("\x1f\x8b")) || string(head) == "\x28\xb5\x2f\xfd" {
		return unusable(FileCompressed, nil) // gzip, or zstandard, read as it lies
	}
	b, long, err := r.next()
	switch {
	case errors.Is(err, io.EOF):
		return unusable(FileEmpty, nil)
	case err != nil:
		return err
	case !utf8.Valid(b):
		return unusable(FileNotUTF8, nil)
	}
	if b = bytes.TrimRight(b, "\r\n"); long || len(bytes.TrimSpace(b)) == 0 {
		return unusable(HeaderMissing, nil)
	}
	if typ, _, rule := peek(b); rule != "" || typ != TypeEntete {
		return unusable(HeaderMissing, nil)
	}
	var e entete
	c := &cursor{b: b}
	switch rule := readObject(c, enteteMembers, &e); {
	case rule == ValueEnum && c.member == "format":
		return unusable(HeaderFormat, nil)
	case rule != "":
		return unusable(HeaderInvalid, nil)
	}
	r.header = e.Header
	return nil
}

// Next gives the next line: a row, or why it is refused. At the end the error
// is io.EOF; any other error stops the load (parametre_invalide, whose Reason
// is a Rule of the file).
func (r *Reader) Next() (Row, *Reject, error) {
	b, long, err := r.next()
	switch {
	case err != nil:
		return Row{}, nil, err
	case long:
		return Row{}, &Reject{Line: r.line, Rule: LineTooLong}, nil
	}
	return parseText(b, r.line, r.header)
}

// parse reads one line.
func parse(b []byte, line int, h Header) (Row, *Reject) {
	typ, id, rule := peek(b)
	if rule != "" {
		return Row{}, &Reject{Line: line, Type: typ, ID: id, Rule: rule}
	}
	row, c := Row{Line: line}, &cursor{b: b}
	if rule = decode(c, typ, &row, h); rule != "" {
		return Row{}, &Reject{Line: line, Type: typ, ID: id, Rule: rule, Member: c.member}
	}
	return row, nil
}

// decode reads a line whose type is known.
func decode(c *cursor, typ string, row *Row, h Header) (rule Rule) {
	switch typ {
	case TypeCaisse:
		row.Caisse = new(droits.Caisse)
		if rule = readObject(c, caisseMembers, row.Caisse); rule == "" {
			rule, c.member = wholeCaisse(row.Caisse)
		}
	case TypePersonne:
		row.Personne = &Personne{Servie: true}
		if rule = readObject(c, personneMembers, row.Personne); rule == "" {
			rule, c.member = wholePersonne(row.Personne, h)
		}
	case TypeFin:
		row.Fin = new(Fin)
		if rule = readObject(c, finMembers, row.Fin); rule == "" && h.Jeu == Complet {
			rule = FinInComplet
		}
	default:
		return HeaderTwice
	}
	return rule
}

// peek finds the type and the id of a line, wherever they stand, and checks
// that the line is one JSON object.
func peek(b []byte) (typ, id string, rule Rule) {
	c := &cursor{b: b}
	if c.next() != '{' {
		return "", "", JSONInvalid
	}
	rule = c.object(func(name []byte) Rule {
		switch {
		case string(name) == "type" && c.next() == '"':
			v, rule := c.text()
			typ = known(v)
			return rule
		case string(name) == "id" && c.next() == '"':
			v, rule := c.text()
			if s, bad := rowID(string(v)); rule == "" && bad == "" {
				id = s
			}
			return rule
		case string(name) == "type":
			typ = "?"
		}
		return c.skip(1)
	})
	switch {
	case rule != "" || !c.ended():
		return "", "", JSONInvalid
	case typ == "":
		return "", id, TypeMissing
	case typ == "?":
		return "", id, TypeUnknown
	}
	return typ, id, ""
}

// known gives the type as a constant, "?" for any other text.
func known(v []byte) string {
	for _, t := range [...]string{TypePersonne, TypeCaisse, TypeFin, TypeEntete} {
		if string(v) == t {
			return t
		}
	}
	return "?"
}

// next gives the next line with its end, valid until the next call; long says
// that it was longer than a line may be, and passed over. A file that stops in
// the middle of a line cannot be trusted at all.
func (r *Reader) next() (b []byte, long bool, err error) {
	b, err = r.in.ReadSlice('\n')
	if len(b) == 0 && errors.Is(err, io.EOF) {
		return nil, false, io.EOF
	}
	r.line++
	r.sum.Write(b)
	long = errors.Is(err, bufio.ErrBufferFull)
	for errors.Is(err, bufio.ErrBufferFull) {
		b, err = r.in.ReadSlice('\n')
		r.sum.Write(b)
	}
	switch {
	case errors.Is(err, io.EOF) && (long || !whole(b)):
		return nil, false, unusable(FileTruncated, nil)
	case err != nil && !errors.Is(err, io.EOF):
		return nil, false, unusable(FileUnreadable, nil)
	}
	return b, long, nil
}

// parseText reads one line as it lies in the file. A file that is not UTF-8
// cannot be trusted at all.
func parseText(b []byte, line int, h Header) (Row, *Reject, error) {
	if !utf8.Valid(b) {
		return Row{}, nil, unusable(FileNotUTF8, nil)
	}
	if b = bytes.TrimRight(b, "\r\n"); len(bytes.TrimSpace(b)) == 0 {
		return Row{}, &Reject{Line: line, Rule: LineEmpty}, nil
	}
	row, bad := parse(b, line, h)
	return row, bad, nil
}

// whole reports that a last line without an end is nevertheless complete.
func whole(b []byte) bool {
	c := &cursor{b: b}
	return c.skip(0) == "" && c.ended()
}
