package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/api"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/sim/fcsim"
)

func TestWrongHeaders(t *testing.T) {
	in := apptest.Shared(t)
	me := in.As(t, "famille-martin", in.Hospital)
	own := in.NIROf(t, "famille-martin")
	twice := func(name, a, b string) []apptest.Change {
		return []apptest.Change{me, own, apptest.Without(name), apptest.With(name, a), apptest.With(name, b)}
	}
	nir := in.NIR(t, "famille-martin")
	for _, c := range []struct {
		name, path string
		changes    []apptest.Change
		status     int
		code       string
	}{
		{"no credentials at all", moi, nil, 401, "cle_absente"},
		{"a token without a key", moi, []apptest.Change{me, apptest.Without("X-API-Key")}, 401, "cle_absente"},
		{"an empty key", moi, []apptest.Change{me, apptest.Without("X-API-Key"), apptest.With("X-API-Key", " ")}, 401, "cle_absente"},
		{"a key without a token", moi, []apptest.Change{apptest.Key(in.Hospital)}, 401, "jeton_absent"},
		{"an empty token", moi, []apptest.Change{apptest.Key(in.Hospital), apptest.With("Authorization", "Bearer ")}, 401, "jeton_absent"},
		{"a token without its scheme", moi, []apptest.Change{apptest.Key(in.Hospital), apptest.With("Authorization", strings.Repeat("a", 64))}, 401, "jeton_absent"},
		{"basic credentials instead of a token", moi, []apptest.Change{apptest.Key(in.Hospital), apptest.With("Authorization", "Basic YTpi")}, 401, "jeton_absent"},
		{"two keys", moi, twice("X-API-Key", in.Hospital.Key, in.Insurer.Key), 400, badParam},
		{"the same key twice", moi, twice("X-API-Key", in.Hospital.Key, in.Hospital.Key), 400, badParam},
		{"two tokens", moi, twice("Authorization", "Bearer aaaaaaaaaaaa", "Bearer bbbbbbbbbbbb"), 400, badParam},
		{"no number where one is required", contrats, []apptest.Change{me}, 400, "nir_absent"},
		{"an empty number", contrats, []apptest.Change{me, apptest.With("nir", "  ")}, 400, "nir_absent"},
		{"two numbers", contrats, twice("nir", nir, nir), 400, badParam},
		{"a number with a wrong key", contrats, []apptest.Change{me, apptest.With("nir", wrongKey(nir))}, 400, "nir_invalide"},
		{"a number of 12 characters", contrats, []apptest.Change{me, apptest.With("nir", nir[:12])}, 400, "nir_invalide"},
		{"a number of 14 characters", contrats, []apptest.Change{me, apptest.With("nir", nir[:14])}, 400, "nir_invalide"},
		{"a number of month 13", contrats, []apptest.Change{me, apptest.With("nir", "1851304204791")}, 400, "nir_invalide"},
		{"a number with letters", contrats, []apptest.Change{me, apptest.With("nir", "18503ABCDEFGH")}, 400, "nir_invalide"},
		{"a number with hyphens", contrats, []apptest.Change{me, apptest.With("nir", "1-85-03-12-047-912")}, 400, "nir_invalide"},
		{"a number of ten thousand digits", contrats, []apptest.Change{me, apptest.With("nir", strings.Repeat("1", 10_000))}, 400, "nir_invalide"},
		{"a number made of zeros", contrats, []apptest.Change{me, apptest.With("nir", strings.Repeat("0", 13))}, 400, "nir_invalide"},
		{"a stranger's number", contrats, []apptest.Change{me, in.NIROf(t, "ald")}, 404, inconnu},
		{"an unknown number", contrats, []apptest.Change{me, apptest.With("nir", unknownNIR)}, 404, inconnu},
		{"a birth date that does not exist", someone, []apptest.Change{me, own, apptest.With(dateField, "2026-02-30")}, 400, "date_invalide"},
		{"a birth date in words", someone, []apptest.Change{me, own, apptest.With(dateField, "hier")}, 400, "date_invalide"},
		{"two birth dates", someone, append(twice(dateField, "2026-01-01", "2026-01-01"), own), 400, badParam},
		{"a birth date of nobody", someone, []apptest.Change{me, own, apptest.With(dateField, "1900-01-01")}, 404, inconnu},
		{"an incomplete birth date of nobody", someone, []apptest.Change{me, own, apptest.With(dateField, "1900-00-00")}, 404, inconnu},
		{"an incomplete birth date of nobody in a known month", someone, []apptest.Change{me, own, apptest.With(dateField, "1900-05-00")}, 404, inconnu},
		{"a birth date with a day but no month", someone, []apptest.Change{me, own, apptest.With(dateField, "2026-00-05")}, 400, "date_invalide"},
		{"a rank without a birth date", someone, []apptest.Change{me, own, apptest.With("rang-naissance", "1")}, 400, badParam},
		{"a rank of zero", someone, []apptest.Change{me, own, apptest.With(dateField, "2026-01-01"), apptest.With("rang-naissance", "0")}, 400, badParam},
		{"a rank in words", someone, []apptest.Change{me, own, apptest.With(dateField, "2026-01-01"), apptest.With("rang-naissance", "premier")}, 400, badParam},
		{"two agents", moi, []apptest.Change{me, apptest.With("X-Agent", "a"), apptest.With("X-Agent", "b")}, 400, badParam},
		{"an agent that could be a number", moi, []apptest.Change{me, apptest.With("X-Agent", nir)}, 400, badParam},
		{"an agent of 65 characters", moi, []apptest.Change{me, apptest.With("X-Agent", strings.Repeat("a", 65))}, 400, badParam},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) { in.Get(t, c.path, c.changes...).Want(t, c.status, c.code) })
	}
	t.Run("a header that means nothing here is ignored", func(t *testing.T) {
		in.Get(t, moi, me, apptest.With("nir", "n'importe quoi"), apptest.With("Cookie", "a=b"), apptest.With("X-Forwarded-For", "1.2.3.4")).Want(t, 200, "")
	})
}

