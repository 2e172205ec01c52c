package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/access"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/sim/people"
)

// secrets gathers what must not be found: the numbers and names of everybody
// in the file, what their rights say in words, tokens and keys.
type secrets struct{ words map[string]string } // what → a label without it

func (s *secrets) add(label, word string) {
	if len(word) >= 6 { // shorter ones are found in anything
		s.words[word] = label
	}
}

// find reports the labels of the secrets that a text holds.
func (s *secrets) find(text []byte) (labels []string) {
	for w, label := range s.words {
		if bytes.Contains(text, []byte(w)) {
			labels = append(labels, label)
		}
	}
	return labels
}

// of gathers the people of the file.
func everybody(t *testing.T) *secrets {
	t.Helper()
	s := &secrets{words: map[string]string{}}
	var file bytes.Buffer
	if err := people.WriteNDJSON(&file, apptest.Seed, civil.On(apptest.Noon())); err != nil {
		t.Fatal(err)
	}
	n := 0
	for dec := json.NewDecoder(&file); dec.More(); n++ {
		var row struct {
			Type, ID, NIR string
			NomFamille    string `json:"nom_famille"`
			NomUsage      string `json:"nom_usage"`
			Rattachements []struct {
				MedecinsTraitants []struct {
					Nom      string `json:"nom"`
					NumeroAM string `json:"numero_am"`
				} `json:"medecins_traitants"`
				Complementaires []struct {
					NumeroContrat string `json:"numero_contrat"`
				} `json:"complementaires"`
				ArretsTravail []struct {
					Numero string `json:"numero"`
				} `json:"arrets_travail"`
			}
		}
		if err := dec.Decode(&row); err != nil {
			t.Fatal(err)
		}
		if row.Type != "personne" {
			continue
		}
		if row.NIR != "" {
			s.add("the number of "+row.ID, row.NIR[:13])
		}
		s.add("the name of "+row.ID, row.NomFamille)
		s.add("the name in use of "+row.ID, row.NomUsage)
		for _, r := range row.Rattachements {
			for _, m := range r.MedecinsTraitants {
				s.add("the doctor of "+row.ID, m.Nom)
				s.add("the doctor's number of "+row.ID, m.NumeroAM)
			}
			for _, c := range r.Complementaires {
				s.add("the contract of "+row.ID, c.NumeroContrat)
			}
			for _, a := range r.ArretsTravail {
				s.add("the sick leave of "+row.ID, a.Numero)
			}
		}
	}
	if n < 300 {
		t.Fatalf("only %d rows", n)
	}
	return s
}

// The marked person of a bad row: nothing of it may be found anywhere.
const (
	markedName = "ZZCANARIZZ"
	markedNIR  = "285107599912345" // its key is wrong
)

func TestCanary(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	in := apptest.Start(t, apptest.Options{})
	s := everybody(t)
	s.add("the name of the bad row", markedName)
	s.add("the number of the bad row", markedNIR[:13])
	for _, p := range []apptest.Partner{in.Hospital, in.Insurer} {
		s.add("the key of "+p.ID, strings.TrimPrefix(p.Key, "test_"))
	}
	s.outbox(t, in)
	refusals := walkEverything(t, in, s)
	rejects := importBadRow(t, in, temp)
	s.administer(t, in)

	t.Run("R10 nothing of anybody in the answers of refusals", func(t *testing.T) { s.clean(t, "a refusal", []byte(refusals)) })
	t.Run("R10 nothing of anybody in the log at debug level", func(t *testing.T) {
		if n := strings.Count(in.Logs.String(), "\n"); n < 100 {
			t.Fatalf("only %d lines: the log was not on", n)
		}
		s.clean(t, "the log", []byte(in.Logs.String()))
	})
	t.Run("R10 nothing of anybody in the metrics", func(t *testing.T) {
		_, body := in.Inside(t, "/metrics")
		s.clean(t, "the metrics", []byte(body))
	})
	t.Run("R10 the reject file tells the line and the rule, no value", func(t *testing.T) {
		if !bytes.Contains(rejects, []byte("nir")) {
			t.Errorf("the reject file does not name the rule: %d bytes", len(rejects))
		}
		s.clean(t, "the reject file", rejects)
	})
	t.Run("R10 R78 nothing of anybody in clear in the data directory, nor a usable key", func(t *testing.T) { s.cleanFolder(t, in.Dir) })
	t.Run("R10 nothing of anybody in temporary files", func(t *testing.T) { s.cleanFolder(t, temp) })
	t.Run("R10 the pages hold nobody", func(t *testing.T) {
		for _, path := range []string{"/", "/documentation", "/documentation/erreurs", "/openapi.json", "/rien"} {
			a := in.Do(t, path+"?nir="+in.NIR(t, "famille-martin"))
			s.clean(t, path, a.Body)
			s.clean(t, path, []byte(fmt.Sprint(a.Header)))
		}
	})
}

