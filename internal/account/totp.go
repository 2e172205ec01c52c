package account

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // what every authenticator speaks (RFC 6238)
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"time"
)

// The second factor is RFC 6238: six digits, 30 seconds, SHA-1, which is what
// every authenticator application reads. A code of the step before or after is
// taken, so that a clock may be half a minute wrong.
const (
	factorSize = 20 // bytes of a secret (RFC 4226 §4)
	factorStep = 30
	factorSkew = 1
)

// NewFactor makes the secret of a second factor.
func NewFactor() []byte {
	b := make([]byte, factorSize)
	rand.Read(b)
	return b
}

// FactorText is a secret as people type it: base32 without padding.
func FactorText(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// ParseFactor reads a secret that FactorText wrote; nil when it did not.
func ParseFactor(s string) []byte {
	b, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(s)
	if err != nil || len(b) != factorSize {
		return nil
	}
	return b
}

// FactorAddress is what an authenticator application opens.
func FactorAddress(secret []byte, service, who string) string {
	v := url.Values{"secret": {FactorText(secret)}, "issuer": {service}}
	return "otpauth://totp/" + url.PathEscape(service+":"+who) + "?" + v.Encode()
}

// FactorStep is the step of an instant: a code belongs to one.
func FactorStep(at time.Time) int64 { return at.Unix() / factorStep }

// FactorCode is the code of a step, six digits.
func FactorCode(secret []byte, step int64) string {
	var c [8]byte
	binary.BigEndian.PutUint64(c[:], uint64(step))
	h := hmac.New(sha1.New, secret)
	h.Write(c[:])
	sum := h.Sum(nil)
	o := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[o:o+4])&0x7fffffff%1_000_000)
}

// VerifyFactor takes a code of a step after the last one that was taken, so
// that no code serves twice; it tells which step it was.
func VerifyFactor(secret []byte, code string, at time.Time, last int64) (step int64, ok bool) {
	now := FactorStep(at)
	for s := now - factorSkew; s <= now+factorSkew; s++ {
		if s > last && subtle.ConstantTimeCompare([]byte(FactorCode(secret, s)), []byte(code)) == 1 {
			step, ok = s, true
		}
	}
	return step, ok
}
