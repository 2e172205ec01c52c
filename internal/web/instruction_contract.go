package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
)

// ContractActs is what agents do with the conventions that requests lead to.
type ContractActs interface {
	PrepareConvention(ctx context.Context, request string, x habilitation.Drafting) (convention.Convention, error)
	SetConventionState(ctx context.Context, id string, next convention.State) error
}

// contractLine is a version of a convention on the page of its request.
type contractLine struct {
	Text, Digest string
	State        tag
	Signed       []tag
	Acts         []action
}

// contracts adds the conventions that a request led to, and what the reader may
// do with them.
func (d *desk) contracts(ctx context.Context, t turn, x habilitation.Request, data *dossierData) error {
	ids, err := d.Conventions.ConventionsFrom(ctx, x.ID)
	if err != nil {
		return err
	}
	all, err := d.Conventions.ConventionsBySIRET(ctx, x.Organisation)
	if err != nil {
		return err
	}
	at := queuePath + "/" + x.ID + "/convention"
	latest := false
	for _, c := range all {
		if !slices.Contains(ids, c.Document.ID) {
			continue
		}
		ref := c.Document.ID + "@" + strconv.Itoa(c.Document.Version)
		l := contractLine{Text: "Convention " + c.Document.ID + ", version " + strconv.Itoa(c.Document.Version), Digest: c.Digest, State: conventionTags[c.State]}
		for _, p := range []struct {
			party convention.Party
			name  string
		}{{convention.Operator, "gestionnaire"}, {convention.Partner, "organisme"}} {
			s := tag{"warn", "à signer : " + p.name}
			if signedBy(c, p.party) {
				s = tag{"ok", "signée : " + p.name}
			}
			l.Signed = append(l.Signed, s)
		}
		if c.State == convention.Draft && t.may(account.EngageOperator) {
			act := func(path, label, consequence string) {
				l.Acts = append(l.Acts, action{Address: at + path, Label: label, Consequence: consequence, Second: true, Fields: []hidden{{"convention", ref}}})
			}
			switch {
			case !signedBy(c, convention.Operator):
				act("/signer", "Signer pour le gestionnaire", "Vous engagez le gestionnaire sur ce document, tel que son empreinte le désigne.")
			case signedBy(c, convention.Partner):
				act("/activer", "Mettre en vigueur", "L'organisme peut créer ses clés et appeler. La version précédente prend fin.")
			}
		}
		latest = latest || c.State == convention.Draft
		data.Contracts = append(data.Contracts, l)
	}
	if live := x.Live(); live != nil && x.State == habilitation.Validated && !latest && live.Version > len(data.Contracts) && t.may(account.PrepareConvention) {
		data.Prepare = &action{Address: at + "/preparer", Label: "Préparer la convention", Consequence: "Le projet reprend ce qui est accordé, sans rien y ajouter. Les deux parties le signent ensuite."}
	}
	return nil
}

func (d *desk) prepareContract(w http.ResponseWriter, r *http.Request, t turn) error {
	_, err := d.As(t.by).PrepareConvention(r.Context(), r.PathValue("id"), habilitation.Drafting{Operator: d.Party})
	return d.acted(w, r, t, account.PrepareConvention, err, "preparee")
}

// engageOperator does an act of the operator on a convention of the request.
func (d *desk) engageOperator(deed string, do func(ctx context.Context, acts Acts, ref string) error) func(http.ResponseWriter, *http.Request, turn) error {
	return func(w http.ResponseWriter, r *http.Request, t turn) error {
		if !d.form(w, r) {
			return nil
		}
		x, err := d.Requests.Request(r.Context(), r.PathValue("id"))
		if err != nil {
			return err
		}
		var data dossierData
		if err := d.contracts(r.Context(), t, x, &data); err != nil {
			return err
		}
		ref := r.PostForm.Get("convention")
		for _, l := range data.Contracts {
			for _, a := range l.Acts {
				if a.Address == r.URL.Path && a.Fields[0].Value == ref {
					return d.acted(w, r, t, account.EngageOperator, do(r.Context(), d.As(t.by), ref), deed)
				}
			}
		}
		return d.acted(w, r, t, account.EngageOperator, fault.New(fault.ActeImpossible, "web: convention"), "")
	}
}

func signContract(ctx context.Context, acts Acts, ref string) error {
	return acts.SignConvention(ctx, ref, nil)
}

func activateContract(ctx context.Context, acts Acts, ref string) error {
	return acts.SetConventionState(ctx, ref, convention.Active)
}
