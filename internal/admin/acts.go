package admin

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"syscall"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/intake"
	"droits.example/droits/internal/partner"
)

func listPartners(c Config, r *http.Request, _ Request) (any, error) {
	list, err := c.Live.Partners(r.Context())
	out := []PartnerBody{}
	for _, p := range list {
		out = append(out, PartnerBody{p.ID, p.Nom, p.SIRET, p.Kind})
	}
	return out, err
}

func putPartner(c Config, r *http.Request, req Request) (any, error) {
	b := req.Partner
	if b == nil {
		return nil, fault.New(fault.ParametreInvalide, "admin: partner").On("partner")
	}
	list, err := c.Live.Partners(r.Context())
	if err != nil {
		return nil, err
	}
	known := slices.ContainsFunc(list, func(p partner.Partner) bool { return p.ID == b.ID })
	err = c.registry(req).PutPartner(r.Context(), partner.Partner{ID: b.ID, Nom: b.Nom, SIRET: b.SIRET, Kind: b.Kind})
	if err != nil {
		return nil, err
	}
	return done(req, map[string]any{"id": b.ID, "renamed": known})
}

// conventionLine is a convention as it is listed.
type conventionLine struct {
	Document convention.Document    `json:"document"`
	State    convention.State       `json:"state"`
	Digest   string                 `json:"digest"`
	Signed   []convention.Signature `json:"signatures"`
	Wording  string                 `json:"wording"`
	Live     bool                   `json:"live"`
	Altered  bool                   `json:"altered,omitempty"` // it is not what was signed, and serves nothing
}

func listConventions(c Config, r *http.Request, _ Request) (any, error) {
	list, err := c.Live.Conventions(r.Context())
	out := []conventionLine{}
	for _, x := range list {
		out = append(out, conventionLine{x.Document, x.State, x.Digest, x.Signatures, x.Wording(), !x.Altered && x.LiveAt(c.Clock()), x.Altered})
	}
	return out, err
}

func putConvention(c Config, r *http.Request, req Request) (any, error) {
	if req.Convention == nil {
		return nil, fault.New(fault.ParametreInvalide, "admin: convention").On("convention")
	}
	conv, err := convention.New(*req.Convention, convention.Draft)
	if err != nil {
		return nil, err
	}
	if err := c.registry(req).PutConvention(r.Context(), conv); err != nil {
		return nil, missing(err, "partner")
	}
	return done(req, map[string]any{"id": conv.Document.ID, "version": conv.Document.Version, "state": conv.State, "digest": conv.Digest})
}

func moveConvention(c Config, r *http.Request, req Request) (any, error) {
	if !req.State.Valid() {
		return nil, fault.New(fault.ParametreInvalide, "admin: convention").On("state")
	}
	if err := c.registry(req).SetConventionState(r.Context(), req.ID, req.State); err != nil {
		return nil, missing(err, "convention")
	}
	return done(req, map[string]any{"id": req.ID, "state": req.State})
}

// leave takes the notice of a partner that leaves.
func leave(c Config, r *http.Request, req Request) (any, error) {
	if req.On.IsZero() {
		req.On = civil.On(c.Clock())
	}
	last, err := c.registry(req).Leave(r.Context(), req.ID, req.On)
	if err != nil {
		return nil, missing(err, "convention")
	}
	return done(req, map[string]any{"id": req.ID, "last_day": last})
}

func listRestrictions(c Config, r *http.Request, _ Request) (any, error) {
	list, err := c.Live.RestrictionsInForce(r.Context())
	if list == nil {
		list = []consent.RestrictionLine{}
	}
	return list, err
}

func restrict(c Config, r *http.Request, req Request) (any, error) {
	p, err := c.subject(r.Context(), req)
	if err != nil {
		return nil, err
	}
	id, err := c.registry(req).Restrict(r.Context(), consent.Restriction{Subject: p, Bloc: req.Bloc, Ground: req.Ground, SinceAt: c.Clock()})
	if err != nil {
		return nil, err
	}
	if !req.Apply {
		return done(req, nil)
	}
	return done(req, map[string]any{"id": id})
}

func lift(c Config, r *http.Request, req Request) (any, error) {
	if err := c.registry(req).Lift(r.Context(), req.ID); err != nil {
		return nil, missing(err, "restriction")
	}
	return done(req, map[string]any{"id": req.ID})
}

func withdraw(c Config, r *http.Request, req Request) (any, error) {
	p, err := c.subject(r.Context(), req)
	if err != nil {
		return nil, err
	}
	if err := c.registry(req).Withdraw(r.Context(), p, req.ID, req.Reason); err != nil {
		return nil, missing(err, "partner")
	}
	return done(req, map[string]any{"partner": req.ID})
}

func allow(c Config, r *http.Request, req Request) (any, error) {
	p, err := c.subject(r.Context(), req)
	if err != nil {
		return nil, err
	}
	if err := c.registry(req).Allow(r.Context(), p, req.ID); err != nil {
		return nil, missing(err, "withdrawal")
	}
	return done(req, map[string]any{"partner": req.ID})
}

// Progress is a line of the answer to an import: progress while Summary is
// nil, then the end.
type Progress struct {
	Stage   string          `json:"stage"` // intake.StageReading, then the store's own
	Done    int64           `json:"done"`  // bytes of the file while it is read
	Total   int64           `json:"total"`
	Lines   int             `json:"lines"`
	Summary *intake.Summary `json:"summary,omitempty"`
	Failure *Failure        `json:"failure,omitempty"`
	Peak    int64           `json:"peak_memory_bytes,omitempty"` // of this process, at the end
}

// serveImport runs an import and tells its progress, one JSON object a line.
func serveImport(c Config, w http.ResponseWriter, r *http.Request) {
	var req Request
	if err := read(r, &req); err != nil {
		fail(w, err)
		return
	}
	var mu sync.Mutex
	enc := json.NewEncoder(w)
	tell := func(p Progress) {
		mu.Lock()
		defer mu.Unlock()
		enc.Encode(p)
		http.NewResponseController(w).Flush()
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	summary, err := runImport(c, r, req, func(p intake.Progress) {
		tell(Progress{Stage: p.Stage, Done: p.Done, Total: p.Total, Lines: p.Lines})
	})
	last := Progress{Stage: intake.StageReading, Done: summary.Bytes, Lines: summary.Lines, Summary: &summary, Peak: peakMemory()}
	if err != nil {
		f, _ := Explain(err)
		last.Failure = &f
	}
	tell(last)
}

func runImport(c Config, r *http.Request, req Request, progress func(intake.Progress)) (intake.Summary, error) {
	o := intake.Options{Path: req.Path, Sink: c.NewLoad(req.Apply), Progress: progress, Today: civil.On(c.Clock())}
	lines, err := openRejects(req.RejectsPath, req.Path)
	if err != nil {
		return intake.Summary{}, err
	}
	if lines.part != nil {
		o.Rejects = lines
	}
	summary, err := intake.Run(r.Context(), o)
	if closing := lines.close(err == nil); err == nil && closing != nil {
		return summary, fault.New(fault.ErreurInterne, "admin: import").Because(RejectsUnwritten).With(closing)
	}
	return summary, err
}

// peakMemory is the largest resident memory of this process so far, in bytes.
func peakMemory() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return u.Maxrss << 10
}
