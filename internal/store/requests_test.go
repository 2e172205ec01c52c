package store

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
)

func applied() *habilitation.Form {
	c := habilitation.Contact{Nom: "Claude Exemple", Fonction: "directrice", Courriel: "claude@hopital.example", Telephone: "01 99 00 00 01"}
	return &habilitation.Form{
		Organisation: habilitation.Organisation{Kind: droits.Etablissement, Nom: "Hôpital d'exemple", SIRET: "12345678900007", FINESS: "120000013"},
		Projet:       habilitation.Projet{Intitule: "Préadmission", Description: "Préparer les admissions sans papier.", Purpose: "preadmission"},
		Donnees:      habilitation.Donnees{Blocs: []droits.Bloc{droits.BlocIdentite}, Destinataires: "Agents des admissions", Months: 12},
		Cadre:        habilitation.Cadre{Nature: "Code de la santé publique", Adresse: "https://texte.example/article"},
		Connexion:    habilitation.Connexion{Habilitation: "FC-12", Client: "client-12", Profile: "v2"},
		Contacts:     habilitation.Contacts{Responsable: c, DPO: c, Technique: c},
		Volumes:      habilitation.Volumes{PerDay: 100, PerSecond: 5},
		Engagements:  habilitation.Engagements{Terms: "2026-11", DPOInformed: true},
	}
}

