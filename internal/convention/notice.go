package convention

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"droits.example/droits/internal/droits"
)

// NoticeVersion is the version of the information notice that new conventions
// bind. A changed wording is a new version; old texts stay.
const NoticeVersion = "2026-11"

// notice is our wording of what the information notice tells (facts of source
// 000: purposes, recipients, prior agreement, rights of the person).
const notice = `Avec votre accord, l'Assurance Maladie transmet à l'organisme désigné les informations énumérées ci-dessous, et elles seules, pour la démarche que vous faites aujourd'hui. Rien n'est transmis sans cet accord. Vous pouvez le refuser ou le retirer ; la démarche reste possible avec vos justificatifs. Vous disposez d'un droit d'accès, de rectification et de limitation, à exercer par écrit auprès du directeur de votre caisse ou de son délégué à la protection des données, et vous pouvez saisir la Cnil.`

// NoticeText is the information notice of the current version.
func NoticeText() string { return notice }

// NoticeSHA256 is the hex SHA-256 of the current text.
func NoticeSHA256() string {
	sum := sha256.Sum256([]byte(notice))
	return hex.EncodeToString(sum[:])
}

// Wording is the sentence that the partner shows before the redirect: who
// asks, why, and which blocks. It derives from the document alone.
func (c Convention) Wording() string {
	purpose := "préparer votre admission"
	if c.Document.Purpose == "adhesion" {
		purpose = "faciliter votre adhésion"
	}
	var names []string
	for _, b := range c.Document.Blocks {
		if i, ok := b.Info(); ok {
			names = append(names, lowerFirst(i.Libelle))
		}
	}
	return "Vous acceptez que soient transmis à l'organisme « " + c.Document.Parties.Name + " », pour " + purpose + " : " + strings.Join(names, " ; ") + "."
}

// Libelles are the plain names of the blocks, in the catalogue's order.
func (c Convention) Libelles() []string {
	var out []string
	for _, i := range droits.Blocs() {
		if c.Has(i.Bloc) {
			out = append(out, i.Libelle)
		}
	}
	return out
}

func lowerFirst(s string) string {
	for i, r := range s {
		if i == 0 {
			return strings.ToLower(string(r)) + s[len(string(r)):]
		}
	}
	return s
}
