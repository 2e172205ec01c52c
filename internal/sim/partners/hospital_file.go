package partners

import (
	"context"

	"droits.example/droits/client"
)

// hospitalFile reads all that a pre-admission needs.
func (a *app) hospitalFile(ctx context.Context, s *session, i int) (file, error) {
	r, err := a.begin(s, i)
	if err != nil {
		return file{}, err
	}
	for _, step := range []struct {
		block string
		read  func(context.Context)
	}{
		{"caisse", r.caisse}, {"contrats", r.contrats}, {"exonerations", r.exonerations}, {"medecin_traitant", r.doctor},
		{"complementaire", r.cover}, {"arrets_travail", r.leaves}, {"risques_professionnels", r.risks},
	} {
		if r.open(step.block) {
			step.read(ctx)
		}
	}
	return *r.file, r.stop
}

func (r *reading) exonerations(ctx context.Context) {
	var v []client.Exoneration
	r.section("exonerations", "Exonérations du ticket modérateur", func() (m client.Meta, err error) {
		v, m, err = r.api.Exonerations(ctx, r.q)
		return m, err
	}, func() (rows []row) {
		for _, e := range v {
			title := "Exonération"
			if e.Motif != nil {
				title = e.Motif.Libelle
			}
			r.file.tags = append(r.file.tags, "Exonération")
			rows = append(rows, row{title, span(e.DateDebut, e.DateFin)})
			if e.Maternite != nil {
				rows = append(rows, kept(row{"Début de grossesse présumé", day(e.Maternite.DatePresumeeGrossesse)},
					row{"Accouchement", day(e.Maternite.DateReelleAccouchement)})...)
			}
		}
		return rows
	})
}

func (r *reading) doctor(ctx context.Context) {
	var v client.MedecinTraitant
	r.section("medecin", "Médecin traitant", func() (m client.Meta, err error) {
		v, m, err = r.api.MedecinTraitant(ctx, r.q)
		return m, err
	}, func() []row {
		return kept(row{"Médecin", v.Prenom + " " + v.Nom}, row{"Numéro", v.NumeroAM}, row{"Déclaration", span(v.DateDebut, v.DateFin)})
	})
}

func (r *reading) cover(ctx context.Context) {
	var v client.Complementaire
	r.section("complementaire", "Complémentaire santé", func() (m client.Meta, err error) {
		v, m, err = r.api.Complementaire(ctx, r.q)
		return m, err
	}, func() []row {
		if !v.Souscrite {
			return []row{{"Complémentaire", "aucune connue"}}
		}
		r.file.covered = true
		rows := []row{{"Complémentaire", "oui"}}
		if ref := v.Reference; ref != nil {
			rows = append(rows, kept(row{"Organisme", ref.Organisme}, row{"Numéro de l'organisme", ref.NumeroOrganisme},
				row{"Contrat", ref.NumeroContrat}, row{"Fin", day(ref.DateFin)})...)
		}
		return rows
	})
}

func (r *reading) leaves(ctx context.Context) {
	var v []client.ArretTravail
	r.section("arrets", "Arrêts de travail", func() (m client.Meta, err error) {
		v, m, err = r.api.ArretsTravail(ctx, r.q)
		return m, err
	}, func() (rows []row) {
		for _, l := range v {
			rows = append(rows, row{"Arrêt n°\u00a0" + l.Numero, span(l.DateDebut, l.DateFin)})
		}
		return rows
	})
}

func (r *reading) risks(ctx context.Context) {
	var v client.RisquesProfessionnels
	r.section("risques", "Accident du travail et maladie professionnelle", func() (m client.Meta, err error) {
		v, m, err = r.api.RisquesProfessionnels(ctx, r.q)
		return m, err
	}, func() []row {
		if v.ArretTravail || v.MaladieProfessionnelle {
			r.file.tags = append(r.file.tags, "AT/MP")
		}
		return []row{{"Arrêt ou accident du travail", yes(v.ArretTravail)}, {"Maladie professionnelle", yes(v.MaladieProfessionnelle)}}
	})
}

func yes(b bool) string {
	if b {
		return "couverture ouverte"
	}
	return "aucune couverture connue"
}
