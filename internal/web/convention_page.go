package web

import (
	"net/http"
	"strconv"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
)

// signatureLine is the state of a party's signature.
type signatureLine struct {
	Who   string
	State tag
	At    string
	Key   string // its end, for people to compare
}

// signForm is how the organisation signs.
type signForm struct {
	Bytes, Name   string // what is to be signed, and the name of its file
	KeyAddress    string
	SignAddress   string
	Version       string
	Key           field
	Signature     field
	Registered    int
	SHA256        string
	MayNot        bool // another role signs
	SignedAlready bool
}

// conventionData is a version of a convention.
type conventionData struct {
	Wrong    []mistake
	ID       string
	Version  int
	State    tag
	Told     string
	Digest   string
	Wording  string
	Summary  []pair
	Signed   []signatureLine
	Sign     *signForm
	Files    []link
	Versions []conventionLine
	Leave    string // where notice is given, "" when it cannot be
	Last     string // last day of one that is left
	Duties   []string
	Reads    []string
	ByTick   []string
}

func (d *desk) convention(w http.ResponseWriter, r *http.Request, t turn) error {
	c, all, err := d.ownConvention(r, t)
	if err != nil {
		return err
	}
	return d.showConvention(w, r, t, c, all, signForm{})
}

// conventionSays is a state in a sentence.
func conventionSays(c convention.Convention) string {
	switch {
	case c.Altered:
		return "Le document enregistré n'est plus celui qui a été signé : aucun appel n'est servi. Prévenez le gestionnaire du service."
	case c.State == convention.Draft && signedBy(c, convention.Partner):
		return "Votre organisme a signé. La convention entre en vigueur quand le gestionnaire du service l'a signée et activée ; vous en serez prévenu."
	case c.State == convention.Draft:
		return "Ce projet attend les signatures des deux parties. Aucun appel n'est servi avant."
	case c.State == convention.Active:
		return "La convention est en vigueur : les appels prévus sont servis."
	case c.State == convention.Suspended:
		return "La convention est suspendue : aucun appel n'est servi."
	case c.State == convention.Notice:
		return "Votre organisme a annoncé son départ. Les appels sont servis jusqu'à la fin du dernier jour, heure de Paris."
	}
	return "La convention est terminée : aucun appel n'est servi, et ses clés sont éteintes."
}

func (d *desk) showConvention(w http.ResponseWriter, r *http.Request, t turn, c convention.Convention, all []convention.Convention, wrong signForm) error {
	doc := c.Document
	at := conventionsPath + "/" + doc.ID
	data := conventionData{ID: doc.ID, Version: doc.Version, State: conventionTags[c.State], Told: conventionSays(c), Digest: c.Digest, Wording: c.Wording(), Summary: summaryOf(c), Signed: d.signaturesOf(c), Duties: endDuties,
		Files: []link{{"Document canonique (JSON)", at + "/document" + refOf(c)}, {"Contrat OpenAPI de votre organisme (JSON)", at + "/openapi" + refOf(c)}}}
	for _, b := range doc.Blocks {
		data.Reads = append(data.Reads, blockNames[b])
	}
	for _, b := range doc.Consent.Ticks {
		data.ByTick = append(data.ByTick, blockNames[b])
	}
	for _, x := range all {
		data.Versions = append(data.Versions, conventionLine{Href: at + refOf(x), Version: x.Document.Version, State: conventionTags[x.State], Until: longDay(x.Document.Until)})
	}
	if !c.LastOn.IsZero() {
		data.Last = longDay(c.LastOn)
	}
	if (c.State == convention.Active || c.State == convention.Suspended) && c.LastOn.IsZero() && t.may(account.Leave) {
		data.Leave = at + "/partir"
	}
	if c.Altered {
		data.State, data.Leave, data.Wording = tag{"error", "altérée"}, "", ""
		data.Files, data.Summary, data.Reads, data.ByTick = nil, nil, nil, nil
	}
	if c.State == convention.Draft && !c.Altered {
		f, err := d.signFormOf(r, t, c, wrong)
		if err != nil {
			return err
		}
		data.Sign, data.Wrong = f, mistakes(f.Key, f.Signature)
	}
	status := http.StatusOK
	if len(data.Wrong) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return d.showWith(w, r, status, t, page{
		Name: "convention", Title: "Convention " + doc.ID, Section: conventionsPath, Summary: "Une convention de votre organisme.", Done: conventionDeeds[r.URL.Query().Get("fait")], Failed: len(data.Wrong) > 0,
		Crumbs: d.trail(t, link{"Conventions", conventionsPath}, link{Text: doc.ID}), Data: data,
	})
}

