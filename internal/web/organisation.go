package web

import (
	"context"
	"net/http"
	"slices"
	"time"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
	"droits.example/droits/internal/notify"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/support"
)

// Organisations reads what an organisation has here. Errors: those that the
// store documents.
type Organisations interface {
	Organisation(ctx context.Context, siret string) ([]partner.Partner, error)
	ConventionsOf(partnerID string) []convention.Convention
	Keys(ctx context.Context) ([]partner.Key, error)
	Calls(ctx context.Context, q partner.CallQuery) (list []partner.LoggedCall, next int64, err error)
	Usage(ctx context.Context, partnerID string, from, to civil.Date) ([]partner.Usage, error)
	Webhook(ctx context.Context, partnerID string) (notify.Target, error)
	File(ctx context.Context, organisation, id string) (support.File, error)
	Files(ctx context.Context, q support.Query) (list []support.File, total int, err error)
	Delegations(ctx context.Context, id string) ([]partner.Delegation, error)
}

// PartnerActs is what members do with what their organisation has.
type PartnerActs interface {
	AddKey(ctx context.Context, conventionID, secret string, env partner.Environment, expiresAt time.Time) (partner.Key, error)
	RevokeKey(ctx context.Context, id string) error
	BindKey(ctx context.Context, id, jwk string) error
	BindCertificate(ctx context.Context, id string, c partner.Certificate) error
	UnbindCertificate(ctx context.Context, id, digest string) error
	Delegate(ctx context.Context, vendor, conventionID string) error
	EndDelegation(ctx context.Context, vendor, conventionID string, by partner.Side) error
	SetWebhook(ctx context.Context, partnerID, url, secret string, env partner.Environment) error
	RemoveWebhook(ctx context.Context, partnerID string) error
	TestWebhook(ctx context.Context, partnerID string) (id string, err error)
	ReplayWebhook(ctx context.Context, partnerID, id string) (n int64, err error)
	OpenFile(ctx context.Context, f support.File) (support.File, error)
	WriteFile(ctx context.Context, organisation, id string, m support.Message) error
	CloseFile(ctx context.Context, organisation, id string, by support.Side) error
}

// organisation is what a member's organisation has here.
type organisation struct {
	partners    []partner.Partner
	conventions []convention.Convention
	keys        []partner.Key
}

func (d *desk) organisation(ctx context.Context, t turn) (o organisation, err error) {
	if o.partners, err = d.Organisations.Organisation(ctx, t.who.SIRET); err != nil {
		return o, err
	}
	for _, p := range o.partners {
		o.conventions = append(o.conventions, d.Organisations.ConventionsOf(p.ID)...)
	}
	keys, err := d.Organisations.Keys(ctx)
	for _, k := range keys {
		if o.convention(k.ConventionID) != nil || o.vendor(k.Vendor) {
			o.keys = append(o.keys, k)
		}
	}
	return o, err
}

// name is the organisation in words, its SIRET before it is a partner.
func (o *organisation) name(siret string) string {
	if len(o.partners) > 0 {
		return o.partners[0].Nom
	}
	return "SIRET " + siret
}

func (o *organisation) convention(id string) *convention.Convention {
	for i := range o.conventions {
		if o.conventions[i].Document.ID == id {
			return &o.conventions[i]
		}
	}
	return nil
}

// vendor reports whether a software vendor, "" for none, is the organisation.
func (o *organisation) vendor(id string) bool {
	return id != "" && slices.ContainsFunc(o.partners, func(p partner.Partner) bool { return p.ID == id })
}

func (o *organisation) key(id string) *partner.Key {
	for i := range o.keys {
		if o.keys[i].ID == id {
			return &o.keys[i]
		}
	}
	return nil
}

// partner is one of the organisation's, the first when none is named.
func (o *organisation) partner(id string) (partner.Partner, error) {
	for _, p := range o.partners {
		if p.ID == id || id == "" {
			return p, nil
		}
	}
	return partner.Partner{}, fault.New(fault.RessourceInconnue, "web: partner")
}

// quotaLine is a convention's limits, and what is left today.
type quotaLine struct {
	Convention string
	Purpose    string
	State      tag
	PerSecond  int
	PerDay     int
	Used, Left int
	Percent    int
	Width      int // of the gauge, in pixels of 300
	Until      civil.Date
	LastOn     civil.Date
}

func (d *desk) quotasOf(ctx context.Context, o *organisation) (out []quotaLine) {
	for i := range o.conventions {
		c := &o.conventions[i]
		if c.State == convention.Draft || c.State == convention.Ended {
			continue
		}
		q := c.Document.Quota
		l := quotaLine{Convention: c.Document.ID, Purpose: purposeOf(c.Document.Purpose), State: conventionTags[c.State], PerSecond: q.PerSecond, PerDay: q.PerDay, Left: d.Left(ctx, c), Until: c.Document.Until, LastOn: c.LastOn}
		l.Used = max(0, q.PerDay-l.Left)
		l.Percent = 100 * l.Used / max(1, q.PerDay)
		l.Width = 3 * min(100, l.Percent)
		out = append(out, l)
	}
	return out
}

// task is something that waits for the organisation, and where it is done.
type task struct {
	Kind, Text, Href, Do string
}

