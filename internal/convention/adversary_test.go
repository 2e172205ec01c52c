package convention

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"
)

func TestAKeyUnderWhichAnybodySignsIsNone(t *testing.T) { // R27
	forged := make([]byte, ed25519.SignatureSize)
	forged[0] = 1 // R is the neutral point, S is zero: nobody's secret is in it
	middle := strings.Repeat("ff", 30)
	seen := 0
	for _, y := range []string{
		strings.Repeat("00", 32), "01" + strings.Repeat("00", 31), "ec" + middle + "7f", "ed" + middle + "7f", "ee" + middle + "7f",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	} {
		for _, sign := range []byte{0, 0x80} {
			key, err := hex.DecodeString(y)
			if err != nil || len(key) != ed25519.PublicKeySize {
				t.Fatal(y)
			}
			key[31] |= sign
			for n := range 200 {
				if ed25519.Verify(key, []byte(strconv.Itoa(n)), forged) {
					seen++
					break
				}
			}
			if _, err := ParsePublicKey(base64.StdEncoding.EncodeToString(key)); err == nil {
				t.Error("taken:", y[:8], sign)
			}
		}
	}
	if seen < 8 {
		t.Errorf("only %d of these keys verify what nobody signed: the list is wrong", seen)
	}
	if _, err := ParsePublicKey(base64.StdEncoding.EncodeToString(ed25519.NewKeyFromSeed(make([]byte, 32)).Public().(ed25519.PublicKey))); err != nil {
		t.Error(err)
	}
}
