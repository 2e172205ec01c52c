package convention

import (
	"strings"
	"testing"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
)

func on(t *testing.T, s string) civil.Date {
	t.Helper()
	d, err := civil.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// What was published is never rewritten: conventions and requests name it by
// its hash.
func TestTheTextsOfTheTermsStayAsTheyWere(t *testing.T) {
	want := map[string]string{
		"2026-11": "b916ecd3cd37e4ec291e04dd02d2e2539ad0d86f96a923c9d866172d23be8483",
		"2027-02": "199342eb6917aa1a0f05946643f3448f8050171e215600329497150786e958b2",
	}
	for _, x := range AllTerms() {
		if x.SHA256 != want[x.Version] {
			t.Errorf("%s: %s", x.Version, x.SHA256)
		}
	}
	if _, ok := TermsOf("../notices/2026-11"); ok {
		t.Error("a path is no version")
	}
	first, ok := TermsOf(TermsVersion)
	if !ok {
		t.Fatal("the first version is missing")
	}
	for _, said := range []string{"L. 114-8", "n° 78-17", "n° 2010-112", "gratuit", "quinze jours", "95 %", "agents habilités", "aucun tiers", "justificatif papier", "incident"} {
		if !strings.Contains(first.Text, said) {
			t.Errorf("the terms do not speak of %q", said)
		}
	}
}

func TestTermsOnADay(t *testing.T) {
	list := []Announced{{Version: "2027-02", SHA256: "x", From: on(t, "2027-02-01")}}
	for _, c := range []struct{ day, held, next string }{
		{"2026-11-22", TermsVersion, "2027-02"}, {"2027-01-31", TermsVersion, "2027-02"}, {"2027-02-01", "2027-02", ""}, {"2030-01-01", "2027-02", ""},
	} {
		held, next := TermsOn(list, on(t, c.day))
		if held.Version != c.held || next.Version != c.next {
			t.Errorf("on %s %q holds and %q comes", c.day, held.Version, next.Version)
		}
	}
}

func TestAnnouncing(t *testing.T) {
	today := on(t, "2026-11-22")
	for name, c := range map[string]struct {
		before []Announced
		a      Announced
		reason string
	}{
		"thirty days ahead":       {nil, Announced{Version: "2027-02", From: today.AddDays(TermsNoticeDays)}, ""},
		"a day less":              {nil, Announced{Version: "2027-02", From: today.AddDays(TermsNoticeDays - 1)}, "TERMS_TOO_SOON"},
		"a version nobody wrote":  {nil, Announced{Version: "2031-01", From: today.AddDays(90)}, "TERMS_UNKNOWN"},
		"the one that holds":      {nil, Announced{Version: TermsVersion, From: today.AddDays(90)}, "TERMS_OLDER"},
		"one announced already":   {[]Announced{{Version: "2027-02", From: today.AddDays(60)}}, Announced{Version: "2027-02", From: today.AddDays(90)}, "TERMS_OLDER"},
		"before one that is told": {[]Announced{{Version: "2027-01", From: today.AddDays(60)}}, Announced{Version: "2027-02", From: today.AddDays(60)}, "TERMS_ORDER"},
	} {
		err := CheckAnnounced(c.before, c.a, today)
		if c.reason == "" && err != nil || c.reason != "" && (!fault.Is(err, fault.ParametreInvalide) || fault.From(err).Reason() != c.reason) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestADocumentBindsTermsThatExist(t *testing.T) { // R27
	terms, _ := TermsOf(TermsVersion)
	d := Document{Terms: Terms{Terms: terms.Version, TermsSHA256: terms.SHA256, Notice: NoticeVersion, NoticeSHA256: NoticeSHA256()}, Kind: droits.Etablissement}
	if err := d.CheckNotice(); err != nil {
		t.Error(err)
	}
	d.Terms.TermsSHA256 = strings.Repeat("0", 64)
	if d.CheckNotice() == nil {
		t.Error("R27 a text that was altered is bound")
	}
}
