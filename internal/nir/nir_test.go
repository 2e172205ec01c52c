package nir

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"droits.example/droits/internal/fault"
)

func TestParseAccepts(t *testing.T) {
	for name, s := range map[string]string{
		"R12 a man born in metropolitan France":                 "185031204791274",
		"R12 spaces between the groups":                         "2 92 07 48 012 934 92",
		"R12 no-break, thin and narrow spaces":                  "2\u00a092\u200907\u202f48 012 934 92",
		"R12 the highest commune, 990":                          "163110199095516",
		"R12 year 00 and rank 999":                              "200122309699954",
		"R12 Corsica 2A":                                        "199022A04191143",
		"R12 Corsica 2A in lower case":                          "199022a04191143",
		"R12 Corsica 2B":                                        "285062B00992567",
		"R12 Corsica before 1976, department 20":                "171032000493367",
		"R12 La Réunion":                                        "278119741694201",
		"R12 Mayotte 976":                                       "104059761195150",
		"R12 Polynesia 987":                                     "198129872996427",
		"R12 New Caledonia 988":                                 "266079881890716",
		"R12 Saint-Pierre-et-Miquelon":                          "189049750291548",
		"R12 born in Portugal":                                  "180119913992182",
		"R12 Oran before 1962":                                  "155039235294496",
		"R12 Morocco before 1956":                               "248059535095204",
		"R12 month 20":                                          "160209935092711",
		"R12 month 31":                                          "257319934191878",
		"R12 month 42":                                          "149429935292964",
		"R12 month 50":                                          "251509923493388",
		"R12 month 99 and key 05":                               "145999924594105",
		"R12 key 97, remainder 0":                               "187063301293497",
		"R12 key 01, remainder 96":                              "293021704593701",
		"R12 key 09":                                            "284015203192609",
		"R12 kind 3, being registered":                          "385019912391464",
		"R12 kind 4, being registered":                          "491029920892684",
		"R12 kind 7, waiting number of a man":                   "795039920391710",
		"R12 kind 8, waiting number of a woman":                 "888069921693837",
		"R12 13 characters without the key":                     "1850312047912",
		"R12 a provisional number carries no birth data":        "7126100000001",
		"R12 a provisional number from before 2012 starts by 0": "8075100012345",
	} {
		t.Run(name, func(t *testing.T) {
			v, err := Parse(s)
			if err != nil {
				t.Fatal("refused")
			}
			if w, err := Parse(v.Reveal()); err != nil || w != v || len(v.Reveal()) != 15 {
				t.Error("Reveal does not read back")
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for name, s := range map[string]string{
		"key plus one":                      "185031204791275",
		"key digits swapped":                "185031204791247",
		"rank digits swapped":               "185031204719274",
		"key 00":                            "185031204791200",
		"key 98 is not an escape":           "187063301293498",
		"key 99":                            "185031204791299",
		"14 characters":                     "18503120479127",
		"16 characters":                     "1850312047912745",
		"12 characters":                     "185031204791",
		"nothing":                           "",
		"blanks only":                       "  \u00a0 ",
		"2A retyped 20 under the key of 2A": "199022004191143",
		"department 2C":                     "199022C04191143",
		"a letter elsewhere":                "1990A2041911430",
		"the key of 2B on 2A":               "285062A00992567",
		"kind 0 with its right key":         "085031204791227",
		"kind 9 with its right key":         "985031204791262",
		"a migrant's number with a key":     "517890001234524",
		"month 00 with its right key":       "185001204791226",
		"month 13":                          "185131204791240",
		"month 19":                          "185191204791239",
		"department 00":                     "185030004791210",
		"commune 000":                       "185031200091229",
		"rank 000":                          "185031204700016",
		"the letter l for a one":            "l85031204791274",
		"the letter O for a zero":           "1850312O4791274",
		"full-width digits":                 "１８５０３１２０４７９１２７４",
		"Arabic-Indic digits":               "١٨٥٠٣١٢٠٤٧٩١٢٧٤",
		"a trailing newline":                "185031204791274\n",
		"two numbers and a comma":           "185031204791274,185031204791274",
		"a float":                           "1.85031204791274e14",
		"dashes":                            "1-85-03-12-047-912-74",
		"a sign":                            "+185031204791274",
		"invalid UTF-8":                     "18503120479127\xff",
		"A in the place of the department's tens": "19902A404191143",
		"3A in the department":                    "199023A04191143",
		"a provisional number of caisse 000":      "7100000000001",
		"a provisional number of sequence 0":      "7126100000000",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(s)
			want := fault.NirInvalide
			if strings.Trim(s, " \u00a0") == "" {
				want = fault.NirAbsent
			}
			if !fault.Is(err, want) {
				t.Fatalf("not refused with %s", want)
			}
			if len(s) > 2 && strings.TrimSpace(s) != "" && strings.Contains(err.Error(), s) {
				t.Error("R10 the error repeats the number")
			}
		})
	}
}

func TestNature(t *testing.T) {
	for _, c := range []struct {
		name, number string
		want         Nature
	}{
		{"a NIR", "185031204791274", Registered},
		{"a NIR being registered", "385019912391464", Registering},
		{"a woman's NIR being registered", "491029920892684", Registering},
		{"a waiting number", "795039920391710", Waiting},
		{"a provisional number", "7126100000001", Provisional},
		{"a provisional number from before 2012", "8075100012345", Provisional},
		{"a number of a fund that reads as a waiting one", "7126101234567", Unsettled},
		{"a migrant's number", "5178900012345", Migrant},
		{"a migrant's number, the other sex", "6275100012345", Migrant},
	} {
		t.Run("R12 "+c.name, func(t *testing.T) {
			v, err := ParseAny(c.number)
			if err != nil || v.Nature() != c.want || v.Nature().String() == "" {
				t.Errorf("%v, not %v", v.Nature(), c.want)
			}
			if w, err := ParseAny(v.Reveal()); err != nil || v != w {
				t.Error("Reveal does not read back")
			}
			if _, err := Parse(c.number); (err == nil) != (c.want != Migrant) {
				t.Error("Parse takes all but migrants' numbers")
			}
			if v.BirthData() != (c.want == Registered || c.want == Registering) {
				t.Error("only a NIR says something sure of the birth")
			}
		})
	}
	for name, s := range map[string]string{
		"a key":                     "517890001234524",
		"a sex other than 1 or 2":   "5078900012345",
		"caisse 000":                "5100000012345",
		"sequence 0":                "5178900000000",
		"a letter":                  "51789A0012345",
		"the layout of a NIR":       "5850312047912",
		"twelve characters":         "517890001234",
		"the first digit of nobody": "9178900012345",
	} {
		t.Run("R12 a migrant's number with "+name+" is refused", func(t *testing.T) {
			if v, err := ParseAny(s); err == nil || !v.IsZero() {
				t.Error("accepted")
			}
		})
	}
	if (NIR{}).Nature() != NoNumber || Nature(99).String() != "" {
		t.Error("no number has a nature")
	}
}

// oracle is the key written another way: the whole number as a big integer,
// Corsica by the official subtraction.
func oracle(thirteen string) string {
	less := int64(0)
	switch {
	case strings.Contains(thirteen, "2A"):
		thirteen, less = strings.Replace(thirteen, "A", "0", 1), 1_000_000
	case strings.Contains(thirteen, "2B"):
		thirteen, less = strings.Replace(thirteen, "B", "0", 1), 2_000_000
	}
	n, _ := new(big.Int).SetString(thirteen, 10)
	n.Sub(n, big.NewInt(less))
	return fmt.Sprintf("%02d", 97-new(big.Int).Mod(n, big.NewInt(97)).Int64())
}

// thirteen draws a well-formed number without its key.
func thirteen(t *rapid.T) string {
	month := rapid.OneOf(rapid.IntRange(1, 12), rapid.IntRange(20, 99)).Draw(t, "month")
	department := rapid.OneOf(rapid.Map(rapid.IntRange(1, 96), func(n int) string { return fmt.Sprintf("%02d", n) }), rapid.SampledFrom([]string{"2A", "2B", "97", "98", "99"})).Draw(t, "department")
	return fmt.Sprintf("%d%02d%02d%s%03d%03d", rapid.SampledFrom([]int{1, 2, 3, 4, 7, 8}).Draw(t, "kind"), rapid.IntRange(0, 99).Draw(t, "year"), month,
		department, rapid.IntRange(1, 990).Draw(t, "commune"), rapid.IntRange(1, 999).Draw(t, "rank"))
}

func TestKeyAgreesWithBigIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := thirteen(t)
		v, err := Parse(s)
		if err != nil {
			t.Fatal("a well-formed number is refused")
		}
		if v.Reveal() != s+oracle(s) {
			t.Fatal("the key differs from the oracle's")
		}
		for k := range 100 {
			_, err := Parse(fmt.Sprintf("%s%02d", s, k))
			if (err == nil) != (fmt.Sprintf("%02d", k) == oracle(s)) {
				t.Fatal("exactly one key must fit")
			}
		}
	})
}

