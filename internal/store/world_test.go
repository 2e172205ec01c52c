package store

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/intake"
	"droits.example/droits/internal/partner"
)

var (
	ctx   = context.Background()
	today = civil.MustParse("2026-11-22")
)

func noon() time.Time { return time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC) }

func testRoot() (r Root) {
	for i := range r {
		r[i] = byte(i + 1)
	}
	return r
}

func fresh(t testing.TB) *Store { return openAt(t, t.TempDir()) }

func openAt(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(ctx, Config{Dir: dir, Root: testRoot(), Clock: noon})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// The lines of an import file.
const (
	head      = `{"type":"entete","format":"droits/1","jeu":"complet","date_reference":"2026-11-22"}` + "\n"
	deltaHead = `{"type":"entete","format":"droits/1","jeu":"delta","date_reference":"2026-11-23"}` + "\n"
)

func fund(id string) string {
	return fmt.Sprintf(`{"type":"caisse","id":"%s","code_centre":"0000","grand_regime":"%s","organisme":"CPAM","libelle":"Caisse %s"}`+"\n", id, id[:2], id)
}

// someone is a row of the file being made.
type someone struct {
	ID      string
	N       int    // number of the NIR, 0 = none
	Nom     string // "" = made from N
	Former  int    // number of a former NIR
	Outside bool   // a sentinel
	Dead    bool
	Links   []tie
}

type tie struct {
	Opener, Qualite, Caisse, From, To string
	Rank                              int
}

func self(id, caisse string) tie { return tie{Opener: id, Qualite: "assure", Caisse: caisse} }
func under(id string) tie        { return tie{Opener: id, Qualite: "enfant", Caisse: "01261"} }

func adult(id string, n int) someone {
	return someone{ID: id, N: n, Links: []tie{self(id, "01261")}}
}

func child(id string, openers ...string) someone {
	p := someone{ID: id}
	for _, o := range openers {
		p.Links = append(p.Links, under(o))
	}
	return p
}

// letters makes a name of a number.
func letters(n int) string {
	b := []byte("Marque")
	for ; n > 0; n /= 20 {
		b = append(b, "bcdfghjklmnpqrstvwxz"[n%20])
	}
	return string(b)
}

func digits(n int) string { return fmt.Sprintf("1850312047%03d", n) }

func (p someone) name() string {
	if p.Nom != "" {
		return p.Nom
	}
	return letters(p.N + 1)
}

func (p someone) pivot() identity.Pivot {
	return identity.Pivot{FamilyName: p.name(), GivenName: "Quentinelle", GivenNames: []string{"Quentinelle"}, Birthdate: "1985-03-14", Gender: "male", Birthplace: "12047", Birthcountry: "99100"}
}

func (p someone) line() string {
	m := map[string]any{"type": "personne", "id": p.ID, "nom_famille": p.name(), "prenoms": []string{"Quentinelle"}, "date_naissance": "2015-06-01", "servie": !p.Outside}
	if p.N > 0 {
		m["nir"], m["sexe"], m["date_naissance"], m["lieu_naissance"], m["pays_naissance"] = digits(p.N), "M", "1985-03-14", "12047", "99100"
	}
	if p.Former > 0 {
		m["nir_precedents"] = []string{digits(p.Former)}
	}
	if p.Dead {
		m["date_deces"] = "2026-01-01"
	}
	var links []map[string]any
	for _, t := range p.Links {
		l := map[string]any{"ouvrant": t.Opener, "qualite": t.Qualite, "date_debut": "2016-01-01"}
		for k, v := range map[string]string{"caisse": t.Caisse, "date_debut": t.From, "date_fin": t.To} {
			if v != "" {
				l[k] = v
			}
		}
		if t.Rank > 0 {
			l["rang_naissance"] = t.Rank
		}
		if t.Qualite == "assure" {
			l["contrats"] = []map[string]any{{"nature_assurance": "AMO", "code_type_contrat": "BASE", "date_debut": "2016-01-01"}}
		}
		links = append(links, l)
	}
	if !p.Outside && links != nil {
		m["rattachements"] = links
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(b) + "\n"
}

func gone(id, motif, on string) string {
	return fmt.Sprintf(`{"type":"fin","id":"%s","motif":"%s","date":"%s"}`+"\n", id, motif, on)
}

func lines(of ...someone) string {
	var b strings.Builder
	for _, p := range of {
		b.WriteString(p.line())
	}
	return b.String()
}

// run loads a file into a sink and returns what it refused.
func run(t testing.TB, sink intake.Sink, file string) (intake.Summary, string) {
	t.Helper()
	var rejects bytes.Buffer
	s, err := intake.Run(ctx, intake.Options{Reader: strings.NewReader(file), Sink: sink, DryRun: sink == nil, Rejects: &rejects})
	if err != nil {
		t.Fatalf("%v %s", err, rejects.String())
	}
	return s, rejects.String()
}

func load(t testing.TB, s *Store, file string) {
	t.Helper()
	if sum, rejects := run(t, s.NewLoad(), file); sum.Rejected != 0 {
		t.Fatalf("refused: %s", rejects)
	}
}

// dump tells the visible population, one line a person and a link, without
// anything that depends on the order in which it was written.
func dump(t testing.TB, s *Store) string {
	t.Helper()
	pop := s.state.Load().population
	if pop.path == "" {
		return ""
	}
	name := map[int64]string{}
	type row struct {
		id                 int64
		ligne              string
		sentinel           bool
		sealed, liens, doc []byte
	}
	var rows []row
	inPopulation(t, s, `SELECT p.id, p.ligne, p.sentinelle, p.identite, p.liens, d.contenu FROM personne p LEFT JOIN dossier d ON d.personne = p.id`, func(x *sqlite.Stmt) error {
		r := row{x.ColumnInt64(0), x.ColumnText(1), x.ColumnInt(2) == 1, column(x, 3), column(x, 4), column(x, 5)}
		name[r.id] = r.ligne
		rows = append(rows, r)
		return nil
	})
	var out []string
	for _, r := range rows {
		if r.sentinel {
			out = append(out, r.ligne+" sentinel")
			continue
		}
		at := rowID{pop.load, r.id}
		var who docPersonne
		var own docLiens
		var others docFamille
		must(t, s.keys.openRow(placeIdentite, at, r.sealed, &who))
		must(t, s.keys.openRow(placeLiens, at, r.liens, &own))
		if len(r.doc) > 0 {
			must(t, s.keys.openRow(placeDossier, at, r.doc, &others))
		}
		var links []string
		link := func(l docLien, of string) {
			links = append(links, fmt.Sprintf(" %s %s %s-%s %s;", of, l.Qualite, civil.Date(l.P.From).String(), civil.Date(l.P.To).String(), l.Caisse))
		}
		for _, l := range own.Liens {
			link(l, r.ligne)
		}
		for _, l := range others.Liens {
			link(l, name[others.Membres[l.Beneficiaire].ID])
		}
		sort.Strings(links)
		out = append(out, r.ligne+" "+who.Nom+":"+strings.Join(links, ""))
	}
	sort.Strings(out)
	return strings.Join(out, "\n")
}

// find looks somebody up as the road does and decides.
func find(t testing.TB, s *Store, p someone) (who *droits.Famille, standing consent.Standing, ok bool) {
	t.Helper()
	got, err := s.Find(ctx, p.pivot(), "hopital", s.TokenDigest("jeton"))
	if err != nil {
		t.Fatal(err)
	}
	var records []identity.Record
	for _, c := range got {
		records = append(records, c.Record)
	}
	r := identity.Decide(p.pivot(), records)
	for _, c := range got {
		if r.Outcome == identity.Match && c.Record.ID == r.ID {
			f, err := c.Dossier.Open()
			if err != nil {
				t.Fatal(err)
			}
			return f, c.Standing, true
		}
	}
	return nil, consent.Standing{}, false
}

// countersigned is a convention with both signatures.
func countersigned(t testing.TB, s *Store, c convention.Convention) convention.Convention {
	t.Helper()
	c, err := s.Countersigned(ctx, c, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	must(t, err)
	return c
}

// register adds the partner hopital, its convention conv-hopital, active, and
// a key.
func register(t testing.TB, s *Store) (secret string, key partner.Key) {
	t.Helper()
	must(t, s.PutPartner(ctx, partner.Partner{ID: "hopital", Nom: "Hopital", SIRET: "11000001500013", Kind: droits.Etablissement}))
	c, err := convention.New(document(1), convention.Draft)
	must(t, err)
	must(t, s.PutConvention(ctx, countersigned(t, s, c)))
	must(t, s.SetConventionState(ctx, "conv-hopital", convention.Active))
	secret = partner.NewSecret(partner.Sandbox)
	key, err = s.AddKey(ctx, "conv-hopital", secret, partner.Sandbox, time.Time{})
	must(t, err)
	return secret, key
}

func document(version int) convention.Document {
	return convention.Document{
		ID: "conv-hopital", Version: version, Parties: convention.Parties{Operator: "operateur", Partner: "hopital", Name: "Hopital", SIRET: "11000001500013"},
		Purpose: "preadmission", Kind: droits.Etablissement, Blocks: []droits.Bloc{droits.BlocIdentite, droits.BlocContrats},
		Quota: convention.Quota{PerSecond: 1000, PerDay: 100000}, From: civil.MustParse("2026-01-01"), Until: civil.MustParse("2027-12-31"), Auth: "api_key",
		FCClients: []convention.FCClient{{ID: "hopital-v1", Profile: "v1"}}, Terms: convention.Terms{Terms: "cgu-1", Notice: convention.NoticeVersion, NoticeSHA256: convention.NoticeSHA256()},
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// files are the bytes of everything in a directory.
func files(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	list, err := os.ReadDir(dir)
	must(t, err)
	out := map[string][]byte{}
	for _, f := range list {
		b, err := os.ReadFile(dir + "/" + f.Name())
		must(t, err)
		out[f.Name()] = b
	}
	return out
}

func noop(*sql.Tx) error { return nil }

func cancelled() (context.Context, context.CancelFunc) {
	c, cancel := context.WithCancel(ctx)
	cancel()
	return c, cancel
}