const unknownNIR = "1600513055998" // 13 characters of nobody

// wrongKey changes the last digit of a number of 15 characters.
func wrongKey(nir string) string {
	last := byte('0')
	if nir[14] == last {
		last = '1'
	}
	return nir[:14] + string(last)
}

func TestWrongKeys(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	call := func(t *testing.T, p apptest.Partner) *apptest.Answer {
		t.Helper()
		return in.Get(t, moi, in.As(t, "famille-martin", p))
	}
	with := func(key string) apptest.Partner { p := in.Hospital; p.Key = key; return p }
	for name, key := range map[string]string{
		"an unknown key":                      partner.NewSecret(partner.Sandbox),
		"a key of the production environment": partner.NewSecret(partner.Production),
		"a key that is too short":             "test_court",
		"a key of ten thousand characters":    "test_" + strings.Repeat("a", 10_000),
		"a key in another alphabet":           "test_" + strings.Repeat("é", 30),
		"a true key with one character more":  in.Hospital.Key + "a",
		"a true key of the other environment": "live_" + strings.TrimPrefix(in.Hospital.Key, "test_"),
	} {
		t.Run(name+" is refused", func(t *testing.T) { call(t, with(key)).Want(t, 401, "cle_invalide") })
	}
	t.Run("an unknown key leaves no trace and no quota", func(t *testing.T) {
		before := in.TraceCount(t)
		a := call(t, with(partner.NewSecret(partner.Sandbox)))
		if in.TraceCount(t) != before || a.Header.Get("RateLimit-Limit") != "" || a.Header.Get("X-Trace") != "" {
			t.Error("a stranger is told something")
		}
	})
	t.Run("R74 of two keys of one convention each works until its own end", func(t *testing.T) {
		second := in.NewKey(t, in.Hospital, in.Clock.Now().Add(time.Hour))
		call(t, second).Want(t, 200, "")
		in.Clock.Advance(time.Hour - time.Second)
		call(t, second).Want(t, 200, "")
		in.Clock.Advance(time.Second)
		call(t, second).Want(t, 401, "cle_invalide")
		call(t, in.Hospital).Want(t, 200, "")
	})
	t.Run("a revoked key is refused from the next call on, and traced", func(t *testing.T) {
		third := in.NewKey(t, in.Hospital, time.Time{})
		call(t, third).Want(t, 200, "")
		if err := in.App.Store.RevokeKey(t.Context(), third.KeyID); err != nil {
			t.Fatal(err)
		}
		call(t, third).Want(t, 401, "cle_invalide")
		equal(t, "trace", in.LastTrace(t).In("key"), third.KeyID)
		in.Do(t, api.MoiPath, apptest.Key(third)).Want(t, 401, "cle_invalide")
	})
}

