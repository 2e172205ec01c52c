package bench

import (
	"context"
	"encoding/json"
	"net/netip"
	"runtime"
	"syscall"
	"time"

	"droits.example/droits/internal/access"
	"droits.example/droits/internal/app"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/policy"
	"droits.example/droits/internal/trace"
)

// Part is the cost of one part of a call, in a loop on one core: a tight loop
// understates what a part costs between sockets (limits.md §1).
type Part struct {
	Name   string  `json:"name"`
	Micros float64 `json:"cpu_us"`
	Bytes  float64 `json:"bytes"`
	Allocs float64 `json:"allocs"`
}

// loop runs f n times and charges it what the process used.
func loop(name string, n int, f func(i int) error) (Part, error) {
	for i := range min(n, 100) {
		if err := f(i); err != nil {
			return Part{}, err
		}
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu := processCPU()
	for i := range n {
		if err := f(i); err != nil {
			return Part{}, err
		}
	}
	used := processCPU() - cpu
	runtime.ReadMemStats(&after)
	k := float64(n)
	return Part{name, float64(used.Nanoseconds()) / 1000 / k, float64(after.TotalAlloc-before.TotalAlloc) / k, float64(after.Mallocs-before.Mallocs) / k}, nil
}

func processCPU() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// bencher holds an open instance and what the parts need of it.
type bencher struct {
	w   *world
	a   *app.App
	win droits.Fenetre
}

func (w *world) bencher(ctx context.Context) (bencher, error) {
	a, err := w.open(ctx)
	today := civil.On(time.Now())
	return bencher{w, a, droits.Fenetre{Today: today, Period: civil.Period{From: today, To: today.AddYears(1)}}}, err
}

func (w *world) parts(ctx context.Context) (out []Part, err error) {
	b, err := w.bencher(ctx)
	if err != nil {
		return nil, err
	}
	a := b.a
	defer a.Close()
	const n = 4000
	for _, x := range []struct {
		name string
		f    func(int) error
	}{
		{"key, convention", b.authenticate},
		{"use of the key watched", b.watched()},
		{"quota left, for the headers", b.quota(ctx)},
		{"token check, v1", func(i int) error { _, err := a.Verifier.Check(ctx, identity.V1, b.soul(i).token); return err }},
		{"find (index, standing, identity)", func(i int) error { _, err := b.find(ctx, i); return err }},
		{"find, identify", func(i int) error { _, err := b.identify(ctx, i); return err }},
		{"decide", b.decide(ctx)},
		{"… open, decide, release", func(i int) error { _, err := b.release(ctx, i); return err }},
		{"encode", b.encode()},
		{"trace entry, salts, hashes", b.entry},
		{"trace, durable, alone", func(i int) error { return b.read(ctx, i) }},
	} {
		p, err := loop(x.name, n, x.f)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	v2, err := v2Parts(ctx)
	return append(out, v2...), err
}

func (b bencher) soul(i int) soul { return b.w.souls[i*7919%len(b.w.souls)] }

func (b bencher) credentials(i int) access.Credentials {
	return access.Credentials{Key: benchKey, Token: b.soul(i).token, Addr: netip.MustParseAddr("127.0.0.1")}
}

func (b bencher) authenticate(i int) error {
	_, err := b.a.Access.Authenticate(b.credentials(i), true)
	return err
}

func (b bencher) find(ctx context.Context, i int) ([]policy.Candidate, error) {
	return b.a.Store.Find(ctx, b.soul(i).pivot, "bench", consent.Token{})
}

func (b bencher) identify(ctx context.Context, i int) (policy.Candidate, error) {
	list, err := b.find(ctx, i)
	if err != nil {
		return policy.Candidate{}, err
	}
	records := make([]identity.Record, len(list))
	for j, c := range list {
		records[j] = c.Record
	}
	r := identity.Decide(b.soul(i).pivot, records)
	for _, c := range list {
		if c.Record.ID == r.ID {
			return c, nil
		}
	}
	return policy.Candidate{}, nil
}

func (b bencher) release(ctx context.Context, i int) (policy.View, error) {
	who, err := b.identify(ctx, i)
	if err != nil {
		return policy.View{}, err
	}
	_, conv, _ := b.a.Store.Key(benchKey)
	d, err := policy.Decide(policy.Request{Op: droits.OpMe, Window: b.win}, policy.Grant{Convention: conv, Scopes: []string{droits.ScopeUmbrella}}, policy.Person{Blocks: conv.Document.Blocks}, who.Sujet)
	if err != nil {
		return policy.View{}, err
	}
	f, err := d.Open(who)
	if err != nil {
		return policy.View{}, err
	}
	return d.Release(f, f.Self(b.win))
}

func (b bencher) encode() func(int) error {
	me := sampleMe{"285062B00992567", "EXEMPLE-FICTIF", "Marie-Claude", "1985-06-14", 1, "assure", true, false}
	return func(int) error { _, err := json.Marshal(me); return err }
}

func (b bencher) entry(int) error {
	e := trace.Entry{Class: trace.AccessServed, Person: trace.Person{At: time.Now(), Partner: "bench", Purpose: "preadmission", Operation: "getMe", Period: "2026-11-22/2027-11-22", Beneficiary: "assure", Consent: "acc_0123456789ab", Convention: "bench/1", Reference: benchClient + benchClient, Outcome: "servi", RequestHash: make([]byte, 16), BodyHash: make([]byte, 32), BodySalt: make([]byte, 16), Served: []string{"identite", "presence_medecin_traitant", "contrats"}}}
	_ = e.Leaf()
	return nil
}

// read walks the whole road without HTTP, one call at a time: each pays for a
// commit of its own.
func (b bencher) read(ctx context.Context, i int) error {
	c, err := b.a.Access.Authenticate(b.credentials(i), true)
	if err != nil {
		return err
	}
	_, err = b.a.Access.Read(ctx, c, access.Request{Meta: access.Meta{RequestID: "bench", Operation: droits.OpMe, Window: b.win}, Encode: func(v policy.View) ([]byte, error) { return json.Marshal(v) }})
	return err
}

// watched is what following the use of a key costs a call (R77).
func (b bencher) watched() func(int) error {
	now, addr := time.Now(), netip.MustParseAddr("127.0.0.1")
	return func(int) error {
		b.a.Store.Watch().Saw(partner.Sighting{Key: "bench", RequestID: "bench", At: now, Addr: addr, Outcome: partner.Answered})
		return nil
	}
}

// quota is what the headers of a call ask of its quota; one call is counted with
// its trace.
func (b bencher) quota(ctx context.Context) func(int) error {
	return func(i int) error {
		c, err := b.a.Access.Authenticate(b.credentials(i), true)
		if err == nil {
			b.a.Access.Rates(ctx, c)
		}
		return err
	}
}

// decide is the decision alone: kind, convention, scopes, agreement, restriction.
func (b bencher) decide(ctx context.Context) func(int) error {
	who, err := b.identify(ctx, 0)
	_, conv, _ := b.a.Store.Key(benchKey)
	g := policy.Grant{Convention: conv, Scopes: []string{droits.ScopeUmbrella}}
	person := policy.Person{Blocks: conv.Document.Blocks, Restricted: func(p droits.Sujet) []consent.Restriction { return b.a.Store.Restrictions(p, time.Now()) }}
	return func(int) error {
		if err == nil {
			err = policy.Admit(droits.OpMe, g)
		}
		if err == nil {
			_, err = policy.Decide(policy.Request{Op: droits.OpMe, Window: b.win}, g, person, who.Sujet)
		}
		return err
	}
}
