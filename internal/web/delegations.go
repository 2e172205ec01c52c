package web

import (
	"context"
	"net/http"
	"strings"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
)

const delegationsPath = memberPath + "/delegations"

// delegationLine is one delegation as one of its sides, or an agent, sees it.
type delegationLine struct {
	Vendor, VendorName string
	Partner, SIRET     string
	Convention         string
	Since              string
	State              tag
	End                string // where it is ended, "" when it cannot be from here
}

// delegationsData is the page of an organisation, of a software vendor, or of
// what is both.
type delegationsData struct {
	Given       []delegationLine // to vendors, by this organisation
	Received    []delegationLine // by this vendor
	Vendor      bool             // the organisation is a software vendor
	Manage      bool
	Conventions choices
	Whom        field
	Mistakes    []mistake
}

// endSides say who ended a delegation.
var endSides = map[partner.Side]string{partner.ByOrganisation: "par l'organisme", partner.ByVendor: "par l'éditeur", partner.ByOperator: "par l'exploitant"}

func delegationLineOf(x partner.Delegation, names map[string]string) delegationLine {
	l := delegationLine{Vendor: x.Vendor, VendorName: names[x.Vendor], Partner: names[x.Partner], SIRET: x.SIRET, Convention: x.Convention, Since: day(civil.On(x.CreatedAt)), State: tag{"ok", "en vigueur"}}
	if !x.EndedAt.IsZero() {
		l.State = tag{"", "terminée le " + day(civil.On(x.EndedAt)) + " " + endSides[x.EndedBy]}
	}
	return l
}

// partnerNames are the names of all partners, by identifier.
func partnerNames(list []partner.Partner) map[string]string {
	out := map[string]string{}
	for _, p := range list {
		out[p.ID] = p.Nom
	}
	return out
}

func (d *desk) delegations(w http.ResponseWriter, r *http.Request, t turn) error {
	return d.showDelegations(w, r, t, field{})
}

func (d *desk) showDelegations(w http.ResponseWriter, r *http.Request, t turn, wrong field) error {
	o, err := d.organisation(r.Context(), t)
	if err != nil {
		return err
	}
	all, err := d.Oversight.Partners(r.Context())
	if err != nil {
		return err
	}
	x := delegationsData{Manage: t.may(account.ManageDelegates), Conventions: choices{Name: "convention", Legend: "Convention", Kind: "select"},
		Whom: field{Name: "editeur", Label: "Éditeur de logiciel", Hint: "Son identifiant ici, ou son numéro SIRET de 14 chiffres. L'éditeur vous le donne.", Max: 64, Value: wrong.Value, Error: wrong.Error}}
	x.Mistakes = mistakes(x.Whom)
	for i := range o.conventions {
		if c := &o.conventions[i]; c.State == convention.Active || c.State == convention.Notice {
			x.Conventions.Options = append(x.Conventions.Options, option{Value: c.Document.ID, Label: c.Document.ID + " – " + purposeOf(c.Document.Purpose)})
		}
	}
	if err := d.fillDelegations(r.Context(), &o, partnerNames(all), &x); err != nil {
		return err
	}
	status := http.StatusOK
	if wrong.Error != "" {
		status = http.StatusUnprocessableEntity
	}
	return d.showWith(w, r, status, t, page{Name: "delegations", Title: "Délégations", Section: delegationsPath, Summary: "Les éditeurs de logiciel qui appellent pour un organisme.", Done: doneIn(r), Failed: wrong.Error != "", Crumbs: d.trail(t, link{Text: "Délégations"}), Data: x})
}

// fillDelegations lists what the organisation gave and what it received.
func (d *desk) fillDelegations(ctx context.Context, o *organisation, names map[string]string, x *delegationsData) error {
	for _, p := range o.partners {
		x.Vendor = x.Vendor || p.Kind == droits.Editeur
		list, err := d.Organisations.Delegations(ctx, p.ID)
		if err != nil {
			return err
		}
		for _, g := range list {
			l := delegationLineOf(g, names)
			if x.Manage && g.EndedAt.IsZero() {
				l.End = delegationsPath + "/" + g.Vendor + "/" + g.Convention + "/terminer"
			}
			if g.Vendor == p.ID {
				x.Received = append(x.Received, l)
			} else {
				x.Given = append(x.Given, l)
			}
		}
	}
	return nil
}

