package convention

import (
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gowebpki/jcs"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
)

func good() Document {
	return Document{
		ID: "conv-hopital", Version: 1, Parties: Parties{Operator: "operateur", Partner: "hopital", Name: "Hôpital « d'essai »", SIRET: "11000001500013"},
		Purpose: "preadmission", Kind: droits.Etablissement, Blocks: []droits.Bloc{droits.BlocIdentite, droits.BlocExonerations, droits.BlocExonerationsMotif},
		Quota: Quota{PerSecond: 20, PerDay: 1000}, From: civil.MustParse("2026-01-01"), Until: civil.MustParse("2026-12-31"), Auth: "api_key",
		FCClients: []FCClient{{"hopital-v1", "v1"}, {"hopital-v2", "v2"}}, AgentRequired: true,
		Consent: Consent{Ticks: []droits.Bloc{droits.BlocExonerationsMotif}, RepeatDays: 7}, Networks: []string{"192.0.2.0/24", "2001:db8::/32"},
		Terms: Terms{Terms: "cgu-1", Notice: "2026-11", NoticeSHA256: strings.Repeat("0", 64)},
	}
}

func TestCanonicalBytesAreStable(t *testing.T) { // R19 R27
	c, err := New(good(), Active)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/canonical.json")
	if err != nil {
		t.Fatal(err)
	}
	if string(c.Canonical) != strings.TrimSuffix(string(want), "\n") {
		t.Errorf("what is signed has changed:\n%s", c.Canonical)
	}
	if c.Digest != digest {
		t.Errorf("digest %s", c.Digest)
	}
	t.Run("canonical once is canonical", func(t *testing.T) {
		again, err := jcs.Transform(c.Canonical)
		if err != nil || string(again) != string(c.Canonical) {
			t.Errorf("%v", err)
		}
	})
	t.Run("read back, it is the same convention", func(t *testing.T) {
		d, err := Parse(c.Canonical)
		if err != nil {
			t.Fatal(err)
		}
		again, err := New(d, Active)
		if err != nil || again.Digest != c.Digest {
			t.Errorf("%v", err)
		}
	})
	t.Run("absent lists are empty ones, not null", func(t *testing.T) {
		d := good()
		d.Consent.Ticks, d.Networks = nil, nil
		c, err := New(d, Draft)
		if err != nil || strings.Contains(string(c.Canonical), "null") || len(c.Signatures) != 0 || c.Signatures == nil {
			t.Errorf("%s %v", c.Canonical, err)
		}
	})
	t.Run("any change is another digest", func(t *testing.T) {
		seen := map[string]string{digest: "the first"}
		for name, change := range map[string]func(*Document){
			"version": func(d *Document) { d.Version++ }, "quota": func(d *Document) { d.Quota.PerDay++ }, "until": func(d *Document) { d.Until = d.Until.AddDays(1) },
			"order of the blocks": func(d *Document) { slices.Reverse(d.Blocks) }, "agent": func(d *Document) { d.AgentRequired = false }, "name": func(d *Document) { d.Parties.Name += " " },
		} {
			d := good()
			d.Blocks = slices.Clone(d.Blocks)
			change(&d)
			c, err := New(d, Active)
			if other, twice := seen[c.Digest]; err != nil || twice {
				t.Errorf("%s has the digest of %s, %v", name, other, err)
			}
			seen[c.Digest] = name
		}
	})
}

