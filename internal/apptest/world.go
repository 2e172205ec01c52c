package apptest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"droits.example/droits/internal/app"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/sim/fcsim"
	"droits.example/droits/internal/sim/people"
	"droits.example/droits/internal/sim/prosim"
	"droits.example/droits/internal/web"
)

// The FranceConnect clients of the simulated world. Stranger is in no
// convention.
const (
	ClientHospitalV1 = "hopital-essai-v1-0123456789abcdef0123456789"
	ClientHospitalV2 = "hopital-essai-v2-0123456789abcdef0123456789"
	ClientInsurer    = "mutuelle-essai-v2-0123456789abcdef01234567"
	ClientStrangerV1 = "inconnu-essai-v1-0123456789abcdef0123456789"
	ClientStrangerV2 = "inconnu-essai-v2-0123456789abcdef0123456789"

	ClientSpace = "espace-essai-v2-0123456789abcdef012345678901"
	ClientPro   = "professionnels-essai-0123456789abcdef012345"

	providerID     = "droits-essai-fournisseur-0123456789abcdef01"
	providerSecret = "secret-du-fournisseur-d-essai"
)

// Scopes are all the scopes that open something here.
func Scopes() []string {
	return []string{droits.ScopeUmbrella, droits.ScopeBeneficiaires, droits.ScopeCaisse, droits.ScopeContrats, droits.ScopeExonerations, droits.ScopeMedecin, droits.ScopePresenceMedecin}
}

func (in *Instance) simulate() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	in.world.simURL = "http://" + l.Addr().String()
	in.SimURL = in.world.simURL
	var list []fcsim.Person
	for _, p := range in.People {
		list = append(list, fcsim.Person{Slug: p.Slug, What: p.What, Pivot: p.Pivot, Named: p.Named})
	}
	scopes := append([]string{"openid", "profile", "identite_pivot", "cnam_paiements_ij"}, Scopes()...)
	var clients []fcsim.Client
	for id, profile := range map[string]identity.Profile{ClientHospitalV1: identity.V1, ClientHospitalV2: identity.V2, ClientInsurer: identity.V2, ClientStrangerV1: identity.V1, ClientStrangerV2: identity.V2} {
		clients = append(clients, fcsim.Client{ID: id, Secret: "secret-" + id, Name: "Essai", Profile: profile, RedirectURIs: []string{"http://127.0.0.1:9/retour"}, Scopes: scopes})
	}
	clients = append(clients, fcsim.Client{ID: ClientSpace, Secret: "secret-" + ClientSpace, Name: "Espace assuré", Profile: identity.V2,
		RedirectURIs: []string{in.URL + web.ReturnPath}, PostLogoutURIs: []string{in.URL + web.GoodbyePath}, Scopes: []string{"identite_pivot"}})
	in.Sim, err = fcsim.New(fcsim.Config{
		BaseURL: in.world.simURL, Clients: clients, People: list, Clock: in.Clock.Now, TokenTTL: time.Minute,
		Providers: []fcsim.DataProvider{{ID: providerID, Secret: providerSecret, Title: "Essai", JWKSURL: in.URL + app.JWKSPath, Scopes: scopes}},
	})
	if err != nil {
		l.Close()
		return err
	}
	if in.Pro, err = app.NewProSimulator(in.world.simURL, in.URL, prosim.Client{ID: ClientPro, Secret: "secret-" + ClientPro}, in.Clock.Now); err != nil {
		l.Close()
		return err
	}
	in.world.sim = &http.Server{Handler: app.Simulators(in.Sim, in.Pro), ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)}
	go func() { _ = in.world.sim.Serve(l) }() // ends with Close
	return nil
}

// Partner is who calls: an organisation, its convention and its key.
type Partner struct {
	ID         string
	Convention string
	Key        string
	KeyID      string
	Client     string // the FranceConnect client that its tokens are issued to
	Kind       droits.Kind
}

// V2 is the same partner with tokens of its second version client.
func (p Partner) V2() Partner {
	if p.Kind == droits.Etablissement {
		p.Client = ClientHospitalV2
	}
	return p
}

func hospital(d *convention.Document) {
	d.Purpose, d.Kind = "preadmission", droits.Etablissement
	d.FCClients = []convention.FCClient{{ID: ClientHospitalV1, Profile: "v1"}, {ID: ClientHospitalV2, Profile: "v2"}}
}

func insurer(d *convention.Document) {
	d.Purpose, d.Kind = "adhesion", droits.OrganismeComplementaire
	d.FCClients = []convention.FCClient{{ID: ClientInsurer, Profile: "v2"}}
}

// SignUp adds a partner of a kind with a live convention and a key. edit, when
// given, changes the document before it is stored; by default the convention
// opens every block of the kind.
func (in *Instance) SignUp(t testing.TB, k droits.Kind, edit func(*convention.Document)) Partner {
	t.Helper()
	in.world.n++
	base := hospital
	if k == droits.OrganismeComplementaire {
		base = insurer
	}
	p, err := in.signUp(fmt.Sprintf("essai-%d", in.world.n), base, edit)
	if err != nil {
		t.Fatalf("apptest: sign up: %v", err)
	}
	return p
}

