package api_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"droits.example/droits/internal/api"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
)

// conventionOf is the convention in force of a partner.
func conventionOf(t *testing.T, in *apptest.Instance, p apptest.Partner) convention.Convention {
	t.Helper()
	list, err := in.App.Store.Conventions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		if c.Document.ID == p.Convention {
			return c
		}
	}
	t.Fatal("no convention")
	return convention.Convention{}
}

func restricted(t *testing.T, in *apptest.Instance, p apptest.Partner) (*openapi3.T, []byte) {
	t.Helper()
	b, err := api.DocumentFor(in.Base, conventionOf(t, in, p))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(b)
	if err == nil {
		err = doc.Validate(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
	return doc, b
}

func TestADocumentForEachPartner(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	minimal := in.SignUp(t, droits.OrganismeComplementaire, func(d *convention.Document) { d.Blocks = []droits.Bloc{droits.BlocIdentite, droits.BlocContrats} })
	valid := func(doc *openapi3.T, path string, a *apptest.Answer) error {
		item := doc.Paths.Value(path)
		if item == nil {
			return io.EOF
		}
		return openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
			RequestValidationInput: &openapi3filter.RequestValidationInput{
				Request: &http.Request{Method: http.MethodGet, Header: http.Header{}},
				Route:   &routers.Route{Spec: doc, Path: path, PathItem: item, Method: http.MethodGet, Operation: item.Get},
			},
			Status: a.Status, Header: a.Header, Body: io.NopCloser(bytes.NewReader(a.Body)), Options: &openapi3filter.Options{IncludeResponseStatus: true},
		})
	}
	partners := map[string]apptest.Partner{"hopital": in.Hospital, "mutuelle": in.Insurer, "minimal": minimal}
	docs := map[string]*openapi3.T{}
	for name, p := range partners {
		docs[name], _ = restricted(t, in, p)
	}
	t.Run("the operations are those that answer the partner, and no other", func(t *testing.T) {
		for name, p := range partners {
			for _, op := range droits.Operations() {
				a := in.Get(t, op.Path, in.As(t, "ald", p), in.NIROf(t, "ald"))
				closed := a.Status == 403 && (strings.Contains(string(a.Body), "operation_hors_convention") || strings.Contains(string(a.Body), "operation_reservee"))
				if listed := docs[name].Paths.Value(op.Path) != nil; listed == closed {
					t.Errorf("%s, %s: listed %v, answered %d", name, op.Path, listed, a.Status)
				}
			}
		}
	})
	t.Run("every answer to a partner is one of its own document", func(t *testing.T) {
		for name, p := range partners {
			for _, op := range droits.Operations() {
				for _, who := range []string{"ald", "famille-martin", "c2s"} {
					a := in.Get(t, op.Path, in.As(t, who, p), in.NIROf(t, who))
					if docs[name].Paths.Value(op.Path) == nil {
						continue
					}
					if err := valid(docs[name], op.Path, a); err != nil {
						t.Errorf("%s, %s, status %d: not its document", name, op.Path, a.Status)
					}
				}
			}
		}
	})
	t.Run("R35 an answer to the hospital is none of the insurer's document", func(t *testing.T) {
		a := in.Get(t, "/exonerations", in.As(t, "ald", in.Hospital), in.NIROf(t, "ald")).Want(t, 200, "")
		if valid(docs["hopital"], "/exonerations", a) != nil || valid(docs["mutuelle"], "/exonerations", a) == nil {
			t.Error("the reason of an exemption passes")
		}
		a = in.Get(t, "/me", in.As(t, "ald", in.Hospital)).Want(t, 200, "")
		if valid(docs["hopital"], "/me", a) != nil || valid(docs["minimal"], "/me", a) == nil {
			t.Error("a member that the convention does not open passes")
		}
	})
	t.Run("the same convention gives the same bytes, and says which it is", func(t *testing.T) {
		_, one := restricted(t, in, in.Hospital)
		_, two := restricted(t, in, in.Hospital)
		if !bytes.Equal(one, two) || !bytes.Contains(one, []byte(conventionOf(t, in, in.Hospital).Digest)) {
			t.Error("another text")
		}
		if _, b := restricted(t, in, in.Insurer); bytes.Contains(b, []byte("MedecinTraitant")) || bytes.Contains(b, []byte("ExonerationMotif")) {
			t.Error("schemas that the insurer never receives are there")
		}
	})
}

func TestADocumentSaysHowTheSoftwareProvesItself(t *testing.T) { // R73
	in := apptest.Start(t, apptest.Options{})
	for _, auth := range []string{convention.AuthKey, convention.AuthAssertion, convention.AuthMTLS} {
		t.Run("R73 under "+auth, func(t *testing.T) {
			p := in.SignUp(t, droits.Etablissement, func(d *convention.Document) { d.Auth = auth })
			doc, b := restricted(t, in, p)
			for path, item := range doc.Paths.Map() {
				if path == api.JournalPath+"/heartbeat" { // it needs no key
					continue
				}
				h := item.Get.Parameters.GetByInAndName("header", "X-Client-Assertion")
				if (h != nil) != (auth == convention.AuthAssertion) || h != nil && !h.Required {
					t.Errorf("%s: the header is there %v", path, h != nil)
				}
			}
			if !bytes.Contains(b, []byte(`"preuve": "`+auth+`"`)) {
				t.Error("the proof is not named")
			}
		})
	}
}
