package trace

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"sort"
	"strings"
	"time"
)

// ProxyLine is a line of the reverse proxy's log, one JSON object a line: the
// instant (RFC 3339), the path, the status, and the header X-Trace of the
// answer, "" when it had none. Other members are passed over.
type ProxyLine struct {
	Time   time.Time `json:"time"`
	Path   string    `json:"path"`
	Status int       `json:"status"`
	Trace  string    `json:"trace"`
}

// Access is an access of the trail, as much as counting it needs.
type Access struct {
	Hash    [HashSize]byte
	Partner string
	Served  bool
	At      time.Time
}

// AroundPeriod is how far around its period a balance must know the entries: an
// answer is logged a moment after its entry is written.
const AroundPeriod = 10 * time.Minute

// Reconciliation compares, for a period, what the reverse proxy let out, what
// the store counted against quotas and what the trail holds. It holds nobody's
// data.
type Reconciliation struct {
	Partners []PartnerBalance `json:"partners"`
	Untraced int64            `json:"served_without_trace"` // answers 2xx on the API that quote nothing
	Unknown  int64            `json:"trace_unknown"`        // answers that quote what the trail does not hold
	Unread   int64            `json:"lines_unread"`         // lines of the proxy that are none
	Balanced bool             `json:"balanced"`
}

// PartnerBalance is the period of a partner. Every answer of the proxy quotes
// an entry; every entry served was counted, and no more was counted than there
// are entries. An entry that no answer quotes is a connection that was cut: it
// is told, and is no gap.
type PartnerBalance struct {
	Partner  string `json:"partner"`
	Proxy    int64  `json:"proxy_served"`
	Served   int64  `json:"trail_served"`
	Refused  int64  `json:"trail_refused"`
	Counted  int64  `json:"store_counted"`
	Unseen   int64  `json:"served_not_quoted"`
	Repeated int64  `json:"quoted_again"`
	Gap      bool   `json:"gap"`
}

// Balance gathers a period: first what the trail and the store hold, then what
// the proxy let out.
type Balance struct {
	partners map[string]*PartnerBalance
	entries  map[[HashSize / 2]byte]quoted // by half their hash: that is enough to tell them apart
	out      Reconciliation
}

type quoted struct {
	partner *PartnerBalance
	served  bool
	seen    bool
	around  bool // outside the period: known, not counted
}

// NewBalance is an empty one.
func NewBalance() *Balance {
	return &Balance{partners: map[string]*PartnerBalance{}, entries: map[[HashSize / 2]byte]quoted{}}
}

func (b *Balance) of(partner string) *PartnerBalance {
	p := b.partners[partner]
	if p == nil {
		p = &PartnerBalance{Partner: partner}
		b.partners[partner] = p
	}
	return p
}

// Hold adds an entry of the trail, of the period.
func (b *Balance) Hold(a Access) {
	p := b.of(a.Partner)
	if a.Served {
		p.Served++
	} else {
		p.Refused++
	}
	b.entries[[HashSize / 2]byte(a.Hash[:])] = quoted{partner: p, served: a.Served}
}

// HoldAround adds an entry of the moments around the period: an answer of the
// period may quote it, and it counts for nobody.
func (b *Balance) HoldAround(a Access) {
	b.entries[[HashSize / 2]byte(a.Hash[:])] = quoted{partner: b.of(a.Partner), served: a.Served, around: true}
}

// Count adds what the store counted of a partner.
func (b *Balance) Count(partner string, n int64) { b.of(partner).Counted += n }

// maxProxyLine bounds a line of the proxy.
const maxProxyLine = 1 << 16

// Read reads the proxy's lines of a period, of paths under one of the bases. A
// line that is too long is one that cannot be read. Errors are the reader's.
func (b *Balance) Read(r io.Reader, from, until time.Time, bases ...string) error {
	lines := bufio.NewReaderSize(r, maxProxyLine)
	for {
		line, err := lines.ReadSlice('\n')
		long := false
		for errors.Is(err, bufio.ErrBufferFull) {
			long = true
			_, err = lines.ReadSlice('\n')
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		var l ProxyLine
		switch {
		case long:
			b.out.Unread++
		case len(bytes.TrimSpace(line)) == 0:
		case json.Unmarshal(line, &l) != nil || l.Time.IsZero() || l.Status == 0:
			b.out.Unread++
		case !l.Time.Before(from) && l.Time.Before(until):
			b.line(l, under(l.Path, bases))
		}
		if err != nil {
			return nil
		}
	}
}

func under(path string, bases []string) bool {
	path, _, _ = strings.Cut(path, "?")
	for _, base := range bases {
		if path == base || strings.HasPrefix(path, strings.TrimSuffix(base, "/")+"/") {
			return true
		}
	}
	return false
}

func (b *Balance) line(l ProxyLine, ours bool) {
	served := l.Status >= 200 && l.Status < 300
	if l.Trace == "" || l.Trace == "-" {
		if ours && served {
			b.out.Untraced++
		}
		return
	}
	var hash [HashSize]byte
	quote := l.Trace[strings.LastIndexByte(l.Trace, '/')+1:]
	if n, err := hex.Decode(hash[:], []byte(quote[:min(len(quote), 2*HashSize)])); err != nil || n != HashSize || len(quote) != 2*HashSize {
		b.out.Unknown++
		return
	}
	key := [HashSize / 2]byte(hash[:])
	q, known := b.entries[key]
	switch {
	case !known:
		b.out.Unknown++
	case q.seen:
		q.partner.Repeated++
	default:
		q.seen = true
		b.entries[key] = q
		if served && !q.around {
			q.partner.Proxy++
		}
		if served && !q.served { // what left is not what was traced
			b.out.Untraced++
		}
	}
}

// Close compares.
func (b *Balance) Close() Reconciliation {
	for _, q := range b.entries {
		if q.served && !q.seen && !q.around {
			q.partner.Unseen++
		}
	}
	out := b.out
	out.Partners = []PartnerBalance{}
	out.Balanced = out.Untraced == 0 && out.Unknown == 0 && out.Unread == 0
	for _, p := range b.partners {
		p.Gap = p.Proxy > p.Served || p.Repeated > 0 || p.Counted < p.Served || p.Counted > p.Served+p.Refused
		out.Balanced = out.Balanced && !p.Gap
		out.Partners = append(out.Partners, *p)
	}
	sort.Slice(out.Partners, func(i, j int) bool { return out.Partners[i].Partner < out.Partners[j].Partner })
	return out
}