func TestKeyCatchesEverySingleErrorAndSwap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := thirteen(t)
		whole := []byte(s + oracle(s))
		i := rapid.IntRange(0, 14).Draw(t, "position")
		other := append([]byte(nil), whole...)
		if c := byte('0' + rapid.IntRange(0, 9).Draw(t, "digit")); other[i] != c && other[i] <= '9' {
			other[i] = c
			if _, err := Parse(string(other)); err == nil {
				t.Fatal("one wrong digit passes")
			}
		}
		other = append([]byte(nil), whole...)
		if i < 12 && other[i] != other[i+1] {
			other[i], other[i+1] = other[i+1], other[i]
			if _, err := Parse(string(other)); err == nil {
				t.Fatal("two swapped neighbours pass")
			}
		}
	})
}

func TestSpacesAndCaseDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := thirteen(t)
		var b strings.Builder
		for _, c := range strings.ToLower(s) {
			b.WriteRune(c)
			b.WriteString(rapid.SampledFrom([]string{"", "", " ", "\u00a0", "\u2009", "\u202f"}).Draw(t, "space"))
		}
		v, err := Parse(b.String())
		if w, _ := Parse(s); err != nil || v != w {
			t.Fatal("the same number reads otherwise")
		}
	})
}

func TestPartsAreTheDigits(t *testing.T) {
	v := MustParse("285062B00992567")
	if v.Kind() != 2 || v.Male() || v.Year() != 85 || v.Month() != 6 || v.Place() != "2B009" || !v.BirthData() {
		t.Error("wrong parts")
	}
	if MustParse("7126100000001").BirthData() {
		t.Error("R12 a provisional number says nothing of the birth")
	}
	if zero := (NIR{}); zero.Kind() != 0 || zero.Place() != "" || zero.Reveal() != "" || zero.BirthData() || zero.Grouped() != "" {
		t.Error("the zero value says something")
	}
}

