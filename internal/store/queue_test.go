package store

import (
	"fmt"
	"testing"
	"time"

	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
)

// queued writes n submitted requests in one transaction, without their events
// in the log: for measures.
func queued(t *testing.T, s *Store, n int, at time.Time) {
	t.Helper()
	tx, err := s.journal.writer.BeginTx(ctx, nil)
	must(t, err)
	for i := range n {
		when := at.Add(time.Duration(i) * time.Minute)
		r := habilitation.Request{ID: fmt.Sprintf("D-2025-%05d", i), State: habilitation.Submitted, Organisation: "12345678900007", Form: *applied()}
		r.Events = []habilitation.Event{{At: when, Act: habilitation.Create, Role: habilitation.Demandeur, To: habilitation.Draft}, {At: when, Act: habilitation.Submit, Role: habilitation.Demandeur, From: habilitation.Draft, To: habilitation.Submitted}}
		sealed, err := s.sealRequest(&r)
		must(t, err)
		_, err = tx.ExecContext(ctx, `INSERT INTO demande (id, organisation, etat, reouverte, version, contenu, created_at, submitted_at, changed_at, first_submitted_at) VALUES ($1, $2, 'submitted', 0, 2, $3, $4, $5, $6, $7)`,
			r.ID, r.Organisation, sealed, millis(when), millis(when), millis(when), millis(when))
		must(t, err)
	}
	must(t, tx.Commit())
}

func TestQueueOfTenThousand(t *testing.T) {
	s := fresh(t)
	queued(t, s, 10_000, noon().AddDate(-1, 0, 0))
	for name, q := range map[string]habilitation.Query{
		"first":       {Sort: habilitation.BySubmission},
		"last":        {Sort: habilitation.BySubmission, Offset: 9_950},
		"descending":  {Sort: habilitation.ByChange, Descending: true, Offset: 5_000},
		"by number":   {Sort: habilitation.ByID},
		"by state":    {Sort: habilitation.ByState},
		"unread":      {Sort: habilitation.BySubmission, Reader: "a1", Unread: true},
		"those late":  {Sort: habilitation.BySubmission, Before: noon().AddDate(-1, 0, 2)},
		"of a state":  {Sort: habilitation.BySubmission, State: habilitation.Submitted, Offset: 200},
		"one of them": {Sort: habilitation.BySubmission, ID: "D-2025-04000"},
	} {
		t.Run("a page of ten thousand opens its own rows only, "+name, func(t *testing.T) {
			q.Limit = 50
			begun := time.Now()
			p, err := s.Requests(ctx, q)
			took := time.Since(begun)
			must(t, err)
			t.Logf("%s: %d of %d in %.1f ms", name, len(p.Lines), p.Total, float64(took.Microseconds())/1000)
			if len(p.Lines) > 50 || len(p.Lines) == 0 {
				t.Errorf("%d lines", len(p.Lines))
			}
			for i := 1; i < len(p.Lines); i++ {
				a, b := p.Lines[i-1], p.Lines[i]
				if q.Sort == habilitation.BySubmission && b.SubmittedAt.Before(a.SubmittedAt) || q.Descending && b.ChangedAt.After(a.ChangedAt) {
					t.Fatal("the order is lost")
				}
			}
		})
	}
}

