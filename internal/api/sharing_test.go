package api_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"droits.example/droits/internal/access"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/identity"
)

// space signs somebody in to the citizen space.
func space(t *testing.T, in *apptest.Instance, slug string) access.Citizen {
	t.Helper()
	c, err := in.App.Access.SignIn(t.Context(), identity.Assertion{Profile: identity.V2, Subject: "sub-" + slug, ACR: "eidas1", Pivot: in.Person(t, slug).Pivot}, access.Visit{RequestID: "page"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// choose lets everything go that the convention of an establishment may open,
// but what the change takes back.
func choose(t *testing.T, in *apptest.Instance, c access.Citizen, p apptest.Partner, change func(*access.Choice)) {
	t.Helper()
	page, err := in.App.Access.Sharing(t.Context(), c, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	x := access.Choice{Last: page.Last}
	for _, conv := range page.Conventions {
		x.Shown = append(x.Shown, conv.Ref)
	}
	for _, b := range droits.Blocs() {
		if b.For(droits.Etablissement) {
			x.Blocks = append(x.Blocks, b.Bloc)
		}
	}
	change(&x)
	if err := in.App.Access.Choose(t.Context(), c, access.Visit{RequestID: "page"}, p.ID, x); err != nil {
		t.Fatal(err)
	}
}

// anonymous is an answer without what differs from call to call.
func anonymous(b []byte) string {
	return regexp.MustCompile(`"instance":"[^"]*"`).ReplaceAllString(string(b), "")
}

func TestWhoIsLeftOutIsAStranger(t *testing.T) { // R16 R39
	in := apptest.Start(t, apptest.Options{})
	const parent = "famille-001"
	token := in.As(t, parent, in.Hospital)
	list := in.Get(t, family, token).List(t)
	if len(list) != 3 {
		t.Fatalf("%d in the family", len(list))
	}
	second := apptest.With("nir", list[2]["nir"].(string))
	in.Get(t, contrats, token, second).Want(t, 200, "")
	c := space(t, in, parent)
	sharing, err := in.App.Access.Sharing(t.Context(), c, in.Hospital.ID)
	if err != nil || len(sharing.Dependants) != 2 {
		t.Fatal(sharing.Dependants, err)
	}
	choose(t, in, c, in.Hospital, func(x *access.Choice) { x.Excluded = []string{sharing.Dependants[1].Ref} })
	token = in.As(t, parent, in.Hospital)
	t.Run("R16 a child left out is absent from the list", func(t *testing.T) {
		if got := in.Get(t, family, token).List(t); len(got) != 2 || got[1]["nir"] != list[1]["nir"] {
			t.Errorf("R16 %d in the list", len(got))
		}
	})
	t.Run("R16 R39 by its number it is told like an unrelated person, byte for byte", func(t *testing.T) {
		out := in.Get(t, contrats, token, second)
		stranger := in.Get(t, contrats, token, in.NIROf(t, "c2s"))
		out.Want(t, 404, inconnu)
		if anonymous(out.Body) != anonymous(stranger.Body) {
			t.Errorf("R39\n%s\n%s", out.Body, stranger.Body)
		}
		for _, k := range []string{"X-Reference-Personne", "X-Periode", "X-Donnees-Au"} {
			if out.Header.Get(k) != stranger.Header.Get(k) {
				t.Errorf("R39 %s tells them apart", k)
			}
		}
	})
	t.Run("R16 the other child is told as before", func(t *testing.T) {
		in.Get(t, contrats, token, apptest.With("nir", list[1]["nir"].(string))).Want(t, 200, "")
	})
}

func TestBlocksThatThePersonKeepsBack(t *testing.T) { // R15 R39
	in := apptest.Start(t, apptest.Options{})
	c := space(t, in, "famille-martin")
	whole := in.Get(t, moi, in.As(t, "famille-martin", in.Hospital)).Object(t)
	choose(t, in, c, in.Hospital, func(x *access.Choice) {
		x.Blocks = []droits.Bloc{droits.BlocIdentite, droits.BlocExonerations}
	})
	token := in.As(t, "famille-martin", in.Hospital)
	t.Run("R15 a member that is kept back is absent", func(t *testing.T) {
		o := in.Get(t, moi, token).Object(t)
		for _, k := range []string{"medecin_traitant_choisi", "presence_CMUC_ACS"} {
			if _, there := o[k]; there || whole[k] == nil {
				t.Errorf("R15 %s", k)
			}
		}
		if o["nom_famille"] != whole["nom_famille"] {
			t.Error("R15 what is let go is not told")
		}
	})
	t.Run("R15 R39 an operation that is kept back is one refusal with what is restricted", func(t *testing.T) {
		for _, path := range []string{contrats, caisse, medecin, compl, arrets} {
			in.Get(t, path, token, in.NIROf(t, "famille-martin")).Want(t, 403, "donnees_indisponibles")
		}
		in.Get(t, family, token).Want(t, 403, "donnees_indisponibles")
	})
	t.Run("R15 another partner is told as before", func(t *testing.T) {
		read(t, in, "famille-martin", in.Insurer, contrats).Want(t, 200, "")
	})
}

func TestATickOfThePersonsOwn(t *testing.T) { // R38
	in := apptest.Start(t, apptest.Options{Sign: func(d *convention.Document) {
		if d.Kind == droits.Etablissement {
			d.Consent.Ticks = []droits.Bloc{droits.BlocArretsTravail, droits.BlocExonerationsMotif}
		}
	}})
	var told *apptest.Answer
	t.Run("R38 the journey at the partner does not open it, and the refusal says where to agree", func(t *testing.T) {
		told = read(t, in, "ald", in.Hospital, arrets)
		told.Want(t, 403, "consentement_explicite_requis")
		if !strings.Contains(told.Problem().Detail, "espace personnel") {
			t.Errorf("R38 %s", told.Problem().Detail)
		}
		if body := read(t, in, "ald", in.Hospital, exos).Body; bytes.Contains(body, []byte("motif")) {
			t.Errorf("R38 %s", body)
		}
	})
	c := space(t, in, "ald")
	t.Run("R38 R39 whoever kept it back is not told from whoever never saw the page", func(t *testing.T) {
		choose(t, in, c, in.Hospital, func(x *access.Choice) {
			x.Blocks = []droits.Bloc{droits.BlocIdentite, droits.BlocExonerations}
		})
		if again := read(t, in, "ald", in.Hospital, arrets); anonymous(again.Body) != anonymous(told.Body) {
			t.Errorf("R39 %s", again.Body)
		}
	})
	t.Run("R38 once ticked in the space it opens", func(t *testing.T) {
		choose(t, in, c, in.Hospital, func(*access.Choice) {})
		read(t, in, "ald", in.Hospital, arrets).Want(t, 200, "")
		if body := read(t, in, "ald", in.Hospital, exos).Body; !bytes.Contains(body, []byte("motif")) {
			t.Errorf("R38 %s", body)
		}
	})
}
