package partners

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"droits.example/droits/client"
)

// file is what one journey shows of one person: sections of rows, ready to be
// read. An insurer's file is built without the members it may not know.
type file struct {
	Name, Born, NIR, Link string
	Sections              []section
	DataOn, Window        string
	tags                  []string
	birth                 string
	solidarity            bool // a C2S is open
	covered               bool // a private cover is open
}

// section is one block. Note says why there is nothing, or what to bring.
type section struct {
	ID, Title string
	Rows      []row
	Note      string
	Missing   bool // it was asked and not given: to be brought on paper
}

type row struct{ Name, Value string }

// errGone means that the journey cannot go on; motif says which page tells it.
type errGone struct{ motif string }

// Error names the motif, which is one of ours.
func (e errGone) Error() string { return "partners: " + e.motif }

// judge sorts a failed call: either the journey stops, or the section is left
// empty with a sentence. wait and id are kept for the page.
func (s *session) judge(err error) (note string, missing bool, stop error) {
	var p *client.Problem
	if !errors.As(err, &p) {
		return "Indisponible pour l'instant. Apportez un justificatif, ou recommencez plus tard.", true, nil
	}
	s.requestID, s.waitFor = p.Meta.RequestID, p.RetryAfter
	switch {
	case p.Status == http.StatusUnauthorized && p.Code == "jeton_invalide":
		return "", false, errGone{"expire"}
	case p.Code == "consentement_retire":
		return "", false, errGone{"retire"}
	case p.Code == "medecin_traitant_absent":
		return "Aucun médecin traitant déclaré.", false, nil
	case p.Code == "caisse_absente":
		return "Aucune caisse connue pour cette période. Apportez une attestation de droits.", true, nil
	case p.Status == http.StatusForbidden || p.Status == http.StatusNotFound:
		return "Non transmis. Apportez un justificatif si vous en avez un.", true, nil
	}
	return "Indisponible pour l'instant. Apportez un justificatif, ou recommencez plus tard.", true, nil
}

// refused is the page that tells why a first call failed.
func (s *session) refused(err error) string {
	var p *client.Problem
	if !errors.As(err, &p) {
		return "panne"
	}
	s.requestID, s.waitFor = p.Meta.RequestID, p.RetryAfter
	switch {
	case p.Code == "jeton_invalide":
		return "expire"
	case p.Code == "consentement_retire":
		return "retire"
	case p.Code == "personne_non_identifiee":
		return "inconnu"
	case p.Status == http.StatusTooManyRequests:
		return "quota"
	case p.Status == http.StatusForbidden:
		return "refuse"
	}
	return "panne"
}

// reading goes through the operations that the convention opens, for one
// person, within the life of one token.
type reading struct {
	app  *app
	s    *session
	api  *client.Client
	q    client.Query
	file *file
	stop error
}

// query selects a member of the family: by its own NIR, or by its opener's
// with the birth date for a child that has none.
func (s *session) query(i int) client.Query {
	b := s.family[i]
	q := client.Query{Token: s.token, NIR: b.NIR}
	if b.NIR == "" {
		q.NIR, q.DateNaissance, q.RangNaissance = s.family[0].NIR, b.DateNaissance, b.RangNaissance
	}
	return q
}

// open reports whether the convention opens a block; what it does not open is
// not even asked.
func (r *reading) open(slug string) bool {
	return r.stop == nil && r.s.moi != nil && slices.Contains(r.s.moi.Convention.Blocs, slug)
}

// section runs one call and adds its section; rows is called on success only.
func (r *reading) section(id, title string, call func() (client.Meta, error), rows func() []row) {
	sec := section{ID: id, Title: title}
	m, err := call()
	switch {
	case err != nil:
		sec.Note, sec.Missing, r.stop = r.s.judge(err)
	default:
		sec.Rows = rows()
		if m.DonneesAu != "" {
			r.file.DataOn = day(m.DonneesAu)
		}
		if w := window(m.Periode); w != "" {
			r.file.Window = w
		}
		if len(sec.Rows) == 0 {
			sec.Note = "Rien à signaler pour cette période."
		}
	}
	if r.stop == nil {
		r.file.Sections = append(r.file.Sections, sec)
	}
}

func (a *app) begin(s *session, i int) (*reading, error) {
	api, err := a.api(s)
	if err != nil {
		return nil, err
	}
	b := s.family[i]
	f := &file{Name: fullName(b), Born: day(b.DateNaissance), NIR: b.NIR.String(), Link: qualites[b.Qualite], birth: b.DateNaissance}
	return &reading{app: a, s: s, api: api, q: s.query(i), file: f}, nil
}

func (r *reading) caisse(ctx context.Context) {
	var v client.Caisse
	r.section("caisse", "Caisse d'assurance maladie", func() (m client.Meta, err error) {
		v, m, err = r.api.Caisse(ctx, r.q)
		return m, err
	}, func() []row {
		return kept(row{"Caisse", v.Libelle}, row{"Code", v.ID}, row{"Centre", v.CodeCentre}, row{"Commune", v.Adresse.Commune})
	})
}

func (r *reading) contrats(ctx context.Context) {
	var v []client.Contrat
	r.section("contrats", "Droits de base et complémentaire santé solidaire", func() (m client.Meta, err error) {
		v, m, err = r.api.Contrats(ctx, r.q)
		return m, err
	}, func() (rows []row) {
		for _, c := range v {
			title := c.Details.LibelleTypeContrat
			if c.NatureAssurance == "AMC" {
				r.file.solidarity = true
				r.file.tags = append(r.file.tags, "C2S")
			}
			for _, p := range c.PeriodesDroits {
				rows = append(rows, row{title, "droits ouverts " + span(p.DateDebut, p.DateFin)})
			}
			if len(c.PeriodesDroits) == 0 {
				rows = append(rows, row{title, "aucun droit ouvert dans la période"})
			}
		}
		return rows
	})
}

// kept drops the rows without a value.
func kept(rows ...row) (out []row) {
	for _, r := range rows {
		if r.Value != "" {
			out = append(out, r)
		}
	}
	return out
}
