package consent

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/droits"
)

func facts() Facts {
	return Facts{
		Record: Record{
			ID: "acc_1", Subject: droits.Sujet{9}, Partner: "mutuelle", Convention: "conv", ConventionVersion: 2, Purpose: "adhesion", Blocks: []droits.Bloc{droits.BlocIdentite, droits.BlocExonerationsMotif},
			Notice: "2026-11", NoticeSHA256: "00ff", Channel: ChannelPartner, Actor: LegalRepresentative, Covered: []droits.Sujet{{7}},
			Evidence: Evidence{Kind: DeclaredByPartner}, GivenAt: after(123 * time.Millisecond), ExpiresAt: after(time.Minute),
		},
		Trace: 12, Partner: "Mutuelle <et> Cie", Operator: "Opérateur", Reference: func(droits.Sujet) string { return "beneficiaire-00" },
		Events: []Event{
			{Act: Withdrawn, At: after(-time.Hour), Trace: 3},
			{Act: Contested, At: after(time.Hour), Consent: "acc_1", Trace: 20},
			{Act: Contested, At: after(time.Hour), Consent: "acc_2", Trace: 21},
			{Act: Withdrawn, At: after(2 * time.Hour), Trace: 22},
		},
	}
}

func TestReceipt(t *testing.T) { // R21
	r, err := facts().Receipt("conv/2")
	if err != nil {
		t.Fatal(err)
	}
	file, err := r.JSON()
	if err != nil {
		t.Fatal(err)
	}
	t.Run("R21 the same facts make the same bytes", func(t *testing.T) {
		again, _ := facts().Receipt("conv/2")
		b, _ := again.JSON()
		if !bytes.Equal(b, file) || len(r.Digest) != 64 || !bytes.Contains(file, []byte(r.Digest)) {
			t.Error("they do not")
		}
	})
	t.Run("R21 the digest covers every part", func(t *testing.T) {
		var back Receipt
		if err := json.Unmarshal(file, &back); err != nil || !back.Whole() {
			t.Fatal("read back it is not whole", err)
		}
		for _, change := range []func(*Receipt){
			func(r *Receipt) { r.Header.Trace++ },
			func(r *Receipt) { r.Header.ExpiresAt = r.Header.ExpiresAt.Add(time.Second) },
			func(r *Receipt) { r.Processing.Blocks = r.Processing.Blocks[1:] },
			func(r *Receipt) { r.Processing.Notice.SHA256 = "00fe" },
			func(r *Receipt) { r.Parties[1].Name += "s" },
			func(r *Receipt) { r.Events = r.Events[1:] },
		} {
			var x Receipt
			if err := json.Unmarshal(file, &x); err != nil {
				t.Fatal(err)
			}
			if change(&x); x.Whole() {
				t.Error("a change is not seen")
			}
		}
	})
	t.Run("R21 it tells what came after, and only what concerns it", func(t *testing.T) {
		var acts []string
		for _, e := range r.Events {
			acts = append(acts, string(e.Act))
		}
		if strings.Join(acts, " ") != "given contested withdrawn" {
			t.Error(acts)
		}
	})
	t.Run("R21 its sentence is that of the record: its blocks, its purpose, its term", func(t *testing.T) {
		all := droits.Blocs()
		for name, c := range map[string]struct {
			change func(*Record)
			want   []string
			never  []string
		}{
			"a connection":                    {func(*Record) {}, []string{"« Mutuelle <et> Cie »", "faciliter votre adhésion", "cette connexion seulement"}, []string{"jusqu'au"}},
			"days":                            {func(r *Record) { r.ExpiresAt = after(10 * 24 * time.Hour) }, []string{"vaut jusqu'au 02/12/2026 à 12 h 00"}, []string{"cette connexion"}},
			"a choice":                        {func(r *Record) { r.Channel, r.ExpiresAt = ChannelSpace, after(30*24*time.Hour) }, []string{"dans votre espace personnel", "jusqu'au 22/12/2026 à 12 h 00"}, []string{"cette connexion"}},
			"a choice that its majority cuts": {func(r *Record) { r.Channel, r.ExpiresAt = ChannelSpace, after(time.Hour) }, []string{"jusqu'au 22/11/2026 à 13 h 00"}, []string{"cette connexion"}},
			"nothing":                         {func(r *Record) { r.Blocks = nil }, []string{"aucune donnée"}, nil},
		} {
			f := facts()
			c.change(&f.Record)
			r, err := f.Receipt("conv/2")
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range c.want {
				if !strings.Contains(r.Processing.Wording, w) {
					t.Errorf("%s: %q is not in %s", name, w, r.Processing.Wording)
				}
			}
			for _, w := range c.never {
				if strings.Contains(r.Processing.Wording, w) {
					t.Errorf("%s: %s", name, r.Processing.Wording)
				}
			}
			for _, b := range all {
				if has := slices.Contains(f.Record.Blocks, b.Bloc); has != strings.Contains(r.Processing.Wording, lowerFirst(b.Libelle)) {
					t.Errorf("%s: %s", name, b.Bloc)
				}
			}
		}
	})
	t.Run("R21 it says who showed the notice, and that the partner declares it", func(t *testing.T) {
		if !strings.Contains(string(file), "non montrée par la plateforme") || !strings.Contains(string(file), "déclaré par le partenaire") {
			t.Error(string(file))
		}
		f := facts()
		f.Record.Channel, f.Record.NoticeShown, f.Record.Evidence.Kind, f.Record.Actor = ChannelSpace, true, GivenInSpace, Holder
		own, err := f.Receipt("conv/2")
		if b, _ := own.JSON(); err != nil || !strings.Contains(string(b), `"montrée par la plateforme"`) || !strings.Contains(string(b), "espace personnel") {
			t.Error(string(b), err)
		}
	})
}
