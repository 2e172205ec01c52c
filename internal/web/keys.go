package web

import (
	"crypto/rand"
	"net/http"
	"time"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
)

const (
	keysPath   = memberPath + "/cles"
	quotasPath = memberPath + "/quotas"
)

// keyLine is one API key as its organisation sees it.
type keyLine struct {
	ID, Last4, Convention string
	Environment           tag
	State                 tag
	Created, Ends, Used   string
	Live                  bool
	Revoke, Bind          string
	Bound, Assertion      bool
	Mutual                bool   // the convention wants a client certificate
	Certify               string // where one is bound
	Certificates          []certificateLine
}

// environments in words: a key of one is refused by the other.
var environments = map[partner.Environment]tag{partner.Sandbox: {"warn", "essai – test_"}, partner.Production: {"ok", "production – live_"}}

// keysData is the page of the keys. Secret is there once.
type keysData struct {
	Lines       []keyLine
	Manage      bool
	Conventions choices // those under which a key can be made
	Ends        field
	Once        string // makes a form count once
	Environment tag
	Secret      string
	Curl        string
	Mistakes    []mistake
}

func (d *desk) keys(w http.ResponseWriter, r *http.Request, t turn) error {
	return d.showKeys(w, r, t, "", field{})
}

func (d *desk) showKeys(w http.ResponseWriter, r *http.Request, t turn, secret string, wrong field) error {
	o, err := d.organisation(r.Context(), t)
	if err != nil {
		return err
	}
	now := d.Clock()
	x := keysData{Manage: t.may(account.ManageKeys), Environment: environments[d.Environment], Secret: secret, Once: rand.Text(),
		Conventions: choices{Name: "convention", Legend: "Convention", Kind: "select"},
		Ends:        field{Name: "fin", Label: "Dernier jour de la clé", Hint: "Conseillé : un an au plus. Des rappels sont envoyés 90, 60, 30, 14, 7 et 0 jours avant.", Kind: "date", Value: wrong.Value, Error: wrong.Error, Optional: true}}
	if x.Ends.Value == "" && wrong.Error == "" {
		x.Ends.Value = t.today.AddYears(1).String()
	}
	x.Mistakes = mistakes(x.Ends)
	for i := range o.conventions {
		if c := &o.conventions[i]; c.State == convention.Active || c.State == convention.Notice {
			x.Conventions.Options = append(x.Conventions.Options, option{Value: c.Document.ID, Label: c.Document.ID + " – " + purposeOf(c.Document.Purpose)})
		}
	}
	if secret != "" {
		x.Curl = "curl -H 'X-API-Key: " + secret + "' " + d.cfg.Origin + "/v1/partenaire/moi"
	}
	for _, k := range o.keys {
		x.Lines = append(x.Lines, keyLineOf(k, o.convention(k.ConventionID), now))
	}
	status := http.StatusOK
	if wrong.Error != "" {
		status = http.StatusUnprocessableEntity
	}
	return d.showWith(w, r, status, t, page{Name: "cles", Title: "Clés", Section: keysPath, Summary: "Les clés d'API de votre organisme.", Done: doneIn(r), Failed: wrong.Error != "", Crumbs: d.trail(t, link{Text: "Clés"}), Data: x})
}

func keyLineOf(k partner.Key, c *convention.Convention, now time.Time) keyLine {
	l := keyLine{ID: k.ID, Last4: k.Last4, Convention: k.ConventionID, Environment: environments[k.Environment], Created: day(civil.On(k.CreatedAt)), Ends: "sans date", Live: k.LiveAt(now),
		Revoke: keysPath + "/" + k.ID + "/revoquer", Bind: keysPath + "/" + k.ID + "/logiciel", Bound: k.ClientKey != "", Assertion: c != nil && c.Document.Auth == convention.AuthAssertion,
		Mutual: c != nil && c.Document.Auth == convention.AuthMTLS, Certify: keysPath + "/" + k.ID + "/certificat", Certificates: certificateLines(k, now)}
	if k.Vendor != "" {
		l.Convention = "celles qui vous sont déléguées"
	}
	if !k.ExpiresAt.IsZero() {
		l.Ends = day(civil.On(k.ExpiresAt.Add(-time.Second)))
	}
	if !k.LastOn.IsZero() {
		l.Used = day(k.LastOn)
	}
	switch {
	case !k.SuspendedAt.IsZero() && k.RevokedAt.IsZero():
		l.State = tag{"error", "suspendue le " + day(civil.On(k.SuspendedAt))}
	case !k.RevokedAt.IsZero():
		l.State = tag{"", "révoquée le " + day(civil.On(k.RevokedAt))}
	case !l.Live:
		l.State = tag{"", "expirée"}
	case !k.ExpiresAt.IsZero() && k.ExpiresAt.Sub(now) < 90*24*time.Hour:
		l.State = tag{"warn", "expire bientôt"}
	default:
		l.State = tag{"ok", "utilisable"}
	}
	return l
}