// tasksOf are what an organisation has to do, the most pressing first.
func (d *desk) tasksOf(ctx context.Context, t turn, o *organisation, quotas []quotaLine) (out []task, err error) {
	if out, err = d.requestTasks(ctx, t); err != nil {
		return nil, err
	}
	now := d.Clock()
	for i := range o.conventions {
		c := &o.conventions[i]
		id, href := c.Document.ID, memberPath+"/conventions/"+c.Document.ID
		live := 0
		for _, k := range o.keys {
			if k.ConventionID != id || !k.LiveAt(now) {
				continue
			}
			live++
			if left := k.ExpiresAt.Sub(now); !k.ExpiresAt.IsZero() && left < 90*24*time.Hour {
				out = append(out, task{"warn", "La clé qui finit par " + k.Last4 + " expire le " + longDay(civil.On(k.ExpiresAt)) + ".", keysPath, "Créer la suivante"})
			}
		}
		switch {
		case c.State == convention.Draft && signedBy(*c, convention.Partner):
			// the operator's turn
		case c.State == convention.Draft:
			out = append(out, task{"warn", "La convention " + id + " attend une signature.", href, "Lire et signer"})
		case c.State == convention.Notice:
			out = append(out, task{"warn", "La convention " + id + " prend fin le " + longDay(c.LastOn) + " au soir.", href, "Voir ce qui vous reste à faire"})
		case c.State == convention.Suspended:
			out = append(out, task{"error", "La convention " + id + " est suspendue : les appels sont refusés.", href, "Voir"})
		case c.LiveAt(now) && live == 0:
			out = append(out, task{"warn", "La convention " + id + " est en vigueur, sans clé.", keysPath, "Créer une clé"})
		case c.LiveAt(now) && c.Document.Until.Sub(t.today) < 90:
			out = append(out, task{"warn", "La convention " + id + " expire le " + longDay(c.Document.Until) + ".", href, "La renouveler"})
		}
	}
	for _, q := range quotas {
		if q.Percent >= 80 {
			out = append(out, task{"warn", "Le quota du jour est consommé à " + count(q.Percent, "%", "%") + " (convention " + q.Convention + ").", quotasPath, "Voir"})
		}
	}
	for _, p := range o.partners {
		w, err := d.Organisations.Webhook(ctx, p.ID)
		if err == nil && w.Dead > 0 {
			out = append(out, task{"error", count(w.Dead, "notification n'a pas pu être remise", "notifications n'ont pas pu être remises") + ".", webhooksPath, "Voir et renvoyer"})
		}
		if err != nil && !fault.Is(err, fault.RessourceInconnue) {
			return out, err
		}
	}
	answered, _, err := d.Organisations.Files(ctx, support.Query{Organisation: t.who.SIRET, State: support.Answered, Limit: 5})
	for _, f := range answered {
		out = append(out, task{"", "L'exploitant a répondu à " + f.ID + ".", supportPath + "/" + f.ID, "Lire"})
	}
	if err == nil && t.may(account.ManageTeam) {
		var people []account.Person
		people, err = d.Accounts.Team(ctx, t.who.SIRET)
		if n := len(slices.DeleteFunc(people, func(p account.Person) bool { return p.Role != "" || p.SeenAt.IsZero() })); n > 0 {
			out = append(out, task{"", count(n, "personne de votre organisme attend un rôle", "personnes de votre organisme attendent un rôle") + ".", teamPath, "Voir l'équipe"})
		}
	}
	return out, err
}

// memberHomeData is the overview of an organisation.
type memberHomeData struct {
	Name    string
	Partner bool          // it has a convention here, or had one
	Asked   bool          // it has begun a request
	Waiting []requestLine // requests that an agent examines, before the first convention
	Tasks   []task
	Quotas  []quotaLine
	Last    []callLine
	Today   struct{ Served, Refused int64 }
}

func (d *desk) memberHome(w http.ResponseWriter, r *http.Request, t turn) error {
	o, err := d.organisation(r.Context(), t)
	if err != nil {
		return err
	}
	x := memberHomeData{Name: o.name(t.who.SIRET), Partner: len(o.partners) > 0, Quotas: d.quotasOf(r.Context(), &o)}
	if x.Tasks, err = d.tasksOf(r.Context(), t, &o, x.Quotas); err != nil {
		return err
	}
	if !x.Partner {
		asked, err := d.Requests.RequestsOf(r.Context(), t.who.SIRET)
		if err != nil {
			return err
		}
		for _, q := range asked {
			x.Asked = true
			if q.Form.Organisation.Nom != "" {
				x.Name = q.Form.Organisation.Nom
			}
			if q.State == habilitation.Submitted {
				x.Waiting = append(x.Waiting, requestLineOf(q, len(q.Events), false))
			}
		}
	}
	for _, p := range o.partners {
		use, err := d.Organisations.Usage(r.Context(), p.ID, t.today, t.today)
		if err != nil {
			return err
		}
		for _, u := range use {
			if u.Outcome == partner.Served {
				x.Today.Served += u.Calls
			} else {
				x.Today.Refused += u.Calls
			}
		}
		refused, _, err := d.Organisations.Calls(r.Context(), partner.CallQuery{Partner: p.ID, Outcome: partner.Refusals, From: d.Clock().Add(-7 * 24 * time.Hour), Limit: 5})
		if err != nil {
			return err
		}
		for _, c := range refused {
			x.Last = append(x.Last, callLineOf(c))
		}
	}
	return d.show(w, r, t, page{Name: "partenaire", Title: "Vue d'ensemble", Section: memberPath, Summary: "Votre organisme et l'API de droits.", Done: doneIn(r), Crumbs: trail(link{Text: t.door.name}), Data: x})
}
