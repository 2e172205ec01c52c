package partners

import (
	"context"

	"droits.example/droits/client"
)

// insurerFile reads what an enrolment needs and nothing more. The type of the
// answer is not passed on: no reason of an exemption and no doctor's name can
// reach a page of the insurer.
func (a *app) insurerFile(ctx context.Context, s *session, i int) (file, error) {
	r, err := a.begin(s, i)
	if err != nil {
		return file{}, err
	}
	if r.open("caisse") {
		r.caisse(ctx)
	}
	if r.open("contrats") {
		r.contrats(ctx)
	}
	if r.open("exonerations") {
		r.presence(ctx)
	}
	if r.open("complementaire") {
		r.souscrite(ctx)
	}
	return *r.file, r.stop
}

// presence tells that there is an exemption and until when, never why.
func (r *reading) presence(ctx context.Context) {
	var v []client.Exoneration
	r.section("exonerations", "Exonération du ticket modérateur", func() (m client.Meta, err error) {
		v, m, err = r.api.Exonerations(ctx, r.q)
		return m, err
	}, func() (rows []row) {
		for _, e := range v {
			rows = append(rows, row{"Exonération", span(e.DateDebut, e.DateFin)})
		}
		return rows
	})
}

func (r *reading) souscrite(ctx context.Context) {
	var v client.Complementaire
	r.section("complementaire", "Complémentaire actuelle", func() (m client.Meta, err error) {
		v, m, err = r.api.Complementaire(ctx, r.q)
		return m, err
	}, func() []row {
		r.file.covered = v.Souscrite
		if v.Souscrite {
			return []row{{"Complémentaire", "oui"}}
		}
		return []row{{"Complémentaire", "aucune connue"}}
	})
}
