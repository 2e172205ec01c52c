package app

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"droits.example/droits/client"
	"droits.example/droits/internal/account"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/franceconnect"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/intake"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/sim/fcsim"
	"droits.example/droits/internal/sim/partners"
	"droits.example/droits/internal/sim/people"
	"droits.example/droits/internal/sim/prosim"
	"droits.example/droits/internal/store"
	"droits.example/droits/internal/web"
)

// The names by which the sample partners are known.
const (
	demoHospital  = "hopital"
	demoInsurer   = "mutuelle"
	clientHospV1  = "hopital-demo-v1-0123456789abcdef0123456789"
	clientHospV2  = "hopital-demo-v2-0123456789abcdef0123456789"
	clientInsurer = "mutuelle-demo-v2-0123456789abcdef012345678"
	// ClientClinic is the FranceConnect client of an organisation that nobody here
	// has heard of: what it writes in its request.
	ClientClinic = "clinique-demo"
	clientSpace  = "espace-demo-v2-0123456789abcdef0123456789ab"
	clientPro    = "professionnels-demo-0123456789abcdef01234567"
	providerID   = "droits-demo-fournisseur-0123456789abcdef01"
)

// secret derives a fixed secret of the demonstration from its seed.
func (d *Demo) secret(purpose string) string {
	h := hmac.New(sha256.New, []byte("droits-demo/"+strconv.FormatInt(d.config.Seed, 10)))
	h.Write([]byte(purpose))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// Key is the API key of a sample partner: derived from the seed, for a sandbox
// only.
func (d *Demo) Key(partnerID string) string {
	return partner.Sandbox.Prefix() + d.secret("key/"+partnerID)
}

// webhookSecret signs what a sample partner is told.
func (d *Demo) webhookSecret(partnerID string) string {
	return "whsec_" + d.secret("webhook/"+partnerID)
}

func (d *Demo) simulate() error {
	var list []fcsim.Person
	for _, p := range d.People {
		list = append(list, fcsim.Person{Slug: p.Slug, What: p.What, Pivot: p.Pivot, Named: p.Named})
	}
	scopes := []string{"openid", "profile", "identite_pivot", droits.ScopeUmbrella, droits.ScopeBeneficiaires, droits.ScopeCaisse, droits.ScopeContrats, droits.ScopeExonerations, droits.ScopeMedecin, droits.ScopePresenceMedecin}
	app := d.URLs.Partners
	sim, err := fcsim.New(fcsim.Config{
		BaseURL: d.URLs.Sim, People: list, Clock: d.clock, TokenTTL: time.Minute,
		Clients: []fcsim.Client{
			{ID: clientHospV1, Secret: d.secret("client/" + clientHospV1), Name: "Hôpital de démonstration", Profile: identity.V1, RedirectURIs: []string{app + partners.HospitalCallback}, PostLogoutURIs: []string{app + partners.HospitalLogout}, Scopes: scopes},
			{ID: clientHospV2, Secret: d.secret("client/" + clientHospV2), Name: "Hôpital de démonstration", Profile: identity.V2, RedirectURIs: []string{app + partners.HospitalCallback}, PostLogoutURIs: []string{app + partners.HospitalLogout}, Scopes: scopes},
			{ID: clientInsurer, Secret: d.secret("client/" + clientInsurer), Name: "Mutuelle de démonstration", Profile: identity.V2, RedirectURIs: []string{app + partners.InsurerCallback}, PostLogoutURIs: []string{app + partners.InsurerLogout}, Scopes: scopes, Private: true},
			{ID: ClientClinic, Secret: d.secret("client/" + ClientClinic), Name: "Clinique de démonstration", Profile: identity.V2, RedirectURIs: []string{app + partners.HospitalCallback}, PostLogoutURIs: []string{app + partners.HospitalLogout}, Scopes: scopes},
			{ID: clientSpace, Secret: d.secret("client/" + clientSpace), Name: "Espace assuré de démonstration", Profile: identity.V2, RedirectURIs: []string{d.URLs.API + web.ReturnPath}, PostLogoutURIs: []string{d.URLs.API + web.GoodbyePath}, Scopes: []string{"identite_pivot"}},
		},
		Providers: []fcsim.DataProvider{{ID: providerID, Secret: d.secret("provider"), Title: "Plateforme Droits (démonstration)", JWKSURL: d.URLs.API + JWKSPath, Scopes: scopes}},
	})
	if d.Sim = sim; err != nil {
		return err
	}
	d.Pro, err = NewProSimulator(d.URLs.Sim, d.URLs.API, prosim.Client{ID: clientPro, Secret: d.secret("client/" + clientPro)}, d.clock)
	return err
}

func (d *Demo) newApp(ctx context.Context, keys franceconnect.KeySet) (*App, error) {
	root, err := store.CreateRoot(filepath.Join(d.URLs.Data, "root.key"))
	if err != nil {
		return nil, err
	}
	c := DefaultConfig()
	c.Operator, c.Contact = "Plateforme Droits (démonstration)", "contact@droits.example"
	c.Instance, c.Data, c.PublicURL, c.Drain = partner.Sandbox, d.URLs.Data, d.URLs.API, Duration(3*time.Second)
	c.FranceConnect.V1.URL = d.URLs.Sim + "/api/v1"
	c.FranceConnect.V2 = FCV2{URL: d.URLs.Sim + "/api/v2", ClientID: providerID}
	c.FranceConnect.Login.ClientID = clientSpace
	c.Administration.Open = true
	c.Login.Issuer, c.Login.ClientID, c.Login.AgentsSIRET = d.URLs.Pro, clientPro, prosim.OperatorSIRET
	return New(ctx, c, Options{LoginSecret: d.secret("client/" + clientSpace), ProSecret: d.secret("client/" + clientPro), Clock: d.clock, Logs: d.config.Logs, Root: &root, Keys: &keys, Secret: d.secret("provider"), Site: d.describe, Demo: d})
}

// seed loads the people and signs up the sample partners. The people go
// through a file and the import, like real input.
func (d *Demo) seed(ctx context.Context) error {
	path := filepath.Join(d.URLs.Data, "personnes.ndjson")
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(path) // the store has them
	if err := errors.Join(people.WriteNDJSON(f, d.config.Seed, civil.On(d.clock())), f.Close()); err != nil {
		return err
	}
	if d.Summary, err = d.App.Import(ctx, intake.Options{Path: path}); err != nil {
		return err
	}
	if d.Summary.Rejected > 0 {
		return fmt.Errorf("demo: %d rows of the demonstration's own people were rejected", d.Summary.Rejected)
	}
	for _, id := range []string{demoHospital, demoInsurer} {
		if err := d.signUp(ctx, id); err != nil {
			return err
		}
		if err := d.App.Store.SetWebhook(ctx, id, d.URLs.Partners+partners.WebhookPath(id), d.webhookSecret(id), partner.Sandbox); err != nil {
			return err
		}
	}
	if err := d.habilitate(ctx); err != nil {
		return err
	}
	return d.restrict(ctx)
}

// habilitate gives the fictitious agents their mandate; each accepts the
// undertaking of secrecy at the first login.
func (d *Demo) habilitate(ctx context.Context) error {
	known, err := d.App.Store.Agents(ctx)
	if err != nil || len(known) > 0 {
		return err // a folder kept from an earlier run
	}
	for _, p := range prosim.Agents() {
		m := account.Mandate{Director: "Direction de démonstration", Until: d.clock().AddDate(1, 0, 0)}
		if _, err := d.App.Store.AddAgent(ctx, prosim.OperatorSIRET, p.Mail, account.Role(p.Role), m); err != nil {
			return err
		}
	}
	return nil
}

func (d *Demo) signUp(ctx context.Context, id string) error {
	s := d.App.Store
	doc := d.convention(id)
	if err := s.PutPartner(ctx, partner.Partner{ID: id, Nom: doc.Parties.Name, SIRET: doc.Parties.SIRET, Kind: doc.Kind}); err != nil {
		return err
	}
	if _, _, ok := s.Key(d.Key(id)); ok {
		return nil // a folder kept from an earlier run
	}
	conv, err := convention.New(doc, convention.Draft)
	if err != nil {
		return err
	}
	seed := sha256.Sum256([]byte(d.secret("signature/" + id)))
	if conv, err = s.Countersigned(ctx, conv, ed25519.NewKeyFromSeed(seed[:])); err != nil {
		return err
	}
	if err := s.PutConvention(ctx, conv); err != nil {
		return err
	}
	if err := s.SetConventionState(ctx, doc.ID, convention.Active); err != nil {
		return err
	}
	_, err = s.AddKey(ctx, doc.ID, d.Key(id), partner.Sandbox, time.Time{})
	return err
}

func (d *Demo) convention(id string) convention.Document {
	today := civil.On(d.clock())
	doc := convention.Document{
		ID: id + "-demo", Version: 1, Parties: convention.Parties{Operator: "Plateforme Droits (démonstration)", Partner: id},
		Quota: convention.Quota{PerSecond: 20, PerDay: 1000}, From: today.AddMonths(-1), Until: today.AddYears(3), Auth: "api_key",
		Terms: convention.Terms{Terms: "2026-11", Notice: convention.NoticeVersion, NoticeSHA256: convention.NoticeSHA256()},
	}
	if id == demoHospital {
		doc.Parties.Name, doc.Parties.SIRET = "Hôpital de démonstration", prosim.HospitalSIRET
		doc.Purpose, doc.Kind = "preadmission", droits.Etablissement
		doc.FCClients = []convention.FCClient{{ID: clientHospV1, Profile: "v1"}, {ID: clientHospV2, Profile: "v2"}}
	} else {
		doc.Parties.Name, doc.Parties.SIRET = "Mutuelle de démonstration", prosim.InsurerSIRET
		doc.Purpose, doc.Kind = "adhesion", droits.OrganismeComplementaire
		doc.FCClients = []convention.FCClient{{ID: clientInsurer, Profile: "v2"}}
	}
	for _, b := range droits.Blocs() {
		if b.For(doc.Kind) {
			doc.Blocks = append(doc.Blocks, b.Bloc)
		}
	}
	return doc
}

func (d *Demo) restrict(ctx context.Context) error {
	for _, p := range d.People {
		if !p.Restricted {
			continue
		}
		subject, err := d.App.Store.SubjectOf(ctx, p.NIR)
		if err != nil {
			return err
		}
		if len(d.App.Store.Restrictions(subject, d.clock())) > 0 {
			continue
		}
		if _, err := d.App.Store.Restrict(ctx, consent.Restriction{Subject: subject, Ground: "18-1-a", SinceAt: d.clock()}); err != nil {
			return err
		}
	}
	return nil
}

func (d *Demo) samplePartners() partners.Config {
	v1 := func(id string) partners.FCClient {
		b := d.URLs.Sim + "/api/v1"
		return partners.FCClient{Profile: "v1", AuthorizeURL: b + "/authorize", TokenURL: b + "/token", UserinfoURL: b + "/userinfo", LogoutURL: b + "/logout", Issuer: b, ID: id, Secret: client.Secret(d.secret("client/" + id))}
	}
	v2 := func(id string) partners.FCClient {
		b := d.URLs.Sim + "/api/v2"
		return partners.FCClient{Profile: "v2", AuthorizeURL: b + "/authorize", TokenURL: b + "/token", UserinfoURL: b + "/userinfo", LogoutURL: b + "/session/end", JWKSURL: b + "/jwks", Issuer: b, ID: id, Secret: client.Secret(d.secret("client/" + id))}
	}
	of := func(id, name string, c ...partners.FCClient) partners.Partner {
		return partners.Partner{Name: name, APIKey: client.Secret(d.Key(id)), APIBase: d.URLs.BaseURL, MoiURL: d.URLs.API + "/v1/partenaire/moi", Clients: c, Webhook: client.Secret(d.webhookSecret(id))}
	}
	return partners.Config{
		Hospital: of(demoHospital, "Hôpital de démonstration", v1(clientHospV1), v2(clientHospV2)),
		Insurer:  of(demoInsurer, "Mutuelle de démonstration", v2(clientInsurer)),
		BaseURL:  d.URLs.Partners, Clock: d.clock, Logger: d.App.Logger,
	}
}

// describe completes the pages with what the demonstration consists of.
func (d *Demo) describe(c *web.Config) {
	c.Demonstration, c.HospitalURL = true, d.URLs.Partners+"/hopital"
	if c.Space != nil {
		c.Space.Simulated = true
	}
	if c.Desk != nil {
		c.Desk.Simulated = true
		c.Desk.Sandbox = &web.Sandbox{Persons: func() []web.Person { return c.Persons }, Mint: d.mint, API: func() http.Handler { return d.App.Public() }}
	}
	c.Pieces = []web.Piece{
		{Name: "Espace assuré", What: "vos droits, vos partages, qui les a consultés", Href: d.URLs.API + "/mon-espace", Link: true},
		{Name: "Espace partenaire", What: "demander un accès, signer, gérer ses clés", Href: d.URLs.API + "/partenaire", Link: true},
		{Name: "Espace d'instruction", What: "examiner les demandes, habiliter les agents", Href: d.URLs.API + "/instruction", Link: true},
		{Name: "API des droits", What: "les sept opérations publiées et nos ajouts", Href: d.URLs.BaseURL},
		{Name: "Simulateur FranceConnect", What: "identités fictives, versions 1 et 2", Href: d.URLs.Sim, Link: true},
		{Name: "Fournisseur d'identité de démonstration", What: "comptes fictifs des partenaires et des agents", Href: d.URLs.Pro + "/", Link: true},
		{Name: "Hôpital de démonstration", What: "la pré-admission et le guichet", Href: d.URLs.Partners + "/hopital", Link: true},
		{Name: "Mutuelle de démonstration", What: "l'adhésion", Href: d.URLs.Partners + "/mutuelle", Link: true},
	}
	for _, p := range d.People {
		if p.Named {
			c.Persons = append(c.Persons, web.Person{Slug: p.Slug, Name: p.Pivot.GivenName + " " + p.Pivot.FamilyName, What: p.What, Hospital: p.Expect.Hopital, Insurer: p.Expect.Mutuelle})
		}
	}
	c.Steps = []web.Step{
		{Title: "Démarrer", Text: "Tout tourne sur cette machine, avec des personnes fictives.", Command: "make demo"},
		{Title: "Obtenir une clé et un jeton", Text: "La commande répond en JSON ; le membre « curl » est un appel complet.", Command: "droits demo token --person famille-martin --partner hopital --json"},
		{Title: "Appeler", Text: "Les deux identifiants sont toujours requis.", Command: `curl -H "X-API-Key: $CLE" -H "Authorization: Bearer $JETON" ` + d.URLs.BaseURL + "/me"},
	}
}

// mint makes a token of a test person for a client, for the sandbox page.
// Errors: ressource_inconnue.
func (d *Demo) mint(_ context.Context, client, person string) (token, number string, err error) {
	token, _, err = d.Sim.Mint(fcsim.MintRequest{ClientID: client, Slug: person})
	if err != nil {
		return "", "", fault.New(fault.RessourceInconnue, "demo: mint")
	}
	for _, p := range d.People {
		if p.Slug == person {
			number = p.NIR.Reveal()
		}
	}
	return token, number, nil
}

// PersonLine is a test person as it is listed. It is one of the few places
// where a NIR, a fictitious one, is printed.
type PersonLine struct {
	Slug   string        `json:"slug"`
	What   string        `json:"what"`
	NIR    string        `json:"nir"`
	Expect people.Expect `json:"expect"`
}

// Persons lists the people who can log in.
func (d *Demo) Persons() any {
	out := []PersonLine{}
	for _, p := range d.People {
		out = append(out, PersonLine{p.Slug, p.What, p.NIR.Reveal(), p.Expect})
	}
	return out
}

// TokenLine is a working pair of credentials.
type TokenLine struct {
	APIKey      string `json:"api_key"`
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"`
	BaseURL     string `json:"base_url"`
	Curl        string `json:"curl"`
}

// defaultTokenTTL leaves time to copy a line by hand; the simulated journeys
// keep FranceConnect's minute.
const defaultTokenTTL = 10 * time.Minute

// Token mints a token as if the person had walked the journey of the partner.
// Errors: parametre_invalide, ressource_inconnue.
func (d *Demo) Token(_ context.Context, person, partnerID string, ttl time.Duration) (any, error) {
	clients := map[string]string{demoHospital: clientHospV1, demoInsurer: clientInsurer, demoHospital + "-v2": clientHospV2}
	id, ok := clients[partnerID]
	if !ok {
		return nil, fault.New(fault.ParametreInvalide, "demo: token").On("partner")
	}
	if ttl == 0 {
		ttl = defaultTokenTTL
	}
	token, life, err := d.Sim.Mint(fcsim.MintRequest{ClientID: id, Slug: person, Scopes: []string{"openid", droits.ScopeUmbrella}, TTL: ttl})
	if err != nil {
		return nil, fault.New(fault.RessourceInconnue, "demo: token").On("person").With(err)
	}
	key := d.Key(demoHospital)
	if partnerID == demoInsurer {
		key = d.Key(demoInsurer)
	}
	return TokenLine{key, token, int(life.Seconds()), d.URLs.BaseURL,
		fmt.Sprintf("curl -s -H 'X-API-Key: %s' -H 'Authorization: Bearer %s' %s/me", key, token, d.URLs.BaseURL)}, nil
}
