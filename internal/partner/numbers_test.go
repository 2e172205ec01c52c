package partner

import (
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

func TestCheckDigits(t *testing.T) {
	for _, c := range []struct {
		name   string
		number string
		siret  bool
		finess bool
	}{
		{"a SIRET", "12345678900007", true, false},
		{"a SIRET with another last digit", "12345678900008", false, false},
		{"the head office of La Poste", "35600000000048", true, false},
		{"an establishment of La Poste", "35600000000011", false, false},
		{"an establishment of La Poste by its own rule", "35600000000001", true, false},
		{"a FINESS", "120000013", false, true},
		{"a FINESS of Corsica", "2A0000016", false, true},
		{"another letter", "2C0000016", false, false},
		{"a letter elsewhere", "A20000016", false, false},
		{"nothing", "", false, false},
		{"zeros", "00000000000000", false, false},
		{"digits that are not ours", "１２３４５６７８９", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if ValidSIRET(c.number) != c.siret || ValidFINESS(c.number) != c.finess {
				t.Errorf("SIRET %v, FINESS %v", ValidSIRET(c.number), ValidFINESS(c.number))
			}
		})
	}
	t.Run("of ten last digits one is right, and one changed digit is always found", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			head := rapid.StringMatching(`[1-9][0-9]{12}`).Draw(t, "head")
			if head[:9] == laPoste {
				return
			}
			right := ""
			for d := range 10 {
				if s := head + strconv.Itoa(d); ValidSIRET(s) {
					if right != "" {
						t.Fatal("two keys")
					}
					right = s
				}
			}
			if right == "" {
				t.Fatal("no key")
			}
			b := []byte(right)
			i := rapid.IntRange(0, 13).Draw(t, "at")
			b[i] = '0' + (b[i]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
			if string(b[:9]) != laPoste && ValidSIRET(string(b)) {
				t.Fatal("a changed digit is not found")
			}
		})
	})
}