func TestWrongTokens(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	h, m := in.Hospital, in.Insurer
	call := func(t *testing.T, p apptest.Partner, token string) *apptest.Answer {
		t.Helper()
		return in.Get(t, moi, apptest.Key(p), apptest.Bearer(token))
	}
	for name, token := range map[string]string{
		"of one character":            "a",
		"with spaces":                 "deux mots et trois",
		"unknown, of the shape of v1": strings.Repeat("0123456789abcdef", 4),
		"unknown, of the shape of v2": strings.Repeat("A", 43),
		"of ten thousand characters":  strings.Repeat("a", 10_000),
		"that is a whole JWT":         "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
	} {
		t.Run("a token "+name+" is refused", func(t *testing.T) {
			call(t, h, token).Want(t, 401, "jeton_invalide")
			call(t, m, token).Want(t, 401, "jeton_invalide")
		})
	}
	for name, p := range map[string]apptest.Partner{"v1": h, "v2": h.V2()} {
		t.Run("an expired "+name+" token is refused", func(t *testing.T) {
			token := in.Token(t, "famille-martin", p)
			in.Clock.Advance(59 * time.Second)
			call(t, p, token).Want(t, 200, "")
			in.Clock.Advance(time.Second)
			call(t, p, token).Want(t, 401, "jeton_invalide")
		})
		t.Run("a revoked "+name+" token is refused from the next call on", func(t *testing.T) {
			token := in.Token(t, "famille-martin", p)
			call(t, p, token).Want(t, 200, "")
			in.Sim.Revoke(token)
			call(t, p, token).Want(t, 401, "jeton_invalide")
		})
		t.Run("a "+name+" token without a scope of ours is refused", func(t *testing.T) {
			call(t, p, in.Token(t, "famille-martin", p, "profile")).Want(t, 403, "portee_insuffisante")
			call(t, p, in.Mint(t, fcsim.MintRequest{ClientID: p.Client, Slug: "famille-martin", Scopes: []string{}})).Want(t, 403, "portee_insuffisante")
		})
	}
	t.Run("a token of another FranceConnect client is refused", func(t *testing.T) {
		for client, p := range map[string]apptest.Partner{apptest.ClientStrangerV1: h, apptest.ClientStrangerV2: m} {
			call(t, p, in.Mint(t, fcsim.MintRequest{ClientID: client, Slug: "famille-martin", Scopes: []string{"openid", droits.ScopeUmbrella}})).Want(t, 403, "client_non_rattache")
		}
	})
	t.Run("a token of one partner used with the key of another is refused", func(t *testing.T) {
		call(t, m, in.Token(t, "famille-martin", h.V2())).Want(t, 403, "client_non_rattache")
		call(t, h, in.Token(t, "famille-martin", m)).Want(t, 403, "client_non_rattache")
		call(t, m, in.Token(t, "famille-martin", h)).Want(t, 401, "jeton_invalide") // v1: the insurer has no such profile
	})
	t.Run("there is no fallback from one profile to the other", func(t *testing.T) {
		only := in.SignUp(t, droits.Etablissement, func(d *convention.Document) { d.FCClients = d.FCClients[1:] })
		call(t, only, in.Token(t, "famille-martin", h)).Want(t, 401, "jeton_invalide")
		call(t, only, in.Token(t, "famille-martin", h.V2())).Want(t, 200, "")
	})
	t.Run("R18 a withdrawal refuses the next call, and only with that partner", func(t *testing.T) {
		who := in.Subject(t, "c2s")
		hosp, ins := in.Token(t, "c2s", h), in.Token(t, "c2s", m)
		call(t, h, hosp).Want(t, 200, "")
		if err := in.App.Store.Withdraw(t.Context(), who, h.ID, ""); err != nil {
			t.Fatal(err)
		}
		call(t, h, hosp).Want(t, 403, "consentement_retire")
		call(t, h, in.Token(t, "c2s", h)).Want(t, 403, "consentement_retire")
		call(t, m, ins).Want(t, 200, "")
		if err := in.App.Store.Allow(t.Context(), who, h.ID); err != nil {
			t.Fatal(err)
		}
		call(t, h, hosp).Want(t, 403, "consentement_retire")
		in.Clock.Advance(time.Second)
		call(t, h, in.Token(t, "c2s", h)).Want(t, 200, "")
	})
}