func TestDocumentsAreChecked(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Document)
		field  string
	}{
		"an id that is no slug":       {func(d *Document) { d.ID = "Conv" }, "id"},
		"a version of zero":           {func(d *Document) { d.Version = 0 }, "version"},
		"no partner":                  {func(d *Document) { d.Parties.Partner = "" }, "parties"},
		"no name":                     {func(d *Document) { d.Parties.Name = "" }, "parties"},
		"no operator":                 {func(d *Document) { d.Parties.Operator = "" }, "parties"},
		"another purpose":             {func(d *Document) { d.Purpose = "statistiques" }, "purpose"},
		"another kind":                {func(d *Document) { d.Kind = "autre" }, "kind"},
		"no block":                    {func(d *Document) { d.Blocks = nil }, "blocks"},
		"a block that does not exist": {func(d *Document) { d.Blocks = []droits.Bloc{"tout"} }, "blocks"},
		"a block twice":               {func(d *Document) { d.Blocks = append(slices.Clone(d.Blocks), d.Blocks[0]) }, "blocks"},
		"a block closed to the kind":  {func(d *Document) { d.Kind = droits.OrganismeComplementaire }, "blocks"},
		"no call a second":            {func(d *Document) { d.Quota.PerSecond = 0 }, "quota"},
		"fewer than no call a day":    {func(d *Document) { d.Quota.PerDay = -1 }, "quota"},
		"an end before the start":     {func(d *Document) { d.Until = d.From.AddDays(-1) }, "from"},
		"no end":                      {func(d *Document) { d.Until = 0 }, "from"},
		"another authentication":      {func(d *Document) { d.Auth = "none" }, "auth"},
		"no client":                   {func(d *Document) { d.FCClients = nil }, "fc_clients"},
		"a client twice":              {func(d *Document) { d.FCClients = []FCClient{{"a", "v1"}, {"a", "v1"}} }, "fc_clients"},
		"a profile that is not one":   {func(d *Document) { d.FCClients = []FCClient{{"a", "v3"}} }, "fc_clients"},
		"a client without a name":     {func(d *Document) { d.FCClients = []FCClient{{"", "v1"}} }, "fc_clients"},
		"R38 a tick of a block that is not sensitive": {func(d *Document) { d.Consent.Ticks = []droits.Bloc{droits.BlocIdentite} }, "consent"},
		"R38 a tick of a block that is not opened":    {func(d *Document) { d.Consent.Ticks = []droits.Bloc{droits.BlocArretsTravail} }, "consent"},
		"a repetition without end":                    {func(d *Document) { d.Consent.RepeatDays = 31 }, "consent"},
		"a network that is not one":                   {func(d *Document) { d.Networks = []string{"192.0.2.1"} }, "networks"},
		"no notice":                                   {func(d *Document) { d.Terms.Notice = "" }, "terms"},
		"a digest that is not one":                    {func(d *Document) { d.Terms.NoticeSHA256 = "00" }, "terms"},
	} {
		t.Run(name, func(t *testing.T) {
			d := good()
			c.change(&d)
			_, err := New(d, Draft)
			if !fault.Is(err, fault.ParametreInvalide) || fault.From(err).Field() != c.field {
				t.Errorf("%v on %q", err, fault.From(err).Field())
			}
		})
	}
}

