package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
	"droits.example/droits/internal/partner"
)

// Oversight reads what agents follow once a request is granted. Errors: those
// that the store documents.
type Oversight interface {
	Conventions(ctx context.Context) ([]convention.Convention, error)
	ConventionsBySIRET(ctx context.Context, siret string) ([]convention.Convention, error)
	Partners(ctx context.Context) ([]partner.Partner, error)
	Keys(ctx context.Context) ([]partner.Key, error)
	Alerts(ctx context.Context, partnerID string, limit int) ([]partner.Alert, error)
	Delegations(ctx context.Context, id string) ([]partner.Delegation, error)
	LeavingLetter(ctx context.Context, id string) (scan []byte, received civil.Date, err error)
}

// OversightActs is what agents do with conventions and keys.
type OversightActs interface {
	SignConvention(ctx context.Context, id string, theirs *convention.Signature) error
	LeaveByLetter(ctx context.Context, id string, received civil.Date, scan []byte) (civil.Date, error)
	SuspendKey(ctx context.Context, id string) error
	ResumeKey(ctx context.Context, id string) error
}

const (
	followPath   = agentPath + "/conventions"
	partnersPath = agentPath + "/partenaires"
	letterRoute  = "POST " + followPath + "/{id}/lettre"
)

func (d *desk) oversightRoutes(mux *http.ServeMux) {
	for route, x := range map[string]struct {
		need account.Deed
		h    func(http.ResponseWriter, *http.Request, turn) error
	}{
		"GET " + followPath:                                {account.ReadQueue, d.followed},
		"GET " + followPath + "/{id}":                      {account.ReadQueue, d.follow},
		"POST " + followPath + "/{id}/signature":           {account.EngageOperator, d.signForOperator},
		"GET " + followPath + "/{id}/etat":                 {account.EngageOperator, d.statePage},
		"POST " + followPath + "/{id}/etat":                {account.EngageOperator, d.moveState},
		"GET " + followPath + "/{id}/lettre":               {account.PrepareConvention, d.letterPage},
		letterRoute:                                        {account.PrepareConvention, d.takeLetter},
		"GET " + followPath + "/{id}/lettre/scan":          {account.ReadQueue, d.letterScan},
		"GET " + partnersPath:                              {account.ReadQueue, d.partnerList},
		"GET " + partnersPath + "/{id}":                    {account.ReadQueue, d.partnerPage},
		"POST " + partnersPath + "/{id}/cles/{cle}/{acte}": {account.FollowPartners, d.moveKey},
	} {
		mux.HandleFunc(route, d.agent(x.need, x.h))
	}
}

// followLine is a convention in the agents' list.
type followLine struct {
	Href, ID, Partner, SIRET, Why string
	Version                       int
	State                         tag
	Until                         string
	Task                          tag // what it waits for
}

// followedData is the agents' list of conventions.
type followedData struct {
	Lines []followLine
	State choices
}

// nearEnd is how long before its end a convention is told to be near it.
const nearEnd = 30

func taskOf(c convention.Convention, today civil.Date) tag {
	switch {
	case c.Altered:
		return tag{"error", "altérée : hors service"}
	case c.State == convention.Draft && !signedBy(c, convention.Operator):
		return tag{"warn", "à signer par nous"}
	case c.State == convention.Draft && !signedBy(c, convention.Partner):
		return tag{"", "signature du partenaire attendue"}
	case c.State == convention.Draft:
		return tag{"warn", "à mettre en vigueur"}
	case c.State != convention.Ended && c.Document.Until.Sub(today) <= nearEnd:
		return tag{"warn", "expire dans " + count(max(0, c.Document.Until.Sub(today)), "jour")}
	}
	return tag{}
}

func (d *desk) followed(w http.ResponseWriter, r *http.Request, t turn) error {
	list, err := d.Oversight.Conventions(r.Context())
	if err != nil {
		return err
	}
	x := followedData{State: choices{Name: "etat", Legend: "État", Kind: "select", Options: []option{{Label: "Tous"}}}}
	for _, s := range []convention.State{convention.Draft, convention.Active, convention.Suspended, convention.Notice, convention.Ended} {
		x.State.Options = append(x.State.Options, option{Value: string(s), Label: conventionTags[s].Text})
	}
	only := choose(&x.State, r.URL.Query().Get("etat"))
	for _, c := range list {
		doc := c.Document
		if only != "" && only != string(c.State) {
			continue
		}
		x.Lines = append(x.Lines, followLine{Href: followPath + "/" + doc.ID + refOf(c), ID: doc.ID, Partner: doc.Parties.Name, SIRET: doc.Parties.SIRET, Why: purposeOf(doc.Purpose), Version: doc.Version, State: conventionTags[c.State], Until: day(doc.Until), Task: taskOf(c, t.today)})
	}
	return d.show(w, r, t, page{Name: "suivi", Title: "Conventions", Section: followPath, Summary: "Les conventions et ce qu'elles attendent.", Done: doneIn(r), Crumbs: d.trail(t, link{Text: "Conventions"}), Data: x})
}

