package habilitation

import (
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
)

// GrantYears is how long the convention of a grant lasts when nobody says
// otherwise.
const GrantYears = 3

// Drafting is what a convention needs beside the answers that were granted.
type Drafting struct {
	ID       string // of the convention
	Version  int
	Operator string     // name of the party that gives access
	Partner  string     // identifier of the party that asks
	Name     string     // under which the partner is known here, "" = as it says
	From     civil.Date // first day
	Until    civil.Date // last day, zero = GrantYears later
	Auth     string     // "" = the API key alone
}

// Document is the convention that a grant leads to: it says what was granted
// and nothing else, so that nobody copies an answer by hand. Sensitive blocks
// wait for a tick of the person. It is checked by convention.New.
func (g Grant) Document(x Drafting) convention.Document {
	f := g.Form
	if x.Until.IsZero() {
		x.Until = x.From.AddMonths(12 * GrantYears).AddDays(-1)
	}
	if x.Auth == "" {
		x.Auth = convention.AuthKey
	}
	if x.Name == "" {
		x.Name = f.Organisation.Nom
	}
	d := convention.Document{
		ID: x.ID, Version: x.Version, Purpose: f.Projet.Purpose, Kind: f.Organisation.Kind, Blocks: f.Donnees.Blocs,
		Parties: convention.Parties{Operator: x.Operator, Partner: x.Partner, Name: x.Name, SIRET: f.Organisation.SIRET},
		Quota:   convention.Quota{PerSecond: f.Volumes.PerSecond, PerDay: f.Volumes.PerDay},
		From:    x.From, Until: x.Until, Auth: x.Auth,
		FCClients: []convention.FCClient{{ID: f.Connexion.Client, Profile: f.Connexion.Profile}},
		Terms:     convention.Terms{Terms: f.Engagements.Terms, Notice: convention.NoticeVersion, NoticeSHA256: convention.NoticeSHA256()},
	}
	if t, ok := convention.TermsOf(f.Engagements.Terms); ok {
		d.Terms.TermsSHA256 = t.SHA256
	}
	for _, b := range d.Blocks {
		if i, ok := b.Info(); ok && i.Sensitive {
			d.Consent.Ticks = append(d.Consent.Ticks, b)
		}
	}
	return d
}