// outbox makes messages wait: to a person whose address is marked, and to a
// partner whose address does not answer and whose secret is marked.
func (s *secrets) outbox(t *testing.T, in *apptest.Instance) {
	t.Helper()
	const mail, path, secret = "zzcanari.courriel@exemple.fr", "zzcanari-chemin", "whsec_zzcanari-secret"
	s.add("the address of a person", mail)
	s.add("the address of a partner", path)
	s.add("the secret of a partner", secret)
	c := citizen(t, in, "famille-martin")
	if err := in.App.Access.SetSettings(t.Context(), c, access.Visit{RequestID: "page"}, access.Settings{Mail: mail, Notify: true}); err != nil {
		t.Fatal(err)
	}
	if err := in.App.Store.SetWebhook(t.Context(), in.Hospital.ID, "http://127.0.0.1:1/"+path, secret, partner.Sandbox); err != nil {
		t.Fatal(err)
	}
	in.Get(t, "/me", in.As(t, "famille-martin", in.Hospital)).Want(t, 200, "")
	for _, do := range []func() error{
		func() error { return in.App.Access.Pause(t.Context(), c, access.Visit{}, in.Hospital.ID, time.Time{}) },
		func() error { return in.App.Access.Allow(t.Context(), c, access.Visit{}, in.Hospital.ID) },
		func() error { _, err := in.App.Worker.Pass(t.Context()); return err },
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
	in.Clock.Advance(time.Second)
}

func (s *secrets) clean(t *testing.T, where string, text []byte) {
	t.Helper()
	for _, label := range s.find(text) {
		t.Errorf("%s holds %s", where, label)
	}
}

func (s *secrets) cleanFolder(t *testing.T, dir string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		s.clean(t, d.Name(), []byte(d.Name()))
		s.clean(t, d.Name(), b)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files searched", files)
}

// walkEverything makes every call that touches somebody, and the failures that
// could tell. It returns the bytes of every refusal.
func walkEverything(t *testing.T, in *apptest.Instance, s *secrets) string {
	t.Helper()
	var refusals strings.Builder
	call := func(path string, changes ...apptest.Change) {
		t.Helper()
		if a := in.Get(t, path, changes...); a.Status != 200 {
			fmt.Fprintln(&refusals, a.Header, string(a.Body))
		} else {
			fmt.Fprintln(&refusals, a.Header)
		}
	}
	for _, p := range in.People {
		if strings.HasPrefix(p.Slug, "famille-0") && p.Slug > "famille-003" {
			continue
		}
		nir := p.NIR.Reveal()
		if p.NIR.IsZero() {
			nir = in.NIR(t, "ald")
		}
		for _, who := range []apptest.Partner{in.Hospital, in.Insurer} {
			token := in.Token(t, p.Slug, who)
			s.add("a token of "+p.Slug, token)
			as := []apptest.Change{apptest.Key(who), apptest.Bearer(token), apptest.With("nir", nir)}
			for _, op := range droits.Operations() {
				call(op.Path, as...)
			}
			call("/contrats?nir="+nir+"&nom="+p.Pivot.FamilyName, append(as, apptest.With("X-Request-Id", nir), apptest.With("X-Forwarded-For", nir))...)
			call("/contrats?dateDebut="+nir, as...)
			call("/contrats?champs="+nir, as...)
			call("/"+nir, as...)
			call("/contrats", append(as, apptest.With("X-Agent", nir))...)
			call("/contrats", append(as, apptest.With("date-naissance", nir))...)
			call("/contrats", apptest.Key(who), apptest.Bearer(token), apptest.With("nir", nir+"9"))
			call("/contrats", apptest.With("X-API-Key", nir), apptest.Bearer(token))
			call("/contrats", apptest.Key(who), apptest.Bearer(nir), apptest.With("nir", nir))
			call("/contrats", append(as, apptest.Method(http.MethodPost))...)
		}
	}
	for n := 1; n <= 4; n++ { // a panic at each reading of the clock on the road
		who := in.As(t, "famille-martin", in.Hospital)
		in.Clock.Break(n)
		call("/me", who)
		in.Clock.Break(0)
	}
	return refusals.String()
}

func importBadRow(t *testing.T, in *apptest.Instance, dir string) []byte {
	t.Helper()
	path, rejects := filepath.Join(t.TempDir(), "ajout.ndjson"), filepath.Join(dir, "rejets.ndjson")
	file := `{"type":"entete","format":"droits/1","jeu":"delta","date_reference":"` + civil.On(in.Clock.Now()).String() + `"}
{"type":"personne","id":"zz1","nir":"` + markedNIR + `","nom_famille":"` + markedName + `","prenoms":["` + markedName + `"],"date_naissance":"1985-10-01","sexe":"F","servie":true}
{"type":"personne","id":"zz2","nom_famille":"` + markedName + `","prenoms":"` + markedNIR + `"}
`
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	_, out := control(t, in, http.MethodPost, "/import", map[string]any{"apply": true, "path": path, "rejects_path": rejects})
	if bytes.Contains(out, []byte(markedName)) || bytes.Contains(out, []byte(markedNIR[:13])) || !bytes.Contains(out, []byte("summary")) {
		t.Error("R10 the answer to an import holds a value, or nothing")
	}
	b, err := os.ReadFile(rejects)
	if err != nil {
		t.Fatal(err)
	}
	if len(bytes.Split(bytes.TrimSpace(b), []byte("\n"))) < 2 {
		t.Errorf("fewer rejects than bad rows: %d bytes", len(b))
	}
	return b
}

// administer does every act about a person and a key, with its failures.
func (s *secrets) administer(t *testing.T, in *apptest.Instance) {
	t.Helper()
	nir := in.NIR(t, "c2s")
	for _, apply := range []bool{false, true} {
		for path, body := range map[string]map[string]any{
			"/restrictions":      {"nir": nir, "ground": "18-1-a"},
			"/consents/withdraw": {"nir": nir, "id": in.Hospital.ID},
			"/consents/allow":    {"nir": nir, "id": in.Hospital.ID},
			"/keys":              {"id": nir},
			"/partners":          {"partner": map[string]any{"id": nir, "nom": nir, "siret": nir, "kind": nir}},
			"/conventions/state": {"id": nir, "state": "active"},
			"/keys/revoke":       {"id": nir},
		} {
			body["apply"] = apply
			_, out := control(t, in, http.MethodPost, path, body)
			s.clean(t, path, out)
		}
	}
	for _, path := range []string{"/partners", "/conventions", "/keys", "/restrictions"} {
		_, out := control(t, in, http.MethodGet, path, nil)
		s.clean(t, path, out)
	}
	status, out := control(t, in, http.MethodPost, "/keys", map[string]any{"apply": true, "id": in.Hospital.Convention})
	var made struct{ Secret string }
	if err := json.Unmarshal(out, &made); err != nil || status != 200 || made.Secret == "" {
		t.Fatalf("no key was made: %d", status)
	}
	s.add("a key made by the administration", strings.TrimPrefix(made.Secret, "test_"))
}
