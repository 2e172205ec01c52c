package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"droits.example/droits/client"
)

const (
	key   = client.Secret("test_abcdefghijklmnopqrstuvwxyz0123456789")
	token = client.Secret("jeton-jeton-jeton-jeton-jeton-jeton-jeton-1")
	// Fictitious.
	number = client.NIR("285031204791208")
)

func serve(t *testing.T, h http.HandlerFunc, mind func(*client.Config)) *client.Client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	cfg := client.Config{BaseURL: srv.URL + "/v1/droits/beneficiaires/", APIKey: key, HTTP: srv.Client()}
	if mind != nil {
		mind(&cfg)
	}
	c, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCalls(t *testing.T) {
	answers := map[string]string{
		"/v1/droits/beneficiaires/me":                     `{"nir":"285031204791208","nom_famille":"MARTIN","qualite":"assure"}`,
		"/v1/droits/beneficiaires/me/beneficiaires":       `[{"nom_famille":"MARTIN"},{"prenom":"Lou","rang_naissance":2}]`,
		"/v1/droits/beneficiaires/":                       `{"prenom":"Lou","medecin_traitant_choisi":false}`,
		"/v1/droits/beneficiaires/caisse":                 `{"id":"01261","adresse":{"commune":"VALENCE"}}`,
		"/v1/droits/beneficiaires/contrats":               `[{"nature_assurance":"AMO","details":{"code_type_contrat":"BASE"},"periodes_droits":[{"date_debut":"2026-11-22","date_fin":"2027-11-22"}]}]`,
		"/v1/droits/beneficiaires/exonerations":           `[{"date_fin":"2027-01-01","motif":{"code":"LIS"}}]`,
		"/v1/droits/beneficiaires/medecin-traitant":       `{"nom":"DURAND"}`,
		"/v1/droits/beneficiaires/complementaire":         `{"souscrite":true,"reference":{"numero_contrat":"C-1"}}`,
		"/v1/droits/beneficiaires/arrets-travail":         `[{"numero":"A-1"}]`,
		"/v1/droits/beneficiaires/risques-professionnels": `{"couverture_arret_travail":true,"couverture_maladie_professionnelle":false}`,
		"/v1/partenaire/moi":                              `{"partenaire":{"id":"hopital"},"convention":{"blocs":["identite"],"accord":{"texte":"…"}},"environnement":"bac_a_sable"}`,
	}
	var last *http.Request
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		last = r.Clone(context.Background())
		w.Header().Set("X-Request-Id", "req-1")
		w.Header().Set("X-Periode", "2026-11-22/2027-11-22")
		w.Header().Set("X-Trace", "origine/abc")
		w.Header().Set("RateLimit-Limit", "20")
		w.Header().Set("RateLimit-Remaining", "0")
		w.Header().Set("RateLimit-Reset", "7")
		fmt.Fprint(w, answers[r.URL.Path])
	}, func(c *client.Config) { c.Agent = "agent-7" })
	ctx := context.Background()
	q := client.Query{Token: token, NIR: number, DateDebut: "2026-12-01", Champs: []string{"identite", "caisse"},
		DateNaissance: "2020-02-03", RangNaissance: 2, RequestID: "mien"}

	t.Run("R1 each method reads its route", func(t *testing.T) {
		me, meta, err := c.Me(ctx, q)
		check(t, err, me.NIR == number && me.MedecinTraitantChoisi == nil)
		if meta.RequestID != "req-1" || meta.Trace == "" || meta.RateLimit != 20 || meta.Remaining != 0 || meta.ResetsAfter != 7*time.Second {
			t.Error("the headers are misread")
		}
		all, _, err := c.Beneficiaires(ctx, q)
		check(t, err, len(all) == 2 && all[1].RangNaissance == 2)
		one, _, err := c.Beneficiaire(ctx, q)
		check(t, err, one.Prenom == "Lou" && one.MedecinTraitantChoisi != nil && !*one.MedecinTraitantChoisi)
		caisse, _, err := c.Caisse(ctx, q)
		check(t, err, caisse.Adresse.Commune == "VALENCE")
		contrats, _, err := c.Contrats(ctx, q)
		check(t, err, len(contrats) == 1 && contrats[0].PeriodesDroits[0].DateFin == "2027-11-22")
		exos, _, err := c.Exonerations(ctx, q)
		check(t, err, len(exos) == 1 && exos[0].Motif.Code == "LIS" && exos[0].Maternite == nil)
		doctor, _, err := c.MedecinTraitant(ctx, q)
		check(t, err, doctor.Nom == "DURAND")
		cover, _, err := c.Complementaire(ctx, q)
		check(t, err, cover.Souscrite && cover.Reference.NumeroContrat == "C-1")
		leaves, _, err := c.ArretsTravail(ctx, q)
		check(t, err, len(leaves) == 1)
		risks, _, err := c.RisquesProfessionnels(ctx, q)
		check(t, err, risks.ArretTravail && !risks.MaladieProfessionnelle)
		moi, _, err := c.Moi(ctx)
		check(t, err, moi.Partenaire.ID == "hopital")
		if last.Header.Get("Authorization") != "" || last.Header.Get("nir") != "" {
			t.Error("a person enters a call that concerns nobody")
		}
	})
	t.Run("the two proofs and the selection travel in headers, the period in the query", func(t *testing.T) {
		if _, _, err := c.Caisse(ctx, q); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"X-API-Key": string(key), "Authorization": "Bearer " + string(token), "nir": string(number),
			"date-naissance": "2020-02-03", "rang-naissance": "2", "X-Agent": "agent-7", "X-Request-Id": "mien"} {
			if last.Header.Get(name) != want {
				t.Errorf("header %s is wrong", name)
			}
		}
		if last.URL.RawQuery != "champs=identite%2Ccaisse&dateDebut=2026-12-01" {
			t.Error("the query is wrong")
		}
	})
}