// vendorNamed finds a software vendor by its identifier or its SIRET; wrong says
// what to write instead.
func vendorNamed(all []partner.Partner, name string) (id, wrong string) {
	name = strings.Join(strings.Fields(name), "")
	for _, p := range all {
		switch {
		case p.Kind != droits.Editeur:
		case p.ID == name:
			return p.ID, ""
		case p.SIRET == name && id != "":
			return "", "Plusieurs logiciels portent ce SIRET : écrivez l'identifiant que l'éditeur vous a donné."
		case p.SIRET == name:
			id = p.ID
		}
	}
	if id == "" {
		wrong = "Aucun éditeur de logiciel n'a cet identifiant ni ce SIRET. Vérifiez-le auprès de lui ; il doit d'abord être connu de l'exploitant."
	}
	return id, wrong
}

// delegate lets a vendor call for the organisation, under one of its
// conventions.
func (d *desk) delegate(w http.ResponseWriter, r *http.Request, t turn) error {
	if !d.form(w, r) {
		return nil
	}
	o, err := d.organisation(r.Context(), t)
	if err != nil {
		return err
	}
	c := o.convention(r.PostForm.Get("convention"))
	if c == nil || c.State != convention.Active && c.State != convention.Notice {
		return fault.New(fault.RessourceInconnue, "web: delegate")
	}
	all, err := d.Oversight.Partners(r.Context())
	if err != nil {
		return err
	}
	id, wrong := vendorNamed(all, r.PostForm.Get("editeur"))
	if wrong != "" {
		return d.showDelegations(w, r, t, field{Value: r.PostForm.Get("editeur"), Error: wrong})
	}
	err = d.As(t.by).Delegate(r.Context(), id, c.Document.ID)
	if fault.Is(err, fault.ActeImpossible) {
		note(w, err)
		return redirect(w, r, delegationsPath+"?fait=delegation-deja")
	}
	if err != nil {
		return err
	}
	return redirect(w, r, delegationsPath+"?fait=delegation-donnee")
}

// ownDelegation finds a delegation that holds and of which the organisation is
// a side, by the path.
func (d *desk) ownDelegation(r *http.Request, t turn) (found partner.Delegation, side partner.Side, err error) {
	o, err := d.organisation(r.Context(), t)
	if err != nil {
		return found, "", err
	}
	for _, p := range o.partners {
		list, err := d.Organisations.Delegations(r.Context(), p.ID)
		if err != nil {
			return found, "", err
		}
		for _, g := range list {
			if g.Vendor != r.PathValue("editeur") || g.Convention != r.PathValue("convention") || !g.EndedAt.IsZero() {
				continue
			}
			if g.Vendor == p.ID {
				return g, partner.ByVendor, nil
			}
			return g, partner.ByOrganisation, nil
		}
	}
	return found, "", fault.New(fault.RessourceInconnue, "web: delegation")
}

// delegationEnd is the page before a delegation is ended.
func (d *desk) delegationEnd(w http.ResponseWriter, r *http.Request, t turn) error {
	g, side, err := d.ownDelegation(r, t)
	if err != nil {
		return err
	}
	all, err := d.Oversight.Partners(r.Context())
	if err != nil {
		return err
	}
	x := action{Address: delegationsPath + "/" + g.Vendor + "/" + g.Convention + "/terminer", Label: "Terminer cette délégation", Consequence: "Dès le prochain appel, les clés de cet éditeur sont refusées pour votre organisme. Les clés de votre organisme ne changent pas."}
	if side == partner.ByVendor {
		x.Consequence = "Dès le prochain appel, vos clés sont refusées pour cet organisme. Prévenez-le : lui seul peut vous déléguer de nouveau."
	}
	return d.show(w, r, t, page{Name: "delegation_terminer", Title: "Terminer une délégation", Section: delegationsPath, Summary: "Confirmer la fin d'une délégation.", Crumbs: d.trail(t, link{"Délégations", delegationsPath}, link{Text: "Terminer"}), Data: struct {
		Line delegationLine
		Act  action
	}{delegationLineOf(g, partnerNames(all)), x}})
}

func (d *desk) endDelegation(w http.ResponseWriter, r *http.Request, t turn) error {
	g, side, err := d.ownDelegation(r, t)
	if err == nil {
		err = d.As(t.by).EndDelegation(r.Context(), g.Vendor, g.Convention, side)
	}
	if err != nil {
		return err
	}
	return redirect(w, r, delegationsPath+"?fait=delegation-terminee")
}