// addKey makes a key; its secret is on the answer, and nowhere else ever.
func (d *desk) addKey(w http.ResponseWriter, r *http.Request, t turn) error {
	if !d.form(w, r) {
		return nil
	}
	o, err := d.organisation(r.Context(), t)
	if err != nil {
		return err
	}
	c := o.convention(r.PostForm.Get("convention"))
	if c == nil || c.State != convention.Active && c.State != convention.Notice {
		return fault.New(fault.RessourceInconnue, "web: key")
	}
	var ends time.Time
	if given := r.PostForm.Get("fin"); given != "" {
		last, err := civil.Parse(given)
		if err != nil || last < t.today || last > t.today.AddYears(5) {
			return d.showKeys(w, r, t, "", field{Value: given, Error: "Écrivez une date à venir, dans les cinq ans, par exemple " + day(t.today.AddYears(1)) + "."})
		}
		ends = last.AddDays(1).StartAt()
	}
	once := "cle/" + r.PostForm.Get("une_fois")
	if once == "cle/" || !d.states.first(once, d.Clock().Add(stateLife)) {
		return redirect(w, r, keysPath+"?fait=cle-deja")
	}
	secret := partner.NewSecret(d.Environment)
	if _, err := d.As(t.by).AddKey(r.Context(), c.Document.ID, secret, d.Environment, ends); err != nil {
		d.states.again(once) // none was made: the same form may be sent again
		if fault.Is(err, fault.ActeImpossible) {
			note(w, err)
			if fault.From(err).Reason() == "KEY_SUSPENDED" {
				return redirect(w, r, keysPath+"?fait=cle-en-suspens")
			}
			return redirect(w, r, keysPath+"?fait=cle-trop")
		}
		return err
	}
	return d.showKeys(w, r, t, secret, field{})
}

// ownKey is a key of the organisation, by the path.
func (d *desk) ownKey(r *http.Request, t turn) (*partner.Key, error) {
	o, err := d.organisation(r.Context(), t)
	if err != nil {
		return nil, err
	}
	if k := o.key(r.PathValue("id")); k != nil {
		return k, nil
	}
	return nil, fault.New(fault.RessourceInconnue, "web: key")
}

func (d *desk) revokeKey(w http.ResponseWriter, r *http.Request, t turn) error {
	k, err := d.ownKey(r, t)
	if err != nil {
		return err
	}
	if !k.RevokedAt.IsZero() {
		return redirect(w, r, keysPath+"?fait=cle-revoquee")
	}
	if err := d.As(t.by).RevokeKey(r.Context(), k.ID); err != nil {
		return err
	}
	return redirect(w, r, keysPath+"?fait=cle-revoquee")
}

// keyRevocation is the page before a revocation.
func (d *desk) keyRevocation(w http.ResponseWriter, r *http.Request, t turn) error {
	k, err := d.ownKey(r, t)
	if err != nil {
		return err
	}
	x := action{Address: keysPath + "/" + k.ID + "/revoquer", Label: "Révoquer cette clé", Consequence: "Dès maintenant et pour toujours, les appels qui la présentent sont refusés. Créez d'abord la suivante si votre logiciel doit continuer."}
	return d.show(w, r, t, page{Name: "cle_revoquer", Title: "Révoquer une clé", Section: keysPath, Summary: "Confirmer la révocation d'une clé.", Crumbs: d.trail(t, link{"Clés", keysPath}, link{Text: "Révoquer"}), Data: struct {
		Last4 string
		Act   action
	}{k.Last4, x}})
}

// bindKey notes the public key of the partner's software.
func (d *desk) bindKey(w http.ResponseWriter, r *http.Request, t turn) error {
	if !d.form(w, r) {
		return nil
	}
	k, err := d.ownKey(r, t)
	if err != nil {
		return err
	}
	jwk := r.PostForm.Get("jwk")
	if d.PublicKey(jwk) != nil {
		return redirect(w, r, keysPath+"?fait=cle-publique-fausse")
	}
	if err := d.As(t.by).BindKey(r.Context(), k.ID, jwk); err != nil {
		return err
	}
	return redirect(w, r, keysPath+"?fait=cle-liee")
}

// quotasData is the page of the quotas.
type quotasData struct {
	Lines []quotaLine
	Now   string
}

func (d *desk) quotas(w http.ResponseWriter, r *http.Request, t turn) error {
	o, err := d.organisation(r.Context(), t)
	if err != nil {
		return err
	}
	x := quotasData{Lines: d.quotasOf(r.Context(), &o), Now: instant(d.Clock())}
	return d.show(w, r, t, page{Name: "quotas", Title: "Quotas", Section: quotasPath, Summary: "Ce que votre convention permet, et ce qu'il en reste aujourd'hui.", Crumbs: d.trail(t, link{Text: "Quotas"}), Data: x})
}
