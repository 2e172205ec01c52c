package nir

// Nature is which relative of the NIR a number is (identity.md §1.2).
type Nature uint8

// The natures. A number that begins by 7 or 8 may read both as a waiting number,
// which is built like a NIR, and as a provisional one, which holds no birth
// data: nothing in it tells which.
const (
	NoNumber    Nature = iota // not a number
	Registered                // NIR of kind 1 or 2
	Registering               // NIR of kind 3 or 4, being registered
	Waiting                   // NIA
	Provisional               // NNP, given by a fund until 2022
	Unsettled                 // NIA or NNP
	Migrant                   // MIG, of a family in transit
)

// String is the nature's name.
func (n Nature) String() string {
	names := [...]string{"", "NIR", "NIR being registered", "NIA", "NNP", "NIA or NNP", "MIG"}
	if int(n) < len(names) {
		return names[n]
	}
	return ""
}

// Nature says which relative of the NIR it is.
func (v NIR) Nature() Nature {
	switch v.d[0] {
	case '1', '2':
		if v.ordinary() {
			return Registered
		}
	case '3', '4':
		if v.ordinary() {
			return Registering
		}
	case '5', '6':
		if v.givenByFund('1') {
			return Migrant
		}
	case '7', '8':
		switch nia, nnp := v.ordinary(), v.givenByFund('0'); {
		case nia && nnp:
			return Unsettled
		case nia:
			return Waiting
		case nnp:
			return Provisional
		}
	}
	return NoNumber
}

// givenByFund is the layout of the numbers that a fund gave: after the first
// digit one from least to 2, the caisse on 3 digits and a sequence on 8, neither
// of them zero. An NNP had a 0 there before 2012.
func (v NIR) givenByFund(least byte) bool {
	if v.d[1] < least || v.d[1] > '2' {
		return false
	}
	digits, ok := number(v.d[2:])
	return ok && digits >= 1e8 && digits%1e8 > 0
}
