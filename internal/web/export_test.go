package web_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"droits.example/droits/internal/apptest"
)

func TestTheJournalAsAFile(t *testing.T) { // R44
	in := apptest.Start(t, apptest.Options{})
	b := signedIn(t, in, "double-rattachement-b")
	in.Get(t, "/contrats", in.As(t, "double-rattachement-a", in.Hospital), apptest.With("nir", in.NIRInFile(t, "double-rattachement-enfant"))).Want(t, 200, "")
	in.Get(t, "/me", in.As(t, "double-rattachement-b", in.Insurer)).Want(t, 200, "")
	p := b.Get(t, "/mon-espace/acces/export")
	if p.Status != 200 || p.Header.Get("Content-Type") != "text/csv; charset=utf-8" || p.Header.Get("Cache-Control") != "no-store" || p.Header.Get("Content-Disposition") != `attachment; filename="mes-acces-2026-11-22.csv"` {
		t.Fatalf("status %d %v", p.Status, p.Header)
	}
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(p.Body, "\ufeff")))
	r.Comma = ';'
	rows, err := r.ReadAll()
	if err != nil || len(rows) < 4 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	t.Run("T12 a line of the other parent's session tells no more there than on the page", func(t *testing.T) {
		for _, row := range rows[1:] {
			if strings.Contains(row[3], "autre représentant") && (strings.Contains(strings.Join(row, " "), "Partenaire d'essai") || row[5] != "détail réservé") {
				t.Error(row)
			}
		}
	})
	t.Run("R45 asking for it is in the journal", func(t *testing.T) {
		if e := in.LastTrace(t); e.Str("operation") != "consulter_mes_acces" {
			t.Error(e.Str("operation"))
		}
	})
	t.Run("R10 it holds no number", func(t *testing.T) {
		if strings.Contains(p.Body, in.NIR(t, "double-rattachement-b")[:13]) {
			t.Error("it does")
		}
	})
	t.Run("nobody has it without a session", func(t *testing.T) {
		if p := in.Browser().Get(t, "/mon-espace/acces/export"); strings.Contains(p.Body, ";") && p.Header.Get("Content-Disposition") != "" {
			t.Error("a file")
		}
	})
}