// summaryOf is a convention in words: data, use and limits.
func summaryOf(c convention.Convention) []pair {
	d := c.Document
	proof := "La clé d'API"
	switch d.Auth {
	case convention.AuthKey:
	case convention.AuthAssertion:
		proof = "La clé d'API et une assertion signée à chaque appel"
	default:
		proof = "La clé d'API et un certificat de votre organisme"
	}
	out := []pair{
		{Term: "Parties", Text: []string{d.Parties.Operator, d.Parties.Name + ", SIRET " + d.Parties.SIRET}},
		{Term: "Démarche", Text: []string{purposeOf(d.Purpose)}},
		{Term: "Durée", Text: []string{"du " + longDay(d.From) + " au " + longDay(d.Until)}},
		{Term: "Quotas", Text: []string{count(d.Quota.PerSecond, "appel") + " par seconde", count(d.Quota.PerDay, "appel") + " par jour (heure de Paris)"}},
		{Term: "Preuve du logiciel", Text: []string{proof}},
	}
	clients := pair{Term: "Clients FranceConnect"}
	for _, x := range d.FCClients {
		clients.Text = append(clients.Text, x.ID+" ("+x.Profile+")")
	}
	networks := pair{Term: "Adresses admises", Text: d.Networks}
	if len(d.Networks) == 0 {
		networks.Text = []string{"toutes"}
	}
	agent := "non"
	if d.AgentRequired {
		agent = "oui, à chaque appel"
	}
	out = append(out, clients, networks, pair{Term: "Agent désigné", Text: []string{agent}}, pair{Term: "Notice d'information", Text: []string{"version " + d.Terms.Notice}})
	terms := pair{Term: "Modalités d'utilisation", Text: []string{"version " + d.Terms.Terms}}
	if d.Terms.TermsSHA256 != "" {
		terms.Href = termsPath + "/" + d.Terms.Terms
	}
	return append(out, terms)
}

// signaturesOf is who has signed.
func (d *desk) signaturesOf(c convention.Convention) []signatureLine {
	out := []signatureLine{{Who: "Le gestionnaire du service", State: tag{"warn", "attendue"}}, {Who: "Votre organisme", State: tag{"warn", "attendue"}}}
	for i, p := range []convention.Party{convention.Operator, convention.Partner} {
		for _, s := range c.Signatures {
			switch {
			case s.Party != p:
			case c.Verify(s) == nil:
				out[i].State, out[i].At, out[i].Key = tag{"ok", "signée"}, longInstant(s.At), endOf(s.Key)
			case out[i].At == "":
				out[i].State = tag{"error", "signature qui ne vérifie pas"}
			}
		}
	}
	return out
}

// endOf is the end of a public key, which people compare.
func endOf(key string) string {
	if len(key) < 12 {
		return key
	}
	return "…" + key[len(key)-12:]
}

func (d *desk) signFormOf(r *http.Request, t turn, c convention.Convention, wrong signForm) (*signForm, error) {
	at, doc := conventionsPath+"/"+c.Document.ID, c.Document
	f := &signForm{Bytes: at + "/octets" + refOf(c), Name: nameOf(c, ".bin"), KeyAddress: at + "/cle", SignAddress: at + "/signature", Version: strconv.Itoa(doc.Version), MayNot: !t.may(account.SignConvention), SignedAlready: signedBy(c, convention.Partner)}
	f.Key = field{Name: "cle", Label: "Clé publique Ed25519", Hint: "Le contenu de cle-publique.pem, ou 32 octets en base64.", Kind: "textarea", Max: 500, Value: wrong.Key.Value, Error: wrong.Key.Error}
	f.Signature = field{Name: "signature", Label: "Signature, en base64", Hint: "Ce qu'affiche la dernière commande : 88 caractères.", Kind: "text", Max: 200, Value: wrong.Signature.Value, Error: wrong.Signature.Error, Optional: true}
	keys, err := d.Conventions.SigningKeys(r.Context(), doc.Parties.Partner)
	f.Registered = len(keys)
	return f, err
}

// registerKey notes a key under which the organisation signs.
func (d *desk) registerKey(w http.ResponseWriter, r *http.Request, t turn) error {
	if !d.form(w, r) {
		return nil
	}
	c, all, err := d.ownConvention(r, t)
	if err != nil {
		return err
	}
	key, err := publicKey(r.PostForm.Get("cle"))
	if err == nil {
		_, err = d.As(t.by).RegisterSigningKey(r.Context(), c.Document.Parties.Partner, key)
	}
	if fault.Is(err, fault.ParametreInvalide) {
		note(w, err)
		return d.showConvention(w, r, t, c, all, signForm{Key: field{Value: r.PostForm.Get("cle"), Error: "Ce n'est pas une clé publique Ed25519. Collez le contenu de cle-publique.pem, de « BEGIN PUBLIC KEY » à « END PUBLIC KEY »."}})
	}
	if err != nil {
		return err
	}
	return redirect(w, r, conventionsPath+"/"+c.Document.ID+refOf(c)+"&fait=cle")
}

