package web

import (
	"net/http"
	"slices"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
)

// partnerLine is a partner in the agents' list.
type partnerLine struct {
	Href, ID, Name, SIRET, Kind string
	Alerts                      int
}

func (d *desk) partnerList(w http.ResponseWriter, r *http.Request, t turn) error {
	list, err := d.Oversight.Partners(r.Context())
	if err != nil {
		return err
	}
	alerts, err := d.Oversight.Alerts(r.Context(), "", 200)
	if err != nil {
		return err
	}
	var lines []partnerLine
	for _, p := range list {
		l := partnerLine{Href: partnersPath + "/" + p.ID, ID: p.ID, Name: p.Nom, SIRET: p.SIRET, Kind: kindOf(p.Kind)}
		for _, a := range alerts {
			if a.Partner == p.ID {
				l.Alerts++
			}
		}
		lines = append(lines, l)
	}
	return d.show(w, r, t, page{Name: "suivi_partenaires", Title: "Partenaires", Section: partnersPath, Summary: "Les partenaires, leurs clés et les alertes.", Crumbs: d.trail(t, link{Text: "Partenaires"}), Data: lines})
}

// alertLine is something unusual in the use of a key.
type alertLine struct {
	At        instantOf
	What, Key string
	Requests  []string
	Suspended bool
}

// followKey is a key as agents see it.
type followKey struct {
	keyLine
	Suspend, Resume *action
}

// partnerData is a partner as agents follow it.
type partnerData struct {
	ID, Name, SIRET, Kind string
	Keys                  []followKey
	Alerts                []alertLine
	Conventions           []followLine
	Delegations           []delegationLine
}

func (d *desk) partnerPage(w http.ResponseWriter, r *http.Request, t turn) error {
	list, err := d.Oversight.Partners(r.Context())
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(p partner.Partner) bool { return p.ID == r.PathValue("id") })
	if i < 0 {
		return fault.New(fault.RessourceInconnue, "web: partner")
	}
	p := list[i]
	x := partnerData{ID: p.ID, Name: p.Nom, SIRET: p.SIRET, Kind: kindOf(p.Kind)}
	all, err := d.Oversight.Conventions(r.Context())
	if err != nil {
		return err
	}
	of := map[string]*convention.Convention{}
	for i := range all {
		if c := &all[i]; c.Document.Parties.Partner == p.ID {
			of[c.Document.ID] = c
			x.Conventions = append(x.Conventions, followLine{Href: followPath + "/" + c.Document.ID + refOf(*c), ID: c.Document.ID, Why: purposeOf(c.Document.Purpose), Version: c.Document.Version, State: conventionTags[c.State], Until: day(c.Document.Until), Task: taskOf(*c, t.today)})
		}
	}
	keys, err := d.Oversight.Keys(r.Context())
	if err != nil {
		return err
	}
	for _, k := range keys {
		if of[k.ConventionID] == nil && k.Vendor != p.ID {
			continue
		}
		x.Keys = append(x.Keys, d.followKeyOf(k, of[k.ConventionID], t, p.ID))
	}
	alerts, err := d.Oversight.Alerts(r.Context(), p.ID, 50)
	if err != nil {
		return err
	}
	for _, a := range alerts {
		x.Alerts = append(x.Alerts, alertLine{instantOf{a.At}, alarmNames[a.Alarm], a.Key, a.Requests, a.Suspended})
	}
	delegated, err := d.Oversight.Delegations(r.Context(), p.ID)
	if err != nil {
		return err
	}
	for _, g := range delegated {
		x.Delegations = append(x.Delegations, delegationLineOf(g, partnerNames(list)))
	}
	return d.show(w, r, t, page{Name: "suivi_partenaire", Title: p.Nom, Section: partnersPath, Summary: "Un partenaire, ses clés et ses alertes.", Done: doneIn(r), Crumbs: d.trail(t, link{"Partenaires", partnersPath}, link{Text: p.Nom}), Data: x})
}

func (d *desk) followKeyOf(k partner.Key, c *convention.Convention, t turn, partnerID string) followKey {
	f := followKey{keyLine: keyLineOf(k, c, d.Clock())}
	if !t.may(account.FollowPartners) || !k.RevokedAt.IsZero() && k.SuspendedAt.IsZero() {
		return f
	}
	at := partnersPath + "/" + partnerID + "/cles/" + k.ID + "/"
	if k.SuspendedAt.IsZero() {
		f.Suspend = &action{Address: at + "suspendre", Label: "Suspendre cette clé", Second: true, Consequence: "Dès la seconde qui suit, ses appels sont refusés. Vous pourrez la rétablir."}
	} else {
		f.Resume = &action{Address: at + "retablir", Label: "Rétablir cette clé", Second: true, Consequence: "Ses appels sont de nouveau servis. Vérifiez d'abord ce qui l'a fait suspendre."}
		if !k.RevokedAt.IsZero() {
			f.Resume.Label, f.Resume.Consequence = "Lever la suspension", "L'organisme a révoqué cette clé, qui ne sert plus. Il pourra en créer une autre. Vérifiez d'abord ce qui l'a fait suspendre."
		}
	}
	return f
}

func (d *desk) moveKey(w http.ResponseWriter, r *http.Request, t turn) error {
	back, id, err := partnersPath+"/"+r.PathValue("id"), r.PathValue("cle"), error(nil)
	switch r.PathValue("acte") {
	case "suspendre":
		err = d.As(t.by).SuspendKey(r.Context(), id)
	case "retablir":
		err = d.As(t.by).ResumeKey(r.Context(), id)
	default:
		err = fault.New(fault.RessourceInconnue, "web: key")
	}
	if err != nil {
		return err
	}
	return redirect(w, r, back+"?fait=cle-"+r.PathValue("acte"))
}

// alarmNames are what was unusual, in words.
var alarmNames = map[partner.Alarm]string{
	partner.Enumeration: "NIR inconnus demandés à la suite", partner.Unknowns: "beaucoup de NIR inconnus en une heure", partner.Addresses: "appels depuis beaucoup d'adresses", partner.Volume: "volume inhabituel", partner.Hours: "horaire inhabituel",
}