// followedVersion finds a version of a convention: the one asked for, else the
// newest draft, else the one that counts.
func (d *desk) followedVersion(r *http.Request) (c convention.Convention, all []convention.Convention, err error) {
	missing := fault.New(fault.RessourceInconnue, "web: convention")
	list, err := d.Oversight.Conventions(r.Context())
	if err != nil {
		return c, nil, err
	}
	i := slices.IndexFunc(list, func(x convention.Convention) bool { return x.Document.ID == r.PathValue("id") })
	if i < 0 {
		return c, nil, missing
	}
	if all, err = d.Oversight.ConventionsBySIRET(r.Context(), list[i].Document.Parties.SIRET); err != nil {
		return c, nil, err
	}
	all = slices.DeleteFunc(all, func(x convention.Convention) bool { return x.Document.ID != r.PathValue("id") })
	if len(all) == 0 { // of a partner without SIRET: what is in force alone
		all = []convention.Convention{list[i]}
	}
	asked := r.FormValue("version")
	if asked == "" {
		if all[0].State == convention.Draft {
			return all[0], all, nil
		}
		return current(all), all, nil
	}
	for _, x := range all {
		if strconv.Itoa(x.Document.Version) == asked {
			return x, all, nil
		}
	}
	return c, nil, missing
}

// followData is a convention as agents see it.
type followData struct {
	ID, Digest, Wording string
	Version             int
	State, Task         tag
	Summary             []pair
	Reads               []string
	Signed              []signatureLine
	Versions            []conventionLine
	Partner             string
	Last                string
	Letter              string // where its scan is, "" when there is none
	Sign                *action
	Moves               []link
	ByLetter            string
}

// moveNames are the moves of a state, as a link says them.
var moveNames = []struct {
	to   convention.State
	slug string
	text string
}{{convention.Active, "vigueur", "Mettre en vigueur"}, {convention.Suspended, "suspendre", "Suspendre"}, {convention.Ended, "terminer", "Révoquer dès maintenant"}}

func (d *desk) follow(w http.ResponseWriter, r *http.Request, t turn) error {
	c, all, err := d.followedVersion(r)
	if err != nil {
		return err
	}
	doc, at := c.Document, followPath+"/"+c.Document.ID
	x := followData{ID: doc.ID, Version: doc.Version, State: conventionTags[c.State], Task: taskOf(c, t.today), Digest: c.Digest, Wording: c.Wording(), Summary: summaryOf(c), Signed: d.signaturesOf(c), Partner: partnersPath + "/" + doc.Parties.Partner}
	x.Signed[1].Who = "Le partenaire"
	for _, b := range doc.Blocks {
		x.Reads = append(x.Reads, blockNames[b])
	}
	for _, y := range all {
		x.Versions = append(x.Versions, conventionLine{Href: at + refOf(y), Version: y.Document.Version, State: conventionTags[y.State], Until: longDay(y.Document.Until)})
	}
	if !c.LastOn.IsZero() {
		x.Last = longDay(c.LastOn)
	}
	if _, received, err := d.Oversight.LeavingLetter(r.Context(), doc.ID); err == nil && !received.IsZero() {
		x.Letter = at + "/lettre/scan"
	} else if err != nil && !fault.Is(err, fault.RessourceInconnue) {
		return err
	}
	if t.may(account.EngageOperator) {
		if c.State == convention.Draft && !signedBy(c, convention.Operator) {
			x.Sign = &action{Address: at + "/signature", Label: "Signer pour le gestionnaire du service", Consequence: "La signature porte sur les octets dont l'empreinte est ci-dessus ; le document ne peut plus changer, seule une nouvelle version le peut.", Fields: []hidden{{"version", strconv.Itoa(doc.Version)}}}
		}
		for _, m := range moveNames {
			if c.State.CanBecome(m.to) && c.State != m.to {
				text := m.text
				if c.State == convention.Suspended && m.to == convention.Active {
					text = "Rétablir"
				}
				if c.State == convention.Draft && m.to == convention.Ended {
					text = "Abandonner ce projet"
				}
				x.Moves = append(x.Moves, link{text, at + "/etat" + refOf(c) + "&vers=" + m.slug})
			}
		}
	}
	if t.may(account.PrepareConvention) && c.LastOn.IsZero() && (c.State == convention.Active || c.State == convention.Suspended) {
		x.ByLetter = at + "/lettre"
	}
	return d.show(w, r, t, page{Name: "suivi_convention", Title: "Convention " + doc.ID, Section: followPath, Summary: "Une convention.", Done: doneIn(r), Crumbs: d.trail(t, link{"Conventions", followPath}, link{Text: doc.ID}), Data: x})
}