// sign keeps the organisation's signature, made elsewhere.
func (d *desk) sign(w http.ResponseWriter, r *http.Request, t turn) error {
	if !d.form(w, r) {
		return nil
	}
	c, all, err := d.ownConvention(r, t)
	if err != nil {
		return err
	}
	keys, err := d.Conventions.SigningKeys(r.Context(), c.Document.Parties.Partner)
	if err != nil {
		return err
	}
	theirs := &convention.Signature{Party: convention.Partner, Value: signatureIn(r)}
	theirs.Key = signedWith(c, keys, theirs.Value)
	if theirs.Key != "" {
		err = d.As(t.by).SignConvention(r.Context(), c.Document.ID+"@"+strconv.Itoa(c.Document.Version), theirs)
	}
	if theirs.Key == "" || fault.Is(err, fault.SignatureManquante) { // the key may have been retired meanwhile
		text := "Cette signature n'est pas celle de ce document par une clé que votre organisme a déposée. Téléchargez de nouveau le fichier à signer, signez-le sans le modifier, puis recopiez la signature entière."
		if len(keys) == 0 {
			text = "Aucune clé publique de votre organisme n'est déposée : déposez-la d'abord."
		}
		return d.showConvention(w, r, t, c, all, signForm{Signature: field{Value: theirs.Value, Error: text}})
	}
	if err != nil {
		return err
	}
	return redirect(w, r, conventionsPath+"/"+c.Document.ID+refOf(c)+"&fait=signee")
}

// conventionDeeds are what a page of conventions may say was just done.
var conventionDeeds = map[string]string{
	"cle":    "La clé publique est déposée. Signez maintenant le fichier avec la clé secrète qui lui correspond.",
	"signee": "La signature de votre organisme est vérifiée et gardée.",
	"depart": "Votre départ est enregistré.",
}

// endDuties is what an organisation still owes once its convention is over.
var endDuties = []string{
	"Vous n'utilisez plus les données reçues que pour la démarche pour laquelle vous les avez lues, et les effacez à la fin de la durée que vous avez déclarée.",
	"Vous détruisez vos clés secrètes et prévenez vos sous-traitants.",
	"Vous continuez de protéger les données que vous gardez, de tracer les accès de vos agents et de répondre aux personnes concernées.",
}

// leaveData is the page that confirms a departure.
type leaveData struct {
	ID, Address, Back string
	Effects           []pair
	Duties            []string
	Wrong             []mistake
	Confirm           choices
}

func (d *desk) leavePage(w http.ResponseWriter, r *http.Request, t turn) error {
	return d.askLeave(w, r, t, "")
}

func (d *desk) askLeave(w http.ResponseWriter, r *http.Request, t turn, wrong string) error {
	_, all, err := d.ownConvention(r, t)
	if err != nil {
		return err
	}
	c := current(all)
	at := conventionsPath + "/" + c.Document.ID
	if c.State != convention.Active && c.State != convention.Suspended || !c.LastOn.IsZero() {
		return redirect(w, r, at)
	}
	last := min(convention.LeavesOn(t.today), c.Document.Until)
	x := leaveData{ID: c.Document.ID, Address: at + "/partir", Back: at, Duties: endDuties, Effects: []pair{{Term: "Dernier jour servi", Text: []string{longDay(last), "jusqu'à la fin de la journée, heure de Paris"}}, {Term: "Ce jour-là", Text: []string{"les clés, les jetons et les notifications de la convention s'éteignent"}}},
		Confirm: choices{Name: "confirmer", Legend: "Confirmation", Kind: "checkbox", Error: wrong, Options: []option{{Value: "oui", Label: "Notre organisme quitte le service. Le dernier appel sera servi le " + longDay(last) + "."}}}}
	status := http.StatusOK
	if wrong != "" {
		x.Wrong, status = []mistake{{"confirmer", wrong}}, http.StatusUnprocessableEntity
	}
	return d.showWith(w, r, status, t, page{
		Name: "convention_partir", Title: "Quitter le service", Section: conventionsPath, Summary: "Annoncer le départ de votre organisme.", Failed: wrong != "",
		Crumbs: d.trail(t, link{"Conventions", conventionsPath}, link{c.Document.ID, at}, link{Text: "Quitter le service"}), Data: x,
	})
}

// leaveConvention takes the notice of the organisation, received now. A second
// click finds it taken.
func (d *desk) leaveConvention(w http.ResponseWriter, r *http.Request, t turn) error {
	if !d.form(w, r) {
		return nil
	}
	_, all, err := d.ownConvention(r, t)
	if err != nil {
		return err
	}
	c := current(all)
	at := conventionsPath + "/" + c.Document.ID
	switch {
	case !c.LastOn.IsZero():
		return redirect(w, r, at)
	case r.PostForm.Get("confirmer") == "":
		return d.askLeave(w, r, t, "Cochez la case pour confirmer le départ de votre organisme.")
	}
	if _, err := d.As(t.by).Leave(r.Context(), c.Document.ID, t.today); err != nil {
		return err
	}
	return redirect(w, r, at+"?fait=depart")
}
