package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
)

// decision is something that agents decide about a request: each has a page
// that says what it does before it is done.
type decision struct {
	slug, title, button, send string
	act                       habilitation.Act
	need                      account.Deed
	effects                   []string
	final                     bool
}

// decisions in the order of the page of a request.
var decisions = []decision{
	{"valider", "Valider la demande", "Valider", "Valider la demande", habilitation.Approve, account.Examine, []string{
		"Les réponses sont figées : elles deviennent ce qui est accordé. Une convention peut en être préparée.",
		"L'organisme en est averti par courriel. Aucune donnée n'est ouverte avant que les deux parties aient signé la convention.",
	}, true},
	{"modifications", "Demander des modifications", "Demander des modifications", "Envoyer la demande de modification", habilitation.RequestChanges, account.Examine, []string{
		"L'organisme peut de nouveau modifier ses réponses, puis déposer sa demande une nouvelle fois.",
		"Il lit votre motif dans son espace et en est averti par courriel.",
	}, false},
	{"refuser", "Refuser la demande", "Refuser", "Refuser la demande", habilitation.Refuse, account.Examine, []string{
		"La demande est close. Si l'organisme a déjà une habilitation, elle continue de valoir, telle qu'elle est.",
		"Il lit votre motif dans son espace et en est averti par courriel.",
	}, true},
	{"revoquer", "Révoquer l'habilitation", "Révoquer", "Révoquer l'habilitation", habilitation.Revoke, account.RevokeGrant, []string{
		"Dès maintenant, les appels de l'organisme sont refusés : ses conventions issues de cette demande prennent fin, ses clés et ses notifications s'éteignent.",
		"L'organisme lit le fondement et votre motif dans son espace et en est averti par courriel.",
	}, true},
}

// usualChanges are requests for changes that come often; what is ticked begins the motive.
var usualChanges = []option{
	{Value: "destinataires", Label: "Précisez les destinataires des données : les services et les métiers qui les verront."},
	{Value: "conservation", Label: "Justifiez la durée de conservation, ou réduisez-la."},
	{Value: "donnees", Label: "Ne demandez que les données dont votre démarche a besoin."},
	{Value: "cadre", Label: "Joignez le texte sur lequel repose votre demande, ou corrigez son adresse."},
	{Value: "franceconnect", Label: "L'habilitation FranceConnect indiquée n'est pas celle de votre organisme, ou n'est pas en vigueur."},
	{Value: "contacts", Label: "Complétez les contacts : le délégué à la protection des données doit pouvoir être joint."},
}

// decisionDeeds are what the pages of agents may say was just done.
var decisionDeeds = map[string]string{
	"valider": "La demande est validée.", "modifications": "La demande de modification est envoyée.", "refuser": "La demande est refusée.", "revoquer": "L'habilitation est révoquée. Les appels de l'organisme sont refusés.",
	"proposee": "Votre décision est proposée. Une autre personne doit la confirmer.", "retiree": "La proposition est retirée.", "message": "Votre message est envoyé.", "note": "Votre note est gardée ; l'organisme ne la voit pas.",
	"preparee": "Le projet de convention est prêt à être signé.", "signee": "La convention est signée pour le gestionnaire.", "vigueur": "La convention est en vigueur.",
}

// paired reports whether an act takes two agents here.
func (d *desk) paired(a habilitation.Act) bool { return slices.Contains(d.Pair, a) }

// needOf is the deed that the page of a decision asks for. Where a revocation
// takes two agents, whoever examines may propose it.
func (d *desk) needOf(c decision) account.Deed {
	if c.act == habilitation.Revoke && d.paired(c.act) {
		return account.Examine
	}
	return c.need
}

// begin reports whether the domain lets somebody begin a decision.
func (d *desk) begin(t turn, x habilitation.Request, a habilitation.Act) error {
	if d.paired(a) {
		return x.CanBegin(a, t.roleOf(), t.who.ID)
	}
	return x.Can(a, t.roleOf())
}