// named is how an act names a version.
func named(c convention.Convention) string {
	return c.Document.ID + "@" + strconv.Itoa(c.Document.Version)
}

func (d *desk) signForOperator(w http.ResponseWriter, r *http.Request, t turn) error {
	if !d.form(w, r) {
		return nil
	}
	c, _, err := d.followedVersion(r)
	if err != nil {
		return err
	}
	if !signedBy(c, convention.Operator) {
		if err := d.As(t.by).SignConvention(r.Context(), named(c), nil); err != nil {
			return err
		}
	}
	return redirect(w, r, followPath+"/"+c.Document.ID+refOf(c)+"&fait=convention-signee")
}

// stateData is the page before a convention changes state.
type stateData struct {
	ID, Organisation, SIRET string
	Title, Address, Back    string
	Version                 int
	To                      string
	Effects                 []string
	Ground                  *choices // closed grounds, where one is needed
	Mistakes                []mistake
}

// moveEffects say what a state brings, before it is chosen.
var moveEffects = map[convention.State][]string{
	convention.Active:    {"Les appels prévus sont servis dès la seconde qui suit.", "La version en vigueur auparavant prend fin."},
	convention.Suspended: {"Dès la seconde qui suit, tous les appels sont refusés (403, convention_inactive).", "Les clés restent ; vous pouvez rétablir la convention."},
	convention.Ended:     {"Dès la seconde qui suit, tous les appels sont refusés.", "Les clés, les délégations et les notifications s'éteignent. Cette action est irréversible."},
}

// askedMove is the state that an address asks for.
func askedMove(slug string) (convention.State, string, bool) {
	for _, m := range moveNames {
		if m.slug == slug {
			return m.to, m.text, true
		}
	}
	return "", "", false
}

func (d *desk) statePage(w http.ResponseWriter, r *http.Request, t turn) error {
	return d.showState(w, r, t, "")
}

func (d *desk) showState(w http.ResponseWriter, r *http.Request, t turn, wrong string) error {
	c, _, err := d.followedVersion(r)
	if err != nil {
		return err
	}
	slug := r.FormValue("vers")
	to, title, ok := askedMove(slug)
	if !ok || !c.State.CanBecome(to) {
		return fault.New(fault.ActeImpossible, "web: state")
	}
	doc := c.Document
	x := stateData{ID: doc.ID, Organisation: doc.Parties.Name, SIRET: doc.Parties.SIRET, Title: title, Address: followPath + "/" + doc.ID + "/etat", Back: followPath + "/" + doc.ID + refOf(c), Version: doc.Version, To: slug, Effects: moveEffects[to]}
	if needsGround(c.State, to) {
		g := choices{Name: "motif", Legend: "Motif", Hint: "La convention n'en connaît pas d'autre. Il est tracé et communiqué au partenaire.", Kind: "radio", Error: wrong}
		for _, k := range habilitation.Grounds() {
			g.Options = append(g.Options, option{Value: string(k), Label: groundNames[k]})
		}
		x.Ground = &g
	}
	status := http.StatusOK
	if wrong != "" {
		status, x.Mistakes = http.StatusUnprocessableEntity, []mistake{{"motif", wrong}}
	}
	return d.showWith(w, r, status, t, page{Name: "suivi_etat", Title: title, Section: followPath, Summary: title + ".", Failed: wrong != "", Crumbs: d.trail(t, link{"Conventions", followPath}, link{doc.ID, x.Back}, link{Text: title}), Data: x})
}

// needsGround reports whether a move takes something from a partner.
func needsGround(from, to convention.State) bool {
	return from != convention.Draft && (to == convention.Suspended || to == convention.Ended)
}

