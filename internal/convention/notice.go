package convention

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"slices"
	"strings"
)

// NoticeVersion is the version of the information notice that new conventions
// bind. A changed wording is a new version; old texts stay as they are, because
// past agreements and conventions in force name them by their hash.
const NoticeVersion = "2026-11-2"

// noticeFiles are our wordings of what the information notice tells (facts of
// source 000: purposes, recipients, prior agreement, rights of the person). One
// file a version; the last newline is not of the text.
//
//go:embed notices/*.md
var noticeFiles embed.FS

// InformationNotice is one version of the text. SHA256 is the hex digest of its
// bytes, which conventions and agreements name.
type InformationNotice struct {
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
	Current bool   `json:"current"`
	Text    string `json:"text"`
}

// Notices lists every version, oldest first.
func Notices() (out []InformationNotice) {
	files, err := noticeFiles.ReadDir("notices")
	if err != nil {
		return nil
	}
	for _, f := range files {
		if n, ok := NoticeOf(strings.TrimSuffix(f.Name(), ".md")); ok {
			out = append(out, n)
		}
	}
	// 2026-11 comes before 2026-11-2, which the names of the files do not say.
	slices.SortFunc(out, func(a, b InformationNotice) int { return strings.Compare(a.Version, b.Version) })
	return out
}

// NoticeOf finds a version.
func NoticeOf(version string) (InformationNotice, bool) {
	b, err := noticeFiles.ReadFile("notices/" + version + ".md")
	if err != nil {
		return InformationNotice{}, false
	}
	b = b[:max(0, len(b)-1)]
	sum := sha256.Sum256(b)
	return InformationNotice{Version: version, SHA256: hex.EncodeToString(sum[:]), Current: version == NoticeVersion, Text: string(b)}, true
}

// NoticeText is the information notice of the current version.
func NoticeText() string { n, _ := NoticeOf(NoticeVersion); return n.Text }

// NoticeSHA256 is the hex SHA-256 of the current text.
func NoticeSHA256() string { n, _ := NoticeOf(NoticeVersion); return n.SHA256 }

// CheckNotice reports whether the document binds a version that exists, by its
// hash, and the same of its terms of use. Errors: parametre_invalide, with NOTICE_UNKNOWN or NOTICE_CHANGED.
func (d Document) CheckNotice() error {
	n, ok := NoticeOf(d.Terms.Notice)
	switch {
	case !ok:
		return badNotice("NOTICE_UNKNOWN")
	case n.SHA256 != d.Terms.NoticeSHA256:
		return badNotice("NOTICE_CHANGED")
	}
	return d.checkTerms()
}

// NoticeLine is a sentence of a comparison.
type NoticeLine struct {
	Change string `json:"change"` // "-" gone, "+" new, " " kept
	Text   string `json:"text"`
}

// CompareNotices tells, sentence by sentence, what changed from one version to
// another: the fewest sentences gone and come.
func CompareNotices(from, to InformationNotice) (out []NoticeLine) {
	a, b := sentences(from.Text), sentences(to.Text)
	keep := longest(a, b)
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, NoticeLine{" ", a[i]})
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || keep[i+1][j] >= keep[i][j+1]):
			out = append(out, NoticeLine{"-", a[i]})
			i++
		default:
			out = append(out, NoticeLine{"+", b[j]})
			j++
		}
	}
	return out
}

// longest holds the length of the longest common rest of both lists from each
// pair of places on.
func longest(a, b []string) [][]int {
	n := make([][]int, len(a)+1)
	for i := range n {
		n[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				n[i][j] = n[i+1][j+1] + 1
			} else {
				n[i][j] = max(n[i+1][j], n[i][j+1])
			}
		}
	}
	return n
}

func sentences(text string) (out []string) {
	for _, paragraph := range strings.Split(text, "\n") {
		for _, s := range strings.SplitAfter(paragraph, ". ") {
			if s = strings.TrimSpace(s); s != "" {
				out = append(out, s)
			}
		}
	}
	return out
}