// proposalOf is the decision that waits, as the reader may answer it.
func (d *desk) proposalOf(t turn, x habilitation.Request, people map[string]string) *proposalBox {
	p := x.Proposal
	if p == nil {
		return nil
	}
	b := &proposalBox{What: strings.ToLower(proposals[p.Act]), Who: people[p.Author], At: instantOf{p.At}, Text: withGround(p.Ground, p.Text), Own: p.Author == t.who.ID}
	at := queuePath + "/" + x.ID
	for _, c := range decisions {
		if c.act == p.Act && d.begin(t, x, c.act) == nil && t.may(c.need) {
			b.Confirm = &link{"Lire et confirmer", at + "/" + c.slug}
		}
	}
	if t.may(account.Examine) {
		b.Withdraw = &action{Address: at + "/retirer-proposition", Label: "Retirer la proposition", Second: true, Fields: []hidden{{"edition", editionOf(x)}, {"envoi", once()}}}
	}
	return b
}

// decisionData is the page before a decision.
type decisionData struct {
	Mistakes      []mistake
	Title, Send   string
	ID, Project   string
	Name, SIRET   string
	Effects       []string
	Pair, Confirm bool // takes two agents; this one is the second
	Proposed      []string
	Final         bool
	Address, Back string
	Edition, Once string
	Models        *choices
	Grounds       *choices
	Motive        field
}

// weak reports whether somebody whose role takes a decision has not shown the
// second factor that it asks for: the door of a decision that may be proposed is
// wider than the decision.
func (d *desk) weak(c decision, t turn) bool {
	return d.Factor && c.need.Strong() && t.may(c.need) && !t.login.Strong
}

func (d *desk) decidePage(c decision) func(http.ResponseWriter, *http.Request, turn) error {
	return func(w http.ResponseWriter, r *http.Request, t turn) error {
		if d.weak(c, t) {
			d.lacking(w, r, t, c.need, nil)
			return nil
		}
		x, err := d.Requests.Request(r.Context(), r.PathValue("id"))
		if err == nil {
			err = d.begin(t, x, c.act)
		}
		if err != nil {
			return d.acted(w, r, t, d.needOf(c), err, "")
		}
		return d.showDecision(w, r, t, x, d.decisionDataOf(c, x))
	}
}

func (d *desk) decisionDataOf(c decision, x habilitation.Request) decisionData {
	at := queuePath + "/" + x.ID
	data := decisionData{Title: c.title, Send: c.send, ID: x.ID, Project: projectOf(x), Name: x.Form.Organisation.Nom, SIRET: x.Organisation, Effects: c.effects, Pair: d.paired(c.act), Final: c.final,
		Address: at + "/" + c.slug, Back: at, Edition: editionOf(x), Once: once(),
		Motive: field{Name: "motif", Label: "Motif", Hint: "L'organisme le lira. Dites ce qui est en cause et ce qu'il peut faire.", Kind: "textarea", Max: 5000}}
	switch c.act {
	case habilitation.Approve:
		data.Motive.Label, data.Motive.Optional, data.Motive.Hint = "Mot d'accompagnement", true, "L'organisme le lira."
	case habilitation.RequestChanges:
		data.Models = &choices{Name: "modeles", Legend: "Demandes fréquentes", Kind: "checkbox", Hint: "Ce que vous cochez ouvre le motif.", Options: slices.Clone(usualChanges)}
		data.Motive.Label, data.Motive.Optional, data.Motive.Hint = "Motif, en vos mots", true, "L'organisme le lira à la suite de ce que vous avez coché. Sans case cochée, il est obligatoire."
	case habilitation.Revoke:
		data.Grounds = &choices{Name: "fondement", Legend: "Fondement", Kind: "radio", Hint: "Les modalités d'utilisation n'en connaissent pas d'autre."}
		for _, g := range habilitation.Grounds() {
			data.Grounds.Options = append(data.Grounds.Options, option{Value: string(g), Label: groundNames[g]})
		}
	}
	if p := x.Proposal; data.Pair && p != nil && p.Act == c.act {
		data.Confirm, data.Proposed, data.Motive.Optional, data.Grounds = true, withGround(p.Ground, p.Text), true, nil
		data.Motive.Hint = "Laissez vide pour reprendre le motif proposé."
	}
	if data.Pair && !data.Confirm {
		data.Send = "Proposer : " + strings.ToLower(c.send[:1]) + c.send[1:]
	}
	return data
}

func (d *desk) showDecision(w http.ResponseWriter, r *http.Request, t turn, x habilitation.Request, data decisionData) error {
	status := http.StatusOK
	data.Mistakes = append(data.Mistakes, mistakes(data.Motive)...)
	if data.Grounds != nil && data.Grounds.Error != "" {
		data.Mistakes = append(data.Mistakes, mistake{"fondement", data.Grounds.Error})
	}
	if len(data.Mistakes) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return d.showWith(w, r, status, t, page{Name: "decision", Title: data.Title, Section: queuePath, Summary: "Confirmer une décision.", Failed: len(data.Mistakes) > 0,
		Crumbs: d.trail(t, link{"File d'instruction", queuePath}, link{x.ID, queuePath + "/" + x.ID}, link{Text: data.Title}), Data: data})
}