func TestQueueMarks(t *testing.T) {
	s := fresh(t)
	r, err := s.OpenRequest(ctx, habilitation.Doing{Role: habilitation.Demandeur, Author: "c1", Form: applied()})
	must(t, err)
	act := func(a habilitation.Act, role habilitation.Role, text string) {
		t.Helper()
		_, err := s.ActOnRequest(ctx, r.ID, habilitation.Doing{Act: a, Role: role, Author: "x", Text: text})
		must(t, err)
	}
	page := func(q habilitation.Query) habilitation.Page {
		t.Helper()
		q.Sort, q.Limit = habilitation.ByID, 10
		p, err := s.Requests(ctx, q)
		must(t, err)
		return p
	}
	act(habilitation.Submit, habilitation.Demandeur, "")
	t.Run("R31 what an agent has not seen is marked, for that agent", func(t *testing.T) {
		if !page(habilitation.Query{Reader: "a1"}).Lines[0].Unread || page(habilitation.Query{}).Lines[0].Unread {
			t.Error("not marked, or marked for nobody")
		}
		must(t, s.NoteSeen(ctx, "a1", r.ID, 2))
		if page(habilitation.Query{Reader: "a1"}).Lines[0].Unread || page(habilitation.Query{Reader: "a1", Unread: true}).Total != 0 || page(habilitation.Query{Reader: "a2", Unread: true}).Total != 1 {
			t.Error("seen by one is not seen by another")
		}
		act(habilitation.Write, habilitation.Demandeur, "Bonjour")
		if page(habilitation.Query{Reader: "a1", Unread: true}).Total != 1 {
			t.Error("a message is not news")
		}
	})
	t.Run("those that wait since before an instant", func(t *testing.T) {
		now := s.clock()
		if page(habilitation.Query{Before: now.Add(time.Second)}).Total != 1 || page(habilitation.Query{Before: now.Add(-time.Hour)}).Total != 0 {
			t.Error("it is not")
		}
	})
	t.Run("R34 the statistics are those of the events", func(t *testing.T) {
		act(habilitation.Note, habilitation.Instructeur, "À voir.")
		act(habilitation.RequestChanges, habilitation.Instructeur, "Précisez.")
		act(habilitation.Submit, habilitation.Demandeur, "")
		act(habilitation.Approve, habilitation.Instructeur, "")
		list, err := s.Timings(ctx, s.clock().AddDate(0, -6, 0))
		must(t, err)
		full, err := s.Request(ctx, r.ID)
		must(t, err)
		submitted, answered := full.Answered()
		if len(list) != 1 || list[0].SubmittedAt.UnixMilli() != submitted.UnixMilli() || list[0].AnsweredAt.UnixMilli() != answered.UnixMilli() || list[0].State != habilitation.Validated || !list[0].Granted {
			t.Errorf("%+v", list)
		}
	})
}

func TestTwoAgentsAtTheStore(t *testing.T) {
	s := fresh(t)
	s.pair = habilitation.Paired()
	r, err := s.OpenRequest(ctx, habilitation.Doing{Role: habilitation.Demandeur, Author: "c1", Form: applied()})
	must(t, err)
	act := func(a habilitation.Act, role habilitation.Role, author string) (habilitation.Request, error) {
		return s.ActOnRequest(ctx, r.ID, habilitation.Doing{Act: a, Role: role, Author: author, Text: "motif", Ground: habilitation.GroundLaw})
	}
	_, err = act(habilitation.Submit, habilitation.Demandeur, "c1")
	must(t, err)
	n, err := s.TraceCount(ctx)
	must(t, err)
	t.Run("R48 a proposal is an event of its own, and decides nothing", func(t *testing.T) {
		if got, err := act(habilitation.Approve, habilitation.Instructeur, "a1"); err != nil || got.State != habilitation.Submitted {
			t.Fatal(got.State, err)
		}
		if e := events(t, s, n); len(e) != 1 || e[0].Operation != "demande_propose" || e[0].After != "submitted" {
			t.Errorf("%+v", e)
		}
	})
	t.Run("R33 the one who proposed does not confirm, from any door", func(t *testing.T) {
		if _, err := act(habilitation.Approve, habilitation.Instructeur, "a1"); !fault.Is(err, fault.ActeImpossible) || fault.From(err).Reason() != habilitation.SamePerson {
			t.Error(err)
		}
		if got, err := act(habilitation.Approve, habilitation.Instructeur, "a2"); err != nil || got.State != habilitation.Validated {
			t.Error(err)
		}
	})
	stateOf := func(id string) convention.State {
		t.Helper()
		all, err := s.Conventions(ctx)
		must(t, err)
		for _, c := range all {
			if c.Document.ID == id {
				return c.State
			}
		}
		return ""
	}
	t.Run("R29 a revocation ends at once what the request led to, with its keys", func(t *testing.T) {
		c, err := s.PrepareConvention(ctx, r.ID, habilitation.Drafting{Operator: "Essai"})
		must(t, err)
		if _, err := act(habilitation.Revoke, habilitation.Instructeur, "a1"); err != nil {
			t.Fatal(err)
		}
		if got := stateOf(c.Document.ID); got != convention.Draft {
			t.Fatal(got)
		}
		if _, err := act(habilitation.Revoke, habilitation.Responsable, "a2"); err != nil {
			t.Fatal(err)
		}
		if got := stateOf(c.Document.ID); got != convention.Ended {
			t.Error(got)
		}
	})
}