func TestPrintsAsAMaskEverywhere(t *testing.T) {
	t.Run("R10 fmt, slog and JSON give no digit beyond sex and year", func(t *testing.T) {
		v := MustParse("185031204791274")
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "nir", v, "in", struct{ N NIR }{v})
		j, _ := json.Marshal(map[string]any{"n": v, "list": []NIR{v}})
		for _, out := range []string{fmt.Sprint(v), fmt.Sprintf("%v %+v %#v %s %q %x %d", v, v, v, v, v, v, v), fmt.Sprintf("%v %+v %#v", &v, []NIR{v}, struct{ N NIR }{v}), log.String(), string(j), v.Grouped()} {
			if strings.Contains(out, "0312047") || strings.Contains(out, "12047") || strings.Contains(out, "49 56 53") || strings.Contains(out, "313835303331") || strings.Contains(out, "0x31, 0x38") {
				t.Error("digits are printed")
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"185031204791274", "5178900012345", "2 92 07 48 012 934 92", "199022a04191143", "7126100000001", "", "\u202f", "1850312047912", "\xff\xfe"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := Parse(s)
		if (err == nil) != grammar(clean(s)) {
			t.Error("the grammar says otherwise")
		}
		if err != nil {
			if !v.IsZero() {
				t.Error("a refused text gives a number")
			}
			return
		}
		if w, err := Parse(v.Reveal()); err != nil || w != v {
			t.Error("an accepted number does not read back")
		}
		if strings.Contains(fmt.Sprintf("%v%#v", v, v), v.Reveal()) {
			t.Error("R10 the number prints itself")
		}
	})
}
