package convention

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"slices"
	"strings"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/fault"
)

// TermsVersion is the version of the terms of use that holds where no other
// was ever announced.
const TermsVersion = "2026-11"

// TermsNoticeDays is how long before its first day a version of the terms is
// announced: time to read it, and to leave with the notice of fifteen days
// (source 004, §6).
const TermsNoticeDays = 30

// termsFiles are our wordings of the frame and the commitments of source 004.
// One file a version; the last newline is not of the text.
//
//go:embed terms/*.md
var termsFiles embed.FS

// TermsText is one version of the terms of use. SHA256 is the hex digest of its
// bytes. Its lines are headings ("## "), items ("- ") and paragraphs.
type TermsText struct {
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
	Text    string `json:"text"`
}

// AllTerms lists every version that the program knows, oldest first, whether or
// not it holds yet.
func AllTerms() (out []TermsText) {
	files, err := termsFiles.ReadDir("terms")
	if err != nil {
		return nil
	}
	for _, f := range files {
		if t, ok := TermsOf(strings.TrimSuffix(f.Name(), ".md")); ok {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b TermsText) int { return strings.Compare(a.Version, b.Version) })
	return out
}

// TermsOf finds a version.
func TermsOf(version string) (TermsText, bool) {
	b, err := termsFiles.ReadFile("terms/" + version + ".md")
	if err != nil {
		return TermsText{}, false
	}
	b = b[:max(0, len(b)-1)]
	sum := sha256.Sum256(b)
	return TermsText{version, hex.EncodeToString(sum[:]), string(b)}, true
}

// Announced is a version of the terms, and the day from which it holds. The
// version that always held has no day.
type Announced struct {
	Version string     `json:"version"`
	SHA256  string     `json:"sha256"`
	From    civil.Date `json:"from,omitzero"`
}

// TermsOn is which of the versions announced holds on a day, and which comes
// next, the zero value when none does.
func TermsOn(list []Announced, day civil.Date) (held, next Announced) {
	t, _ := TermsOf(TermsVersion)
	held = Announced{Version: t.Version, SHA256: t.SHA256}
	for _, a := range list {
		switch {
		case a.From <= day && a.From >= held.From:
			held = a
		case a.From > day && (next.From.IsZero() || a.From < next.From):
			next = a
		}
	}
	return held, next
}

// CheckAnnounced reports whether a version may be announced on a day: known,
// later than those that hold or are announced already, and far enough ahead.
// Errors: parametre_invalide on version or from.
func CheckAnnounced(list []Announced, a Announced, today civil.Date) error {
	bad := fault.New(fault.ParametreInvalide, "convention: announce terms")
	if _, ok := TermsOf(a.Version); !ok {
		return bad.On("version").Because("TERMS_UNKNOWN")
	}
	held, _ := TermsOn(nil, today)
	for _, x := range append(slices.Clone(list), held) {
		if a.Version <= x.Version {
			return bad.On("version").Because("TERMS_OLDER")
		}
		if a.From <= x.From {
			return bad.On("from").Because("TERMS_ORDER")
		}
	}
	if a.From < today.AddDays(TermsNoticeDays) {
		return bad.On("from").Because("TERMS_TOO_SOON")
	}
	return nil
}

// checkTerms reports whether a document that binds the text of its terms binds
// one that exists.
func (d Document) checkTerms() error {
	if d.Terms.TermsSHA256 == "" {
		return nil // from before the texts were bound
	}
	if t, ok := TermsOf(d.Terms.Terms); !ok || t.SHA256 != d.Terms.TermsSHA256 {
		return bad("terms")
	}
	return nil
}