func TestRequests(t *testing.T) {
	s := fresh(t)
	open := func() habilitation.Request {
		t.Helper()
		r, err := s.OpenRequest(ctx, habilitation.Doing{Role: habilitation.Demandeur, Author: "c1", Form: applied()})
		must(t, err)
		return r
	}
	r := open()
	t.Run("R22 a request has a number of its year and is read back as it was written", func(t *testing.T) {
		again, err := s.Request(ctx, r.ID)
		if err != nil || !strings.HasPrefix(r.ID, "D-20") || !strings.HasSuffix(r.ID, "-0001") || again.Form.Contacts.DPO.Nom != "Claude Exemple" || again.State != habilitation.Draft {
			t.Errorf("%s %v", r.ID, err)
		}
	})
	t.Run("T5 what an applicant writes is sealed in the files", func(t *testing.T) {
		files, err := filepath.Glob(filepath.Join(s.dir, "*"))
		must(t, err)
		for _, f := range files {
			if b, err := os.ReadFile(f); err == nil && strings.Contains(string(b), "Claude Exemple") {
				t.Error(filepath.Base(f), "holds a name")
			}
		}
	})
	do := func(st *Store, a habilitation.Act, role habilitation.Role, text string) (habilitation.Request, error) {
		return st.ActOnRequest(ctx, r.ID, habilitation.Doing{Act: a, Role: role, Author: "a", Text: text})
	}
	t.Run("a rehearsal writes nothing", func(t *testing.T) {
		before, err := s.TraceCount(ctx)
		must(t, err)
		if next, err := do(s.Rehearsal(), habilitation.Submit, habilitation.Demandeur, ""); err != nil || next.State != habilitation.Submitted {
			t.Fatal(err)
		}
		again, err := s.Request(ctx, r.ID)
		after, _ := s.TraceCount(ctx)
		if err != nil || again.State != habilitation.Draft || after != before {
			t.Error("it did")
		}
	})
	t.Run("R48 each act is an event of the log, with the state before and after", func(t *testing.T) {
		n, err := s.TraceCount(ctx)
		must(t, err)
		if _, err := do(s, habilitation.Submit, habilitation.Demandeur, ""); err != nil {
			t.Fatal(err)
		}
		e := events(t, s, n)
		if len(e) != 1 || e[0].Operation != "demande_submit" || e[0].Object != r.ID || e[0].Before != "draft" || e[0].After != "submitted" || e[0].Actor != "partner" {
			t.Errorf("%+v", e)
		}
	})
	t.Run("R22 an illegal act is refused and leaves nothing", func(t *testing.T) {
		n, _ := s.TraceCount(ctx)
		if _, err := do(s, habilitation.Revoke, habilitation.Responsable, "x"); !fault.Is(err, fault.ActeImpossible) {
			t.Error(err)
		}
		if _, err := do(s, habilitation.Approve, habilitation.Rapporteur, ""); !fault.Is(err, fault.RoleInsuffisant) {
			t.Error(err)
		}
		if after, _ := s.TraceCount(ctx); after != n {
			t.Error("an event without an act")
		}
	})
	t.Run("two agents who decide at once: one decides, the other is told", func(t *testing.T) {
		var won, lost atomic.Int64
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				a, text := habilitation.Approve, ""
				if i%2 == 1 {
					a, text = habilitation.Refuse, "Incomplet."
				}
				switch _, err := do(s, a, habilitation.Instructeur, text); {
				case err == nil:
					won.Add(1)
				case fault.Is(err, fault.ActeImpossible):
					lost.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 || lost.Load() != 7 {
			t.Errorf("%d decided", won.Load())
		}
	})
	t.Run("an unknown number is no request", func(t *testing.T) {
		if _, err := s.Request(ctx, "D-1999-0001"); !fault.Is(err, fault.RessourceInconnue) {
			t.Error(err)
		}
		if _, err := s.ActOnRequest(ctx, "D-1999-0001", habilitation.Doing{Act: habilitation.Submit, Role: habilitation.Demandeur}); !fault.Is(err, fault.RessourceInconnue) {
			t.Error(err)
		}
	})
	t.Run("the queue is filtered, sorted and paged", func(t *testing.T) {
		for range 4 {
			open()
		}
		p, err := s.Requests(ctx, habilitation.Query{State: habilitation.Draft, Sort: habilitation.ByID, Descending: true, Limit: 3})
		if err != nil || p.Total != 4 || len(p.Lines) != 3 || p.Lines[0].ID <= p.Lines[1].ID || p.Lines[0].Name != "Hôpital d'exemple" || p.Lines[0].Project != "Préadmission" {
			t.Errorf("%+v %v", p, err)
		}
		if p, err = s.Requests(ctx, habilitation.Query{State: habilitation.Draft, Sort: habilitation.ByChange, Limit: 3, Offset: 3}); err != nil || len(p.Lines) != 1 {
			t.Errorf("%+v %v", p, err)
		}
		if p, err = s.Requests(ctx, habilitation.Query{SIRET: "00000000000018", Sort: habilitation.BySubmission, Limit: 3}); err != nil || p.Total != 0 {
			t.Errorf("%+v %v", p, err)
		}
		for _, q := range []habilitation.Query{{Sort: "x", Limit: 1}, {Sort: habilitation.ByID}, {Sort: habilitation.ByID, Limit: habilitation.MaxPage + 1}, {Sort: habilitation.ByID, Limit: 1, Offset: -1}} {
			if _, err := s.Requests(ctx, q); !fault.Is(err, fault.ParametreInvalide) {
				t.Errorf("%+v: %v", q, err)
			}
		}
	})
	t.Run("R34 how long an organisation waited is recomputed from the events", func(t *testing.T) {
		r := habilitation.Request{}
		if _, ok := r.FirstAnswer(); ok {
			t.Error("nobody has answered")
		}
		t0 := noon()
		r.Events = []habilitation.Event{
			{At: t0, Act: habilitation.Submit, Role: habilitation.Demandeur}, {At: t0.Add(time.Hour), Act: habilitation.Note, Role: habilitation.Instructeur},
			{At: t0.Add(3 * time.Hour), Act: habilitation.RequestChanges, Role: habilitation.Instructeur}, {At: t0.Add(9 * time.Hour), Act: habilitation.Submit, Role: habilitation.Demandeur},
		}
		if d, ok := r.FirstAnswer(); !ok || d != 3*time.Hour {
			t.Error(d)
		}
	})
}