func check(t *testing.T, err error, ok bool) {
	t.Helper()
	if err != nil {
		t.Error(err)
	} else if !ok {
		t.Error("the answer is misread")
	}
}

func TestFailures(t *testing.T) {
	ctx := context.Background()
	q := client.Query{Token: token, NIR: number}
	problem := func(status int, body, media string) *client.Problem {
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", media)
			w.Header().Set("Retry-After", "12")
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}, nil)
		_, _, err := c.Me(ctx, q)
		var p *client.Problem
		if !errors.As(err, &p) {
			t.Fatalf("no problem but %v", err)
		}
		return p
	}
	t.Run("R79 a problem gives its code and its delay", func(t *testing.T) {
		p := problem(429, `{"code":"quota_depasse","status":200,"detail":"…"}`, "application/problem+json; charset=utf-8")
		if p.Code != "quota_depasse" || p.Status != 429 || p.RetryAfter != 12*time.Second {
			t.Errorf("misread: %v", p)
		}
	})
	t.Run("an error page of a proxy is a problem without a code", func(t *testing.T) {
		if p := problem(502, "<html>", "text/html"); p.Code != "" || p.Status != 502 {
			t.Errorf("misread: %v", p)
		}
	})
	t.Run("a broken problem document is a problem without a code", func(t *testing.T) {
		if p := problem(500, `{"code":`, "application/problem+json"); p.Code != "" || p.Status != 500 {
			t.Errorf("misread: %v", p)
		}
	})
	t.Run("a redirection is not followed, so that the key goes nowhere else", func(t *testing.T) {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/me") {
				t.Error("the redirection was followed")
			}
			http.Redirect(w, r, "/ailleurs", http.StatusFound)
		}, nil)
		var p *client.Problem
		if _, _, err := c.Me(ctx, q); !errors.As(err, &p) || p.Status != http.StatusFound {
			t.Error("the redirection is not reported")
		}
	})
	t.Run("an answer that is not the contract's JSON is refused without being quoted", func(t *testing.T) {
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"nom_famille":12345}`) }, nil)
		_, _, err := c.Me(ctx, q)
		if err == nil || strings.Contains(err.Error(), "12345") {
			t.Error("accepted, or quoted")
		}
	})
	t.Run("an endless answer is cut", func(t *testing.T) {
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat(" ", 2<<20)) }, nil)
		if _, _, err := c.Me(ctx, q); err == nil {
			t.Error("accepted")
		}
	})
	t.Run("nobody at the address is Unreachable and names no secret", func(t *testing.T) {
		srv := httptest.NewServer(nil)
		srv.Close()
		c, _ := client.New(client.Config{BaseURL: srv.URL, APIKey: key})
		_, _, err := c.Caisse(ctx, q)
		var u *client.Unreachable
		if !errors.As(err, &u) || strings.Contains(err.Error(), string(number)) || strings.Contains(err.Error(), srv.URL) {
			t.Error("wrong kind, or it says too much")
		}
	})
	t.Run("a configuration without address or key is refused", func(t *testing.T) {
		for _, cfg := range []client.Config{{}, {BaseURL: "http://h/"}, {BaseURL: "ftp://h/", APIKey: key}, {BaseURL: "http://h/", APIKey: key, MoiURL: ":"}} {
			if _, err := client.New(cfg); err == nil {
				t.Error("accepted")
			}
		}
	})
}

func TestExchanges(t *testing.T) {
	var seen []client.Exchange
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Set-Cookie", "a=b")
		fmt.Fprint(w, `[{"nir" : "285031204791208","prenom":"Lou"},{"nir":""}]`)
	}, func(c *client.Config) { c.Observe = func(e client.Exchange) { seen = append(seen, e) } })
	q := client.Query{Token: token, NIR: number, DateNaissance: "2020-02-03"}
	if _, _, err := c.Contrats(context.Background(), q); err != nil {
		t.Fatal(err)
	}
	t.Run("an exchange shows everything but the secrets", func(t *testing.T) {
		text := fmt.Sprintf("%+v\n%s", seen, seen[0].Curl())
		for _, secret := range []string{string(key), string(token), string(number), "1204791", "2020-02-03", "a=b"} {
			if strings.Contains(text, secret) {
				t.Error("a secret is shown")
			}
		}
		for _, shown := range []string{"/contrats", "Lou", "test_•••", "Bearer jeto•••", "2\u00a085\u00a0••"} {
			if !strings.Contains(text, shown) {
				t.Errorf("%s is not shown", shown)
			}
		}
	})
	t.Run("types that bear secrets redact themselves", func(t *testing.T) {
		text := fmt.Sprintf("%v %+v %#v %s %v %#v", q, q, q, token, number, number)
		for _, secret := range []string{string(token), string(number)} {
			if strings.Contains(text, secret) {
				t.Error("a secret is printed")
			}
		}
	})
	t.Run("a call without an answer is an exchange of status 0", func(t *testing.T) {
		n := len(seen)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, _, err := c.Me(ctx, q); err == nil {
			t.Fatal("answered")
		}
		if len(seen) != n+1 || seen[n].Status != 0 {
			t.Error("not told")
		}
	})
}
