package admin

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"

	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/policy"
)

// ExplainPath is where what derives from a convention is read; without a
// version, of the one in force.
func ExplainPath(id string) string { return "/conventions/explain?" + url.Values{"id": {id}}.Encode() }

// Artefact is something that derives from a convention and from nothing else.
type Artefact struct {
	Name   string `json:"name"` // a file name
	What   string `json:"what"`
	SHA256 string `json:"sha256"`
	Text   string `json:"text"`
}

// Explanation is a convention and everything that derives from it, under one
// digest.
type Explanation struct {
	ID        string             `json:"id"`
	Version   int                `json:"version"`
	State     convention.State   `json:"state"`
	Digest    string             `json:"digest"` // of the canonical document; in every artefact
	SignedBy  []convention.Party `json:"signed_by"`
	Artefacts []Artefact         `json:"artefacts"`
}

// explain derives everything again, each time. Errors: ressource_inconnue.
func explain(c Config, r *http.Request, _ Request) (any, error) {
	id := r.URL.Query().Get("id")
	list, err := c.Live.Conventions(r.Context())
	if err != nil {
		return nil, err
	}
	found := -1
	for i, x := range list {
		if x.Document.ID == id && (found < 0 || x.State != convention.Draft && x.State != convention.Ended) {
			found = i
		}
	}
	if found < 0 {
		return nil, fault.New(fault.RessourceInconnue, "admin: explain").On("convention")
	}
	if list[found].Altered {
		return nil, fault.New(fault.ErreurInterne, "admin: explain").Because("CONVENTION_ALTERED")
	}
	return explained(c, list[found])
}

func explained(c Config, x convention.Convention) (Explanation, error) {
	d := x.Document
	out := Explanation{ID: d.ID, Version: d.Version, State: x.State, Digest: x.Digest, SignedBy: []convention.Party{}}
	for _, s := range x.Signatures {
		if x.Verify(s) == nil {
			out.SignedBy = append(out.SignedBy, s.Party)
		}
	}
	contract, err := c.Contract(x)
	if err != nil {
		return out, err
	}
	under := func(v map[string]any) string {
		v["convention"] = x.Digest
		b, _ := json.MarshalIndent(v, "", "  ") // strings and numbers
		return string(b) + "\n"
	}
	for _, a := range []Artefact{
		{Name: "convention.json", What: "the canonical document that both parties sign", Text: string(x.Canonical)},
		{Name: "masque.json", What: "the members that may be received, before what a person limits", Text: under(map[string]any{"champs": policy.Fields(x), "blocs": d.Blocks})},
		{Name: "quotas.json", What: "how much, when and from where", Text: under(map[string]any{"par_seconde": d.Quota.PerSecond, "par_jour": d.Quota.PerDay, "du": d.From, "au": d.Until, "reseaux": d.Networks})},
		{Name: "accord.json", What: "what the person is told and asked", Text: under(map[string]any{"texte": x.Wording(), "notice": d.Terms.Notice, "empreinte_notice": d.Terms.NoticeSHA256, "cases": d.Consent.Ticks, "jours": d.Consent.RepeatDays})},
		{Name: "openapi.json", What: "the OpenAPI document of this partner", Text: string(contract)},
		{Name: "trace.json", What: "how each trace names it", Text: under(map[string]any{"reference": x.Digest, "partenaire": d.Parties.Partner, "finalite": d.Purpose})},
	} {
		sum := sha256.Sum256([]byte(a.Text))
		a.SHA256 = hex.EncodeToString(sum[:])
		out.Artefacts = append(out.Artefacts, a)
	}
	return out, nil
}