func (in *Instance) signUp(id string, base, edit func(*convention.Document)) (p Partner, err error) {
	ctx, s, today := context.Background(), in.App.Store, civil.On(in.Clock.Now())
	doc := convention.Document{
		ID: id + "-convention", Version: 1, Parties: convention.Parties{Operator: "Plateforme d'essai", Partner: id, Name: "Partenaire d'essai", SIRET: "00000000000018"},
		Quota: in.opts.Quota, From: today.AddMonths(-1), Until: today.AddYears(3), Auth: "api_key",
		Terms: convention.Terms{Terms: "2026-11", Notice: convention.NoticeVersion, NoticeSHA256: convention.NoticeSHA256()},
	}
	base(&doc)
	for _, b := range droits.Blocs() {
		if b.For(doc.Kind) {
			doc.Blocks = append(doc.Blocks, b.Bloc)
		}
	}
	if edit != nil {
		edit(&doc)
	}
	p = Partner{ID: id, Convention: doc.ID, Client: doc.FCClients[0].ID, Kind: doc.Kind}
	if err := s.PutPartner(ctx, partner.Partner{ID: id, Nom: doc.Parties.Name, SIRET: doc.Parties.SIRET, Kind: doc.Kind}); err != nil {
		return p, err
	}
	conv, err := convention.New(doc, convention.Draft)
	if err != nil {
		return p, err
	}
	if conv, err = s.Countersigned(ctx, conv, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))); err != nil {
		return p, err
	}
	if err := s.PutConvention(ctx, conv); err != nil {
		return p, err
	}
	if err := s.SetConventionState(ctx, doc.ID, convention.Active); err != nil {
		return p, err
	}
	return in.addKey(p, time.Time{})
}

func (in *Instance) addKey(p Partner, expiresAt time.Time) (Partner, error) {
	p.Key = partner.NewSecret(in.opts.Environment)
	k, err := in.App.Store.AddKey(context.Background(), p.Convention, p.Key, in.opts.Environment, expiresAt)
	p.KeyID = k.ID
	return p, err
}

// NewKey gives the partner one more key, which ends at an instant unless it is
// zero.
func (in *Instance) NewKey(t testing.TB, p Partner, expiresAt time.Time) Partner {
	t.Helper()
	p, err := in.addKey(p, expiresAt)
	if err != nil {
		t.Fatalf("apptest: add a key: %v", err)
	}
	return p
}

// Move changes the state of the partner's convention.
func (in *Instance) Move(t testing.TB, p Partner, s convention.State) {
	t.Helper()
	if err := in.App.Store.SetConventionState(context.Background(), p.Convention, s); err != nil {
		t.Fatalf("apptest: move a convention: %v", err)
	}
}

// Person is the sandbox person with that slug.
func (in *Instance) Person(t testing.TB, slug string) people.Person {
	t.Helper()
	for _, p := range in.People {
		if p.Slug == slug {
			return p
		}
	}
	t.Fatalf("apptest: no sandbox person %s", slug)
	return people.Person{}
}

// NIR is the number of a sandbox person that can log in.
func (in *Instance) NIR(t testing.TB, slug string) string {
	t.Helper()
	return in.Person(t, slug).NIR.Reveal()
}

// Subject is the person's name in the store.
func (in *Instance) Subject(t testing.TB, slug string) droits.Sujet {
	t.Helper()
	s, err := in.App.Store.SubjectOf(context.Background(), in.Person(t, slug).NIR)
	if err != nil {
		t.Fatalf("apptest: subject: %v", err)
	}
	return s
}

// Token is a fresh token of the person for the partner, for the scopes given,
// or for the umbrella scope. It lives a minute of the instance's clock.
func (in *Instance) Token(t testing.TB, slug string, p Partner, scopes ...string) string {
	t.Helper()
	if scopes == nil {
		scopes = []string{droits.ScopeUmbrella}
	}
	return in.Mint(t, fcsim.MintRequest{ClientID: p.Client, Slug: slug, Scopes: append([]string{"openid"}, scopes...)})
}

// Mint asks the simulator for a token.
func (in *Instance) Mint(t testing.TB, r fcsim.MintRequest) string {
	t.Helper()
	token, _, err := in.Sim.Mint(r)
	if err != nil {
		t.Fatalf("apptest: mint: %v", err)
	}
	return token
}

// NIRInFile is the number of anybody of the import file, also of those who
// cannot log in.
func (in *Instance) NIRInFile(t testing.TB, id string) string {
	t.Helper()
	var file bytes.Buffer
	if err := people.WriteNDJSON(&file, Seed, civil.On(in.opts.Now)); err != nil {
		t.Fatal(err)
	}
	for dec := json.NewDecoder(&file); ; {
		var row struct{ ID, NIR string }
		if err := dec.Decode(&row); err != nil {
			t.Fatalf("apptest: nobody in the file is %s", id)
		}
		if row.ID == id {
			return row.NIR
		}
	}
}
