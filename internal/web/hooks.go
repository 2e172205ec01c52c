package web

import (
	"net/http"
	"strconv"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/notify"
	"droits.example/droits/internal/partner"
)

const webhooksPath = memberPath + "/notifications"

// hookLine is one notification that was made for a partner.
type hookLine struct {
	ID, Type string
	Made     instantOf
	State    tag
	Attempts int
	Last     string
	Replay   bool
}

// hooksData is the page of the webhook.
type hooksData struct {
	Set           bool
	Partner       string
	URL, Since    string
	Waiting, Dead int
	Lines         []hookLine
	Manage        bool
	Address       field
	Secret        string // shown once
	Mistakes      []mistake
}

// typeNames say what each event tells.
var typeNames = map[notify.Type]string{
	notify.ConsentWithdrawn: "accord retiré", notify.ConsentPaused: "partage en pause", notify.ConsentAllowed: "partage de nouveau permis", notify.ConsentChosen: "choix changés", notify.ConsentExpired: "accord échu", notify.Test: "essai",
	notify.KeyExpiring: "fin d'une clé", notify.CertificateExpiring: "fin d'un certificat", notify.KeySuspended: "clé suspendue", notify.KeyResumed: "clé remise en service", notify.UsageUnusual: "usage inhabituel",
}

var deliveryStates = map[notify.State]tag{notify.Waiting: {"", "en attente"}, notify.Sent: {"ok", "remise"}, notify.Dead: {"error", "abandonnée"}}

func (d *desk) hooks(w http.ResponseWriter, r *http.Request, t turn) error {
	return d.showHooks(w, r, t, "", field{})
}

func (d *desk) ownPartner(r *http.Request, t turn) (partner.Partner, error) {
	o, err := d.organisation(r.Context(), t)
	if err != nil {
		return partner.Partner{}, err
	}
	return o.partner("")
}

func (d *desk) showHooks(w http.ResponseWriter, r *http.Request, t turn, secret string, wrong field) error {
	x := hooksData{Manage: t.may(account.ManageWebhooks), Secret: secret, Address: field{Name: "adresse", Label: "Adresse qui reçoit les notifications", Hint: "Elle commence par https://, par exemple https://api.hopital.example/droits.", Kind: "url", Max: 500, Value: wrong.Value, Error: wrong.Error}}
	x.Mistakes = mistakes(x.Address)
	p, err := d.ownPartner(r, t)
	if err == nil {
		x.Partner = p.Nom
		var target notify.Target
		if target, err = d.Organisations.Webhook(r.Context(), p.ID); err == nil {
			x.Set, x.URL, x.Since, x.Waiting, x.Dead = true, target.URL, instant(target.CreatedAt), target.Waiting, target.Dead
			if x.Address.Value == "" && wrong.Error == "" {
				x.Address.Value = target.URL
			}
			for _, l := range target.Lines {
				name := typeNames[l.Type]
				if name == "" {
					name = string(l.Type)
				}
				state, ok := deliveryStates[l.State]
				if !ok {
					state = tag{"", string(l.State)}
				}
				x.Lines = append(x.Lines, hookLine{ID: l.ID, Type: name, Made: instantOf{l.MadeAt}, State: state, Attempts: l.Attempts, Last: l.Last, Replay: l.State != notify.Waiting})
			}
		}
	}
	if err != nil && !fault.Is(err, fault.RessourceInconnue) {
		return err
	}
	status := http.StatusOK
	if wrong.Error != "" {
		status = http.StatusUnprocessableEntity
	}
	return d.showWith(w, r, status, t, page{Name: "notifications", Title: "Notifications", Section: webhooksPath, Summary: "Ce que nous envoyons à votre logiciel.", Done: doneIn(r), Failed: wrong.Error != "", Crumbs: d.trail(t, link{Text: "Notifications"}), Data: x})
}

func (d *desk) setHook(w http.ResponseWriter, r *http.Request, t turn) error {
	if !d.form(w, r) {
		return nil
	}
	p, err := d.ownPartner(r, t)
	if err != nil {
		return err
	}
	secret, url := notify.NewSecret(), r.PostForm.Get("adresse")
	err = d.As(t.by).SetWebhook(r.Context(), p.ID, url, secret, d.Environment)
	if fault.From(err).Field() == "url" {
		note(w, err)
		return d.showHooks(w, r, t, "", field{Value: url, Error: "Écrivez une adresse publique qui commence par https://, par exemple https://api.hopital.example/droits."})
	}
	if err != nil {
		return err
	}
	return d.showHooks(w, r, t, secret, field{})
}

func (d *desk) removeHook(w http.ResponseWriter, r *http.Request, t turn) error {
	p, err := d.ownPartner(r, t)
	if err == nil {
		err = d.As(t.by).RemoveWebhook(r.Context(), p.ID)
	}
	if err != nil {
		return err
	}
	return redirect(w, r, webhooksPath+"?fait=crochet-retire")
}

func (d *desk) testHook(w http.ResponseWriter, r *http.Request, t turn) error {
	p, err := d.ownPartner(r, t)
	if err == nil {
		_, err = d.As(t.by).TestWebhook(r.Context(), p.ID)
	}
	if err != nil {
		return err
	}
	return redirect(w, r, webhooksPath+"?fait=crochet-essai")
}

// replayHook sends again one notification, or all that were given up.
func (d *desk) replayHook(w http.ResponseWriter, r *http.Request, t turn) error {
	if !d.form(w, r) {
		return nil
	}
	p, err := d.ownPartner(r, t)
	var n int64
	if err == nil {
		n, err = d.As(t.by).ReplayWebhook(r.Context(), p.ID, r.PostForm.Get("message"))
	}
	if err != nil {
		return err
	}
	return redirect(w, r, webhooksPath+"?fait=crochet-renvoi&n="+strconv.FormatInt(n, 10))
}