func TestParseIsStrict(t *testing.T) {
	c, err := New(good(), Draft)
	if err != nil {
		t.Fatal(err)
	}
	doc := string(c.Canonical)
	for name, b := range map[string]string{
		"an unknown member":         strings.Replace(doc, `{"agent_required"`, `{"secret":1,"agent_required"`, 1),
		"an unknown member inside":  strings.Replace(doc, `"per_day":1000`, `"per_day":1000,"per_hour":1`, 1),
		"a float":                   strings.Replace(doc, `"per_day":1000`, `"per_day":1000.5`, 1),
		"a float that is whole":     strings.Replace(doc, `"per_day":1000`, `"per_day":1e3`, 1),
		"a number too large":        strings.Replace(doc, `"per_day":1000`, `"per_day":99999999999999999999`, 1),
		"a day that does not exist": strings.Replace(doc, `2026-12-31`, `2026-02-30`, 1),
		"a trailing byte":           doc + "x",
		"a second document":         doc + doc,
		"half of it":                doc[:len(doc)/2],
		"nothing":                   "",
		"a list":                    "[]",
		"null":                      "null",
		"a missing member":          strings.Replace(doc, `"purpose":"preadmission",`, "", 1),
	} {
		t.Run(name, func(t *testing.T) {
			if b == doc {
				t.Fatal("the case changes nothing")
			}
			if _, err := Parse([]byte(b)); !fault.Is(err, fault.ParametreInvalide) || strings.Contains(err.Error(), "1000") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestStates(t *testing.T) { // R22
	all := []State{Draft, Active, Suspended, Notice, Ended}
	// From the row's state to the column's, in the order above.
	table := map[State]string{
		Draft:     "-x--x",
		Active:    "--xxx",
		Suspended: "-x--x",
		Notice:    "--x-x",
		Ended:     "-----",
	}
	for from, row := range table {
		for i, to := range all {
			if from.CanBecome(to) != (row[i] == 'x') {
				t.Errorf("R22 from %s to %s", from, to)
			}
		}
		if !from.Valid() || from.CanBecome("autre") {
			t.Errorf("%s", from)
		}
	}
	if State("autre").Valid() || State("autre").CanBecome(Active) {
		t.Error("a state that does not exist")
	}
}

func TestAConventionLives(t *testing.T) { // R29
	paris := civil.Paris()
	for _, c := range []struct {
		name  string
		state State
		at    time.Time
		want  bool
	}{
		{"R29 from midnight in Paris of its first day", Active, time.Date(2026, 1, 1, 0, 0, 0, 0, paris), true},
		{"R29 not a second before", Active, time.Date(2025, 12, 31, 23, 59, 59, 0, paris), false},
		{"R29 which is still the year before in Greenwich", Active, time.Date(2025, 12, 31, 23, 0, 0, 0, time.UTC), true},
		{"R29 to the last second of its last day", Active, time.Date(2026, 12, 31, 23, 59, 59, 0, paris), true},
		{"R29 not at midnight after", Active, time.Date(2027, 1, 1, 0, 0, 0, 0, paris), false},
		{"R29 while leaving", Notice, time.Date(2026, 6, 1, 12, 0, 0, 0, paris), true},
		{"R29 not in draft", Draft, time.Date(2026, 6, 1, 12, 0, 0, 0, paris), false},
		{"R29 not suspended", Suspended, time.Date(2026, 6, 1, 12, 0, 0, 0, paris), false},
		{"R29 not ended", Ended, time.Date(2026, 6, 1, 12, 0, 0, 0, paris), false},
	} {
		conv, err := New(good(), c.state)
		if err != nil || conv.LiveAt(c.at) != c.want {
			t.Errorf("%s %v", c.name, err)
		}
	}
}

func TestWhatAConventionAdmits(t *testing.T) { // R75
	c, err := New(good(), Active)
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]bool{"192.0.2.7": true, "192.0.3.7": false, "::ffff:192.0.2.7": true, "2001:db8::1": true, "2001:db9::1": false} {
		if c.Allows(netip.MustParseAddr(addr)) != want {
			t.Errorf("R75 %s", addr)
		}
	}
	if c.Allows(netip.Addr{}) {
		t.Error("R75 no address")
	}
	open := good()
	open.Networks = nil
	if any, _ := New(open, Active); !any.Allows(netip.MustParseAddr("203.0.113.9")) {
		t.Error("R75 no network named is any network")
	}
	if !c.Has(droits.BlocIdentite) || c.Has(droits.BlocCaisse) || !c.Speaks("hopital-v1", "v1") || c.Speaks("hopital-v1", "v2") || c.Speaks("", "v1") {
		t.Error("blocks or clients")
	}
	if v1, v2 := c.Profiles(); !v1 || !v2 {
		t.Error("profiles")
	}
}

func TestWording(t *testing.T) { // R14 R19
	c, err := New(good(), Active)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Wording(); !strings.Contains(got, "Hôpital « d'essai »") || !strings.Contains(got, "préparer votre admission") || !strings.HasSuffix(got, ".") || strings.Count(got, " ; ") != 1 {
		t.Errorf("R14 %s", got)
	}
	for days, want := range map[int]string{0: "pour cette connexion seulement.", 1: "vaut un jour.", 30: "vaut 30 jours."} {
		d := good()
		d.Consent.RepeatDays = days
		c, err := New(d, Active)
		if err != nil || !strings.Contains(c.Wording(), want) {
			t.Errorf("R14 %d days: %s %v", days, c.Wording(), err)
		}
	}
	t.Run("R38 what waits for a tick is said apart from what the journey opens", func(t *testing.T) {
		before, after, ok := strings.Cut(c.Wording(), "si vous les cochez vous-même")
		if !ok || strings.Contains(before, "motif") || !strings.Contains(after, "motif") {
			t.Errorf("R38 %s", c.Wording())
		}
		d := good()
		d.Blocks = d.Consent.Ticks
		only, err := New(d, Active)
		if err != nil || strings.Contains(only.Wording(), "Vous acceptez") || !strings.Contains(only.Wording(), "motif") {
			t.Errorf("R38 %s %v", only.Wording(), err)
		}
	})
	for _, l := range c.Libelles() {
		if !strings.Contains(c.Wording(), l[1:]) {
			t.Errorf("R14 %q is not told", l)
		}
	}
	if len(c.Libelles()) != 3 {
		t.Errorf("R14 %v", c.Libelles())
	}
}

const (
	digest = "571bdd18a57647b6327d19f926b231512fe201b021d1351188bc80b50f185513"
)
