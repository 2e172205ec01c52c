package web

import (
	"net/http"
	"strings"

	"droits.example/droits/internal/consent"
)

// agreementsPath is where the receipts of agreements are.
const agreementsPath = sharingsPath + "/accords"

// agreementData is the receipt of an agreement, to read and to print.
type agreementData struct {
	Receipt   consent.Receipt
	Header    []pair
	Events    []agreementEvent
	File      string
	Contest   *action
	Contested bool
}

type agreementEvent struct {
	At   instantOf
	What string
}

func (s *space) agreement(w http.ResponseWriter, r *http.Request, v visit) error {
	id, asFile := strings.CutSuffix(r.PathValue("id"), ".json")
	receipt, err := s.Citizens.Agreement(r.Context(), v.who, id)
	if err != nil {
		return err
	}
	if asFile {
		b, err := receipt.JSON()
		if err != nil {
			return err
		}
		return download(w, "application/json; charset=utf-8", "accord.json", b)
	}
	return s.show(w, r, v, page{
		Name: "accord", Title: "Reçu d'un accord", Section: sharingsPath, Summary: "Le reçu d'un de vos accords.", Done: doneIn(r),
		Crumbs: spaceTrail(link{"Mes partages", sharingsPath}, link{Text: "Reçu d'un accord"}), Data: agreementDataOf(receipt),
	})
}

func agreementDataOf(x consent.Receipt) agreementData {
	at := agreementsPath + "/" + x.Header.ID
	d := agreementData{Receipt: x, File: at + ".json", Header: []pair{
		{Term: "Donné le", Text: []string{longInstant(x.Header.GivenAt)}},
		{Term: "Valable jusqu'au", Text: []string{longInstant(x.Header.ExpiresAt)}},
		{Term: "Donné par", Text: []string{x.Header.Actor}},
		{Term: "Où", Text: []string{x.Header.Channel}},
		{Term: "Ce qui le prouve", Text: []string{x.Header.Evidence}},
		{Term: "Pour", Text: []string{x.Processing.Purpose}},
		{Term: "Convention", Text: []string{x.Processing.Convention}},
		{Term: "Notice d'information", Text: []string{"version " + x.Processing.Notice.Version + ", " + x.Processing.Notice.Shown}},
	}}
	for _, p := range x.Parties {
		d.Header = append(d.Header, pair{Term: sentence(p.Role), Text: []string{p.Name}})
	}
	for _, e := range x.Events {
		d.Events = append(d.Events, agreementEvent{instantOf{e.At}, sentence(e.Label)})
		d.Contested = d.Contested || e.Act == consent.Contested
	}
	if !d.Contested {
		d.Contest = &action{Address: at + "/contester", Label: "Je n'ai pas donné cet accord", Second: true, Consequence: "Plus rien ne sera transmis au titre de cet accord, et le délégué à la protection des données en sera averti. Pour arrêter tout partage avec cet organisme, retirez aussi votre accord."}
	}
	return d
}

// sentence begins a text with a capital.
func sentence(s string) string {
	for i, r := range s {
		if i == 0 {
			return strings.ToUpper(string(r)) + s[len(string(r)):]
		}
	}
	return s
}

func (s *space) contest(w http.ResponseWriter, r *http.Request, v visit) error {
	id := r.PathValue("id")
	if err := s.Citizens.Contest(r.Context(), v.who, v.at, id); err != nil {
		return err
	}
	return redirect(w, r, agreementsPath+"/"+id+"?fait=contestation")
}
