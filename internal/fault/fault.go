// Package fault holds the one list of ways in which a call can fail: kinds,
// stable codes and their public texts. It hides how a cause becomes a status,
// so that an inner error reaches the outside as a code of this list or as
// nothing at all.
package fault

import (
	"errors"
	"time"
)

// Kind groups codes by what they mean to the caller. Each code has one kind.
type Kind uint8

// The kinds of architecture.md, table "Errors".
const (
	Invalid Kind = iota + 1
	Unauthenticated
	Forbidden
	NotFound
	Conflict
	TooMany
	Upstream
	Unavailable
	Internal
)

// String is the kind's name in logs and in the generated catalogue.
func (k Kind) String() string {
	names := [...]string{"", "invalid", "unauthenticated", "forbidden", "not_found", "conflict", "too_many", "upstream", "unavailable", "internal"}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

// Fault is a failure with a stable code. It wraps its cause for errors.Is and
// errors.As; the cause is never shown to a caller. A Fault is immutable: the
// methods that add to it return a copy, so package-level faults can be shared.
type Fault struct {
	code   Code
	op     string
	reason string
	field  string
	after  time.Duration
	err    error
}

// New returns a fault with the code. op names the operation ("access: read"),
// never its arguments: every argument here is somebody's health insurance.
func New(code Code, op string) *Fault { return &Fault{code: code, op: op} }

// Wrap returns a fault with the code and the cause, or nil when err is nil.
func Wrap(code Code, op string, err error) error {
	if err == nil {
		return nil
	}
	return &Fault{code: code, op: op, err: err}
}

// From returns the first Fault in err's chain, or an erreur_interne that wraps
// err: what is unforeseen becomes silence. From(nil) is nil.
func From(err error) *Fault {
	if err == nil {
		return nil
	}
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return &Fault{code: ErreurInterne, op: "unforeseen", err: err}
}

// Is reports whether err carries the code.
func Is(err error, code Code) bool {
	var f *Fault
	return errors.As(err, &f) && f.code == code
}

// On returns a copy that names the public field at fault (a header, a
// parameter, a member): a constant, never a value.
func (f *Fault) On(field string) *Fault { c := *f; c.field = field; return &c }

// Because returns a copy with an internal reason in UPPER_SNAKE. It goes to
// the internal part of the trace and nowhere else.
func (f *Fault) Because(reason string) *Fault { c := *f; c.reason = reason; return &c }

// After returns a copy that tells the caller when to come back.
func (f *Fault) After(d time.Duration) *Fault { c := *f; c.after = d; return &c }

// With returns a copy that wraps err.
func (f *Fault) With(err error) *Fault { c := *f; c.err = err; return &c }

// Code is the stable code.
func (f *Fault) Code() Code { return f.code }

// Kind is the code's kind.
func (f *Fault) Kind() Kind { return f.code.Entry().Kind }

// Status is the code's HTTP status.
func (f *Fault) Status() int { return f.code.Entry().Status }

// Field is the public field at fault, or "", of no fault too.
func (f *Fault) Field() string {
	if f == nil {
		return ""
	}
	return f.field
}

// Reason is the internal reason, or the code in upper case when none was given;
// "" of no fault.
func (f *Fault) Reason() string {
	if f == nil {
		return ""
	}
	if f.reason != "" {
		return f.reason
	}
	return upper(string(f.code))
}

// RetryAfter is the delay to announce, 0 when there is none.
func (f *Fault) RetryAfter() time.Duration { return f.after }

// Error names the operation, the code and the cause's own text. It is for our
// log, not for the caller.
func (f *Fault) Error() string {
	s := f.op + ": " + string(f.code)
	if f.reason != "" {
		s += " (" + f.reason + ")"
	}
	if f.err != nil {
		s += ": " + f.err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.err }

func upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}
