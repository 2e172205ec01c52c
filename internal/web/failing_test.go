package web_test

import (
	"errors"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/trace"
)

func TestNoTraceNoPage(t *testing.T) {
	var broken atomic.Bool
	in := apptest.Start(t, apptest.Options{Ledger: func(l trace.Ledger) trace.Ledger {
		return &apptest.FailingLedger{Ledger: l, Before: func() error {
			if broken.Load() {
				return errors.New("refused")
			}
			return nil
		}}
	}})
	b := signedIn(t, in, "famille-martin")
	in.Get(t, "/me", in.As(t, "famille-martin", in.Hospital)).Want(t, 200, "")
	proof := "/mon-espace/acces/" + firstOf(t, b.Get(t, "/mon-espace/acces"), lineLink) + "/preuve"
	t.Run("R41 T2 what cannot be traced is not shown: a whole page 503 and nobody's data", func(t *testing.T) {
		broken.Store(true)
		defer broken.Store(false)
		for _, path := range []string{"/mon-espace", "/mon-espace/droits", "/mon-espace/droits/attestation", "/mon-espace/droits/attestation?format=json", "/mon-espace/acces", proof, proof + ".tlog-proof"} {
			p := b.Get(t, path)
			whole(t, p, 503, "Service momentanément indisponible", "Aucune donnée n'a été transmise", "Identifiant à citer")
			for _, datum := range []string{"MARTIN", "ROUSSANE", "Aveyron", "2 86"} {
				if p.Says(datum) {
					t.Errorf("%s shows %s without a trace", strings.SplitN(path, "?", 2)[0], datum)
				}
			}
		}
		whole(t, b.Post(t, "/mon-espace/droits/assure/numero", url.Values{}), 503)
		fresh := in.Browser()
		if p := fresh.SignIn(t, "famille-martin"); p.Status != 503 || fresh.Cookies[sessionCookie] != "" {
			t.Errorf("a login that cannot be traced answers %d", p.Status)
		}
	})
	t.Run("once it can be traced again, the same session goes on", func(t *testing.T) {
		whole(t, b.Get(t, "/mon-espace/droits"), 200, "MARTIN")
	})
	t.Run("without its store every page says so, whole, and the login too", func(t *testing.T) {
		back := in.Browser()
		to := back.Return(t, "famille-martin")
		in.BadDB(t)
		for _, path := range append(spacePages, strings.TrimPrefix(proof, in.URL)) {
			if p := b.Get(t, path); p.Status != 503 || p.Says("MARTIN") {
				t.Errorf("%s answers %d", path, p.Status)
			}
		}
		for _, path := range spaceActs {
			if p := b.Post(t, path, url.Values{}); p.Status != 503 {
				t.Errorf("%s answers %d", path, p.Status)
			}
		}
		if p := back.Once(t, "GET", to, nil); p.Status != 503 || back.Cookies[sessionCookie] != "" {
			t.Errorf("the login answers %d", p.Status)
		}
		whole(t, b.Post(t, "/mon-espace/deconnexion", url.Values{}), 503) // the session may still be there: not told that it is closed
	})
}

func TestFranceConnectIsDown(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	b := signedIn(t, in, "famille-martin")
	pending := in.Browser()
	back := pending.Return(t, "famille-martin")
	in.StopSimulator(t)
	t.Run("a login that FranceConnect cannot end says so, and may begin again", func(t *testing.T) {
		p := pending.Get(t, strings.TrimPrefix(back, in.URL))
		whole(t, p, 200, "FranceConnect ne répond pas", "S'identifier avec FranceConnect")
		if pending.Cookies[sessionCookie] != "" {
			t.Error("a session is open")
		}
	})
	t.Run("a session goes on without FranceConnect", func(t *testing.T) {
		whole(t, b.Get(t, "/mon-espace/droits"), 200, "Hélène MARTIN")
	})
}