// decide does what the page before it announced.
func (d *desk) decide(c decision) func(http.ResponseWriter, *http.Request, turn) error {
	return func(w http.ResponseWriter, r *http.Request, t turn) error {
		if d.weak(c, t) {
			d.lacking(w, r, t, c.need, nil)
			return nil
		}
		if !d.form(w, r) {
			return nil
		}
		id := r.PathValue("id")
		typed := strings.TrimSpace(strings.ReplaceAll(r.PostForm.Get("motif"), "\r\n", "\n"))
		text := typed
		if c.act == habilitation.RequestChanges {
			text = motiveWith(r.PostForm["modeles"], typed)
		}
		ground := habilitation.Ground(r.PostForm.Get("fondement"))
		next, err := d.As(t.by).ActOnRequest(r.Context(), id, habilitation.Doing{Act: c.act, Role: t.roleOf(), Author: t.who.ID, Text: text, Ground: ground, Edition: readEdition(r), Once: onceIn(r)})
		if !fault.Is(err, fault.ParametreInvalide) {
			deed := c.slug
			if p := next.Proposal; p != nil && p.Act == c.act {
				deed = "proposee"
			}
			return d.acted(w, r, t, d.needOf(c), err, deed)
		}
		note(w, err)
		x, e := d.Requests.Request(r.Context(), id)
		if e != nil {
			return e
		}
		data := d.decisionDataOf(c, x)
		data.Motive.Value = typed
		if data.Models != nil {
			ticked(data.Models, r.PostForm["modeles"])
		}
		if data.Grounds != nil {
			ticked(data.Grounds, []string{string(ground)})
		}
		if fault.From(err).Field() == "fondement" && data.Grounds != nil {
			data.Grounds.Error = "Choisissez le fondement de la révocation."
		} else {
			data.Motive.Error = "Écrivez le motif, en 5 000 caractères au plus : l'organisme doit comprendre votre décision."
		}
		return d.showDecision(w, r, t, x, data)
	}
}

func ticked(c *choices, chosen []string) {
	for i := range c.Options {
		c.Options[i].Checked = slices.Contains(chosen, c.Options[i].Value)
	}
}

// motiveWith begins a motive with the usualChanges that were ticked.
func motiveWith(chosen []string, typed string) string {
	var parts []string
	for _, m := range usualChanges {
		if slices.Contains(chosen, m.Value) {
			parts = append(parts, m.Label)
		}
	}
	if typed != "" {
		parts = append(parts, typed)
	}
	return strings.Join(parts, "\n\n")
}

// readEdition is the edition that whoever decides has read. A form that says
// none has read none.
func readEdition(r *http.Request) int {
	if n, err := strconv.Atoi(r.PostForm.Get("edition")); err == nil && n > 0 {
		return n
	}
	return 1 << 30
}

// acted ends an act on a request: on its page, with what was done; where
// somebody else was quicker, with what they did; where the role does not let
// one, with the role that does.
func (d *desk) acted(w http.ResponseWriter, r *http.Request, t turn, need account.Deed, err error, deed string) error {
	id := r.PathValue("id")
	switch {
	case err == nil:
		return redirect(w, r, queuePath+"/"+id+"?fait="+deed)
	case fault.Is(err, fault.RoleInsuffisant):
		note(w, err)
		d.lacking(w, r, t, need, nil)
		return nil
	case !fault.Is(err, fault.ActeImpossible):
		return err
	}
	note(w, err)
	x, e := d.Requests.Request(r.Context(), id)
	if e != nil {
		return e
	}
	return d.showDossier(w, r, t, x, dossierWrong{overtaken: true})
}

func (d *desk) withdrawProposal(w http.ResponseWriter, r *http.Request, t turn) error {
	if !d.form(w, r) {
		return nil
	}
	_, err := d.As(t.by).ActOnRequest(r.Context(), r.PathValue("id"), habilitation.Doing{Act: habilitation.Withdraw, Role: t.roleOf(), Author: t.who.ID, Edition: readEdition(r), Once: onceIn(r)})
	return d.acted(w, r, t, account.Examine, err, "retiree")
}
