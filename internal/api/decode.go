package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"droits.example/droits/internal/access"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/edge"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/nir"
)

const opDecode = "api: decode"

// credentials reads the two credentials. A token that is not a bearer token is
// no token. Errors: parametre_invalide for a header given twice.
func credentials(w *edge.Writer, r *http.Request) (access.Credentials, error) {
	c := access.Credentials{Addr: w.Addr}
	if r.TLS != nil { // set by our own server alone
		c.Shown = r.TLS.PeerCertificates
	}
	key, err := one(r.Header, "X-Api-Key")
	if err != nil {
		return c, err
	}
	auth, err := one(r.Header, "Authorization")
	c.Key = key
	if scheme, token, ok := strings.Cut(auth, " "); ok && strings.EqualFold(scheme, "Bearer") {
		c.Token = strings.TrimSpace(token)
	}
	if err == nil {
		c.Assertion, err = one(r.Header, "X-Client-Assertion")
	}
	if err == nil {
		c.Delegation, err = one(r.Header, "X-Delegation")
	}
	return c, err
}

// one reads a header that may be given at most once.
func one(h http.Header, name string) (string, error) {
	v := h[http.CanonicalHeaderKey(name)]
	switch len(v) {
	case 0:
		return "", nil
	case 1:
		return strings.TrimSpace(v[0]), nil
	}
	return "", fault.New(fault.ParametreInvalide, opDecode).On(name)
}

// decode reads everything that an operation takes. The window is the default
// one until another is accepted, so that a refusal can be traced.
func decode(op droits.OperationInfo, r *http.Request, today civil.Date, meta *access.Meta) (who droits.Designation, err error) {
	meta.Operation = op.Op
	meta.Window = unasked(today)
	if meta.Agent, err = agent(r.Header); err != nil {
		return who, err
	}
	if op.NeedsNIR {
		if who, err = designation(r.Header); err != nil {
			return who, err
		}
	}
	if r.URL.RawQuery == "" {
		return who, nil // the window of a call that names none
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return who, fault.New(fault.ParametreInvalide, opDecode)
	}
	asked, err := window(q, today)
	if err != nil {
		return who, err // a window that is refused is not traced: its days are values received
	}
	meta.Window.Period = asked
	if meta.Asked, err = champs(q); err == nil {
		err = answerable(op, meta.Asked)
	}
	return who, err
}

// unasked is the window of a call that names none, or one that is refused.
func unasked(today civil.Date) droits.Fenetre {
	return droits.Fenetre{Today: today, Period: civil.Period{From: today, To: today.AddYears(1)}}
}

func agent(h http.Header) (string, error) {
	a, err := one(h, "X-Agent")
	if err == nil && a != "" && !edge.Opaque(a) {
		err = fault.New(fault.ParametreInvalide, opDecode).On("X-Agent")
	}
	if err != nil {
		return "", err
	}
	return a, nil
}

func designation(h http.Header) (d droits.Designation, err error) {
	raw, err := one(h, "nir")
	if err != nil {
		return d, err
	}
	if len(raw) > 64 {
		return d, fault.New(fault.NirInvalide, opDecode).On("nir")
	}
	if d.NIR, err = nir.Parse(raw); err != nil {
		return d, err
	}
	birth, err := one(h, "date-naissance")
	if err != nil {
		return d, err
	}
	if birth != "" {
		if d.BirthOn, err = civil.ParseBirth(birth); err != nil {
			return d, fault.New(fault.DateInvalide, opDecode).On("date-naissance")
		}
	}
	rank, err := one(h, "rang-naissance")
	if err != nil || rank == "" {
		return d, err
	}
	if len(rank) != 1 || rank[0] < '1' || rank[0] > '9' || birth == "" {
		return d, fault.New(fault.ParametreInvalide, opDecode).On("rang-naissance")
	}
	d.Rank = int(rank[0] - '0')
	return d, nil
}

// window applies the rules of the period (contract.md, "Period limits").
func window(q url.Values, today civil.Date) (p civil.Period, err error) {
	p = civil.Period{From: today}
	if p.From, err = date(q, "dateDebut", today); err != nil {
		return p, err
	}
	horizon := today.AddYears(1)
	switch {
	case p.From < today:
		return p, fault.New(fault.PeriodePassee, opDecode).On("dateDebut")
	case p.From > horizon:
		return p, fault.New(fault.PeriodeImpossible, opDecode).On("dateDebut")
	}
	if p.To, err = date(q, "dateFin", p.From.AddYears(1)); err != nil {
		return p, err
	}
	if p.To < p.From {
		return p, fault.New(fault.PeriodeImpossible, opDecode).On("dateFin")
	}
	p.To = min(p.To, horizon)
	return p, nil
}

func date(q url.Values, name string, absent civil.Date) (civil.Date, error) {
	v := q[name]
	if len(v) == 0 || len(v) == 1 && v[0] == "" {
		return absent, nil
	}
	if len(v) > 1 {
		return 0, fault.New(fault.ParametreInvalide, opDecode).On(name)
	}
	d, err := civil.Parse(v[0])
	if err != nil {
		return 0, fault.New(fault.DateInvalide, opDecode).On(name)
	}
	return d, nil
}

// champs narrows to blocks of the catalogue; nil means everything.
func champs(q url.Values) ([]droits.Bloc, error) {
	v := q["champs"]
	if len(v) == 0 {
		return nil, nil
	}
	bad := fault.New(fault.ParametreInvalide, opDecode).On("champs")
	if len(v) > 1 {
		return nil, bad
	}
	var out []droits.Bloc
	for _, s := range strings.Split(v[0], ",") {
		b := droits.Bloc(strings.TrimSpace(s))
		if _, ok := b.Info(); !ok {
			return nil, bad
		}
		out = append(out, b)
	}
	return out, nil
}

// answerable refuses a choice of blocks of which the operation would answer
// nothing: an empty answer would read as somebody without rights. Only the
// identities have members that stand alone without the operation's main block.
func answerable(op droits.OperationInfo, asked []droits.Bloc) error {
	if asked == nil {
		return nil
	}
	needed := []droits.Bloc{op.Bloc}
	switch op.Op {
	case droits.OpMe, droits.OpBeneficiaires, droits.OpBeneficiaire:
		needed = op.Blocs
	}
	for _, b := range needed {
		if slices.Contains(asked, b) {
			return nil
		}
	}
	return fault.New(fault.ParametreInvalide, opDecode).On("champs").Because("CHAMPS_EMPTY")
}