func TestForgedAnswers(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	accepted := map[string]string{string(fcsim.UnknownACR): "niveau_insuffisant", string(fcsim.MissingACR): "niveau_insuffisant"}
	for _, f := range fcsim.Forgeries() {
		t.Run("R8 "+string(f)+" opens nothing", func(t *testing.T) {
			in.Sim.Break(fcsim.Forge(f))
			defer in.Sim.Break(fcsim.None())
			a := in.Get(t, moi, in.As(t, "famille-martin", in.Insurer))
			if a.Status == 200 {
				t.Fatal("data left")
			}
			if want := accepted[string(f)]; want != "" {
				a.Want(t, 403, want)
			} else if c := a.Code(); c != "jeton_invalide" && c != "franceconnect_indisponible" {
				t.Errorf("answered %d %s", a.Status, c)
			}
			in.Sim.Break(fcsim.None())
			in.Clock.Advance(2 * time.Minute) // past an open circuit
			in.Get(t, moi, in.As(t, "famille-martin", in.Insurer)).Want(t, 200, "")
		})
	}
	t.Run("R8 a level below the floor is refused", func(t *testing.T) {
		strict := in.Mint(t, fcsim.MintRequest{ClientID: apptest.ClientInsurer, Slug: "famille-martin", Scopes: []string{"openid", droits.ScopeUmbrella}, ACR: "eidas9"})
		in.Get(t, moi, apptest.Key(in.Insurer), apptest.Bearer(strict)).Want(t, 403, "niveau_insuffisant")
	})
}

