package consent

import (
	"bytes"
	"encoding/json"
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
		Trace: 12, Partner: "Mutuelle", Operator: "Opérateur", Wording: "Vous acceptez « tout » <cela>.", Reference: func(droits.Sujet) string { return "beneficiaire-00" },
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
