package partner

// ValidSIRET reports whether s is 14 digits whose check digit is right (Luhn).
// The establishments of La Poste (SIREN 356 000 000) are the known exception:
// the sum of their digits is a multiple of five.
func ValidSIRET(s string) bool {
	if !digits(s, 14) {
		return false
	}
	if s[:9] == laPoste && s != laPoste+"00048" {
		sum := 0
		for _, c := range []byte(s) {
			sum += int(c - '0')
		}
		return sum%5 == 0
	}
	return luhn(s)
}

const laPoste = "356000000"

// ValidFINESS reports whether s is a FINESS number: 9 characters, the second of
// which may be A or B (Corsica), whose check digit is right (Luhn, where A and
// B count as the digit that they replace: 2A and 2B as 20).
func ValidFINESS(s string) bool {
	if len(s) != 9 {
		return false
	}
	b := []byte(s)
	if b[0] == '2' && (b[1] == 'A' || b[1] == 'B') {
		b[1] = '0'
	}
	return digits(string(b), 9) && luhn(string(b))
}

// luhn checks a number whose last digit is its check digit.
func luhn(s string) bool {
	sum := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0 && sum > 0
}
