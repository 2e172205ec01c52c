package api

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"

	"droits.example/droits/internal/access"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/edge"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/policy"
)

type moiPartenaire struct {
	ID        string      `json:"id"`
	Nom       string      `json:"nom"`
	Categorie droits.Kind `json:"categorie"`
}

type moiQuota struct {
	ParSeconde int `json:"par_seconde"`
	ParJour    int `json:"par_jour"`
	Reste      int `json:"reste_aujourd_hui"`
}

type moiClient struct {
	ID     string `json:"id"`
	Profil string `json:"profil"`
}

type moiAccord struct {
	Version   string `json:"version_notice"`
	Empreinte string `json:"empreinte_notice"`
	Texte     string `json:"texte"`
	Notice    string `json:"notice,omitempty"`
}

type moiConvention struct {
	ID          string           `json:"id"`
	Version     int              `json:"version"`
	Etat        convention.State `json:"etat"`
	Finalite    string           `json:"finalite"`
	Debut       civil.Date       `json:"date_debut"`
	Fin         civil.Date       `json:"date_fin"`
	Blocs       []droits.Bloc    `json:"blocs"`
	Quota       moiQuota         `json:"quota"`
	AgentRequis bool             `json:"agent_requis"`
	Clients     []moiClient      `json:"clients_franceconnect"`
	Accord      moiAccord        `json:"accord"`
	Empreinte   string           `json:"empreinte"`
}

type moiCertificat struct {
	SHA256 string     `json:"sha256"`
	Fin    civil.Date `json:"date_fin"`
}

type moiCle struct {
	ID          string          `json:"id"`
	Last4       string          `json:"derniers_caracteres"`
	Fin         civil.Date      `json:"date_fin,omitzero"`
	Editeur     string          `json:"editeur,omitempty"`
	Certificats []moiCertificat `json:"certificats,omitempty"`
}

type moi struct {
	Partenaire    moiPartenaire `json:"partenaire"`
	Cle           moiCle        `json:"cle"`
	Convention    moiConvention `json:"convention"`
	Champs        []string      `json:"champs"`
	Environnement string        `json:"environnement"`
}

// moiID names this call in routes and traces: it is no operation about
// somebody.
const moiID = "getMoi"

// moi tells a partner its own rights: the key alone, no person, no quota. A
// refusal to a known key is traced like those of the operations.
func (a *API) moi(w *edge.Writer, r *http.Request) error {
	creds, err := credentials(w, r)
	if err != nil && creds.Key == "" {
		return err
	}
	creds.Token = ""
	caller, err := a.Access.Authenticate(creds, false)
	a.note(w, caller)
	var body []byte
	if err == nil {
		body, err = a.describe(r.Context(), caller)
	}
	if err != nil {
		meta := access.Meta{RequestID: w.Event.RequestID, Name: moiID, Window: unasked(civil.On(a.Clock()))}
		return a.refused(w, r, caller, a.Access.Refuse(r.Context(), caller, meta, err))
	}
	a.rates(w, r, caller)
	return writeJSON(w, body)
}

func (a *API) describe(ctx context.Context, caller access.Caller) ([]byte, error) {
	p, ok := a.PartnerName(caller.Partner())
	if !ok {
		return nil, fault.New(fault.ErreurInterne, "api: partner of a key")
	}
	b, err := json.Marshal(a.wireMoi(caller, p, a.Access.LeftToday(ctx, caller)))
	if err != nil {
		return nil, fault.Wrap(fault.ErreurInterne, "api: encode", err)
	}
	return b, nil
}

func (a *API) wireMoi(caller access.Caller, p partner.Partner, left int) moi {
	c := caller.Convention()
	d := c.Document
	out := moi{
		Partenaire: moiPartenaire{p.ID, p.Nom, p.Kind},
		Cle:        wireKey(caller.Key()),
		Convention: moiConvention{
			ID: d.ID, Version: d.Version, Etat: c.State, Finalite: d.Purpose, Debut: d.From, Fin: d.Until, Blocs: d.Blocks,
			Quota: moiQuota{d.Quota.PerSecond, d.Quota.PerDay, left}, AgentRequis: d.AgentRequired,
			Clients:   each(d.FCClients, func(f convention.FCClient) moiClient { return moiClient{f.ID, f.Profile} }),
			Accord:    moiAccord{d.Terms.Notice, d.Terms.NoticeSHA256, c.Wording(), noticeText(d)},
			Empreinte: c.Digest,
		},
		Champs:        policy.Fields(c),
		Environnement: "bac_a_sable",
	}
	if a.Environment == partner.Production {
		out.Environnement = "production"
	}
	return out
}

// noticeText is the text of the notice that the convention binds, by its hash:
// a text that is not the one that was signed is not told.
func noticeText(d convention.Document) string {
	n, _ := convention.NoticeOf(d.Terms.Notice)
	if n.SHA256 != d.Terms.NoticeSHA256 {
		return ""
	}
	return n.Text
}

// wireKey is the key of the call, as its partner may see it.
func wireKey(k partner.Key) moiCle {
	out := moiCle{ID: k.ID, Last4: k.Last4, Editeur: k.Vendor}
	if !k.ExpiresAt.IsZero() {
		out.Fin = partner.LastOn(k.ExpiresAt)
	}
	for _, c := range k.Certificates {
		out.Certificats = append(out.Certificats, moiCertificat{hex.EncodeToString(c.Digest[:]), partner.LastOn(c.EndsAt)})
	}
	return out
}