func TestMethodsAndSizes(t *testing.T) {
	in := apptest.Shared(t)
	for _, m := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodTrace, "INVENTE"} {
		t.Run("the method "+m+" is refused", func(t *testing.T) {
			for _, path := range []string{moi, someone, contrats} {
				a := in.Get(t, path, apptest.Method(m), in.As(t, "famille-martin", in.Hospital)).Want(t, 405, "methode_non_permise")
				equal(t, "Allow", a.Header.Get("Allow"), "GET")
			}
		})
	}
	t.Run("the method HEAD is refused without a body", func(t *testing.T) {
		if a := in.Get(t, moi, apptest.Method(http.MethodHead), in.As(t, "famille-martin", in.Hospital)); a.Status != 405 || len(a.Body) > 0 {
			t.Error("not 405 without a body")
		}
	})
	for _, path := range []string{"/inconnue", "/me/beneficiaires/1", "/me//", "/contrats/2", "/../me"} {
		t.Run("the path "+path+" is no operation", func(t *testing.T) {
			in.Get(t, path, in.As(t, "famille-martin", in.Hospital)).Want(t, 404, "ressource_inconnue")
		})
	}
	t.Run("another version is no operation", func(t *testing.T) { in.Do(t, "/v1/autre").Want(t, 404, "ressource_inconnue") })
	t.Run("an address that is too long is refused", func(t *testing.T) {
		in.Get(t, moi+"?x="+strings.Repeat("a", 3000), in.As(t, "famille-martin", in.Hospital)).Want(t, 414, "adresse_trop_longue")
	})
	t.Run("a body that is too large is refused", func(t *testing.T) {
		in.Get(t, moi, in.As(t, "famille-martin", in.Hospital), body(strings.Repeat("x", 100_000))).Want(t, 413, "requete_trop_grande")
	})
	t.Run("a body whose length is not told is refused", func(t *testing.T) {
		unsized := func(r *http.Request) { body(strings.Repeat("x", 1<<20))(r); r.ContentLength = -1 }
		in.Get(t, moi, in.As(t, "famille-martin", in.Hospital), unsized).Want(t, 413, "requete_trop_grande")
	})
	t.Run("a small body is ignored", func(t *testing.T) {
		in.Get(t, moi, in.As(t, "famille-martin", in.Hospital), body("x")).Want(t, 200, "")
	})
	t.Run("headers of one megabyte are refused", func(t *testing.T) {
		in.Get(t, moi, apptest.With("X-Long", strings.Repeat("a", 1<<20))).Want(t, 431, "entete_trop_long")
		in.Get(t, moi, apptest.With("nir", strings.Repeat("1", 1<<20))).Want(t, 431, "entete_trop_long")
	})
	t.Run("ten thousand headers are refused", func(t *testing.T) {
		in.Get(t, moi, func(r *http.Request) {
			for range 10_000 {
				r.Header.Add("X-Un", "valeur de l'en-tete")
			}
		}).Want(t, 431, "entete_trop_long")
	})
	for name, raw := range map[string]string{
		"a line that is no request":          "BONJOUR\r\n\r\n",
		"a request without a host":           "GET /v1/droits/beneficiaires/me HTTP/1.1\r\n\r\n",
		"a header without a name":            "GET /v1/droits/beneficiaires/me HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n",
		"a header with a control character":  "GET /v1/droits/beneficiaires/me HTTP/1.1\r\nHost: x\r\nnir: 1\x002\r\n\r\n",
		"an address that cannot be read":     "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
		"two lengths that do not agree":      "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		"a transfer coding that nobody uses": "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: rot13\r\n\r\n",
	} {
		t.Run("R79 "+name+" is answered with a problem", func(t *testing.T) {
			got := in.Raw(t, raw)
			if !strings.HasPrefix(got, "HTTP/1.1 400 ") || !strings.Contains(got, "application/problem+json") || !strings.Contains(got, `"code":"requete_malformee"`) {
				t.Errorf("answered %.80q", got)
			}
		})
	}
}

func TestAddressesThatCouldBeRewritten(t *testing.T) {
	in := apptest.Shared(t)
	nir := in.NIR(t, "famille-martin")
	for _, target := range []string{
		"GET /" + nir + "//x", "GET //" + nir + "/x", "GET /" + nir + "/../x", "GET //v1/droits/beneficiaires/contrats?nir=" + nir, "GET /v1//droits/beneficiaires/" + nir, "GET /" + nir + "/%2e%2e/",
		"GET /documentation//erreurs?nir=" + nir, "POST //v1/droits/beneficiaires/me?nir=" + nir, "CONNECT " + nir + ":443", "OPTIONS *", "GET http://x?nir=" + nir,
	} {
		t.Run("R10 R79 an address that a router would rewrite is a problem and is not repeated", func(t *testing.T) {
			got := in.Raw(t, target+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			if !strings.HasPrefix(got, "HTTP/1.1 4") || !strings.Contains(got, "application/problem+json") || strings.Contains(got, "Location") || strings.Contains(got, nir) || strings.Contains(in.Logs.String(), nir) {
				t.Errorf("answered %.20q", got)
			}
		})
	}
	t.Run("R10 a page that does not exist repeats nothing of its address", func(t *testing.T) {
		for _, path := range []string{"/" + nir, "/documentation/erreurs/" + nir + "/", "/" + nir + "/", "/static/" + nir} {
			got := in.Raw(t, "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			if !strings.HasPrefix(got, "HTTP/1.1 404 ") || strings.Contains(got, nir) {
				t.Errorf("answered %.20q", got)
			}
		}
	})
}