func (d *desk) moveState(w http.ResponseWriter, r *http.Request, t turn) error {
	if !d.form(w, r) {
		return nil
	}
	c, _, err := d.followedVersion(r)
	if err != nil {
		return err
	}
	to, _, ok := askedMove(r.PostForm.Get("vers"))
	if !ok {
		return fault.New(fault.ActeImpossible, "web: state")
	}
	done := followPath + "/" + c.Document.ID + refOf(c) + "&fait=convention-deplacee"
	if c.State == to { // the form was posted twice
		return redirect(w, r, done)
	}
	if needsGround(c.State, to) {
		g := habilitation.Ground(r.PostForm.Get("motif"))
		if !slices.Contains(habilitation.Grounds(), g) {
			return d.showState(w, r, t, "Choisissez l'un des motifs.")
		}
		t.by.Reasons = []string{"MOTIF_" + strings.ToUpper(string(g))}
	}
	err = d.As(t.by).SetConventionState(r.Context(), named(c), to)
	if fault.Is(err, fault.SignatureManquante) {
		note(w, err)
		return redirect(w, r, followPath+"/"+c.Document.ID+refOf(c)+"&fait=signature-manque")
	}
	if deed := map[string]string{"TWO_AGENTS": "deux-agents", "GRANT_REPLACED": "octroi-remplace"}[fault.From(err).Reason()]; err != nil && deed != "" {
		note(w, err)
		return redirect(w, r, followPath+"/"+c.Document.ID+refOf(c)+"&fait="+deed)
	}
	if err != nil {
		return err
	}
	return redirect(w, r, done)
}

// letterData is the form of a registered letter.
type letterData struct {
	ID, Address string
	Received    field
	Scan        string // what is wrong with the file, "" when nothing
	Mistakes    []mistake
}

func (d *desk) letterPage(w http.ResponseWriter, r *http.Request, t turn) error {
	return d.showLetter(w, r, t, "", "", "")
}

func (d *desk) showLetter(w http.ResponseWriter, r *http.Request, t turn, received, wrong, scan string) error {
	c, _, err := d.followedVersion(r)
	if err != nil {
		return err
	}
	at := followPath + "/" + c.Document.ID
	x := letterData{ID: c.Document.ID, Address: at + "/lettre", Scan: scan, Received: field{Name: "recue", Label: "Date de réception de la lettre", Hint: "Le préavis de quinze jours court à partir d'elle.", Kind: "date", Value: received, Error: wrong}}
	x.Mistakes = mistakes(x.Received)
	if scan != "" {
		x.Mistakes = append(x.Mistakes, mistake{"document", scan})
	}
	status := http.StatusOK
	if len(x.Mistakes) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return d.showWith(w, r, status, t, page{Name: "suivi_lettre", Title: "Départ par lettre recommandée", Section: followPath, Summary: "Enregistrer une lettre de départ.", Failed: len(x.Mistakes) > 0, Crumbs: d.trail(t, link{"Conventions", followPath}, link{c.Document.ID, at}, link{Text: "Lettre"}), Data: x})
}

// takeLetter notes when a letter was received, with its scan.
func (d *desk) takeLetter(w http.ResponseWriter, r *http.Request, t turn) error {
	_, content, said, err := readPiece(w, r)
	typed := said["recue"]
	if err == nil {
		err = habilitation.CheckPiece("cadre.document", content)
	}
	if text := pieceErrors[fault.From(err).Reason()]; err != nil && text != "" {
		note(w, err)
		return d.showLetter(w, r, t, typed, "", text)
	}
	if err != nil {
		return err
	}
	received, bad := civil.Parse(typed)
	if bad == nil {
		_, err = d.As(t.by).LeaveByLetter(r.Context(), r.PathValue("id"), received, content)
	}
	if bad != nil || fault.From(err).Field() == "received" {
		return d.showLetter(w, r, t, typed, "Écrivez une date passée, de quinze jours au plus, par exemple "+day(t.today)+".", "")
	}
	if fault.From(err).Field() == "state" {
		note(w, err)
		return fault.New(fault.ActeImpossible, "web: letter")
	}
	if err != nil {
		return err
	}
	return redirect(w, r, followPath+"/"+r.PathValue("id")+"?fait=lettre")
}

func (d *desk) letterScan(w http.ResponseWriter, r *http.Request, _ turn) error {
	scan, _, err := d.Oversight.LeavingLetter(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return download(w, "application/pdf", "lettre-"+r.PathValue("id")+".pdf", scan)
}
