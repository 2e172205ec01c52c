package habilitation

import (
	"bytes"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"droits.example/droits/internal/fault"
)

// The bounds of documents.
const (
	MaxPiece  = 10 << 20 // bytes of one
	MaxPieces = 20       // of one request, those that were replaced too
	maxName   = 120      // characters of its name
)

// PieceFields are the fields to which a document may be joined.
func PieceFields() []string { return []string{"cadre.document", "projet.maquette"} }

// Piece is a document of a request, without its content.
type Piece struct {
	ID      string    `json:"id"`
	Request string    `json:"demande"`
	Field   string    `json:"champ"`
	Name    string    `json:"nom"` // as the applicant's file was called, cleaned
	Size    int       `json:"taille"`
	At      time.Time `json:"le"`
}

// The reasons for which a document is refused.
const (
	PieceEmpty    = "PIECE_EMPTY"
	PieceTooLarge = "PIECE_TOO_LARGE"
	PieceNotPDF   = "PIECE_NOT_PDF"
	PieceTooMany  = "PIECE_TOO_MANY"
)

// CheckPiece recognises a document by what it holds, never by its name: a PDF
// begins with its mark and ends with its own. What it shows is not checked.
// Errors: parametre_invalide on the field, with one of the reasons.
func CheckPiece(field string, content []byte) error {
	bad := fault.New(fault.ParametreInvalide, "habilitation: document").On(field)
	known := false
	for _, f := range PieceFields() {
		known = known || f == field
	}
	switch {
	case !known:
		return bad
	case len(content) == 0:
		return bad.Because(PieceEmpty)
	case len(content) > MaxPiece:
		return bad.Because(PieceTooLarge)
	case !bytes.HasPrefix(content, []byte("%PDF-")) || !bytes.Contains(content[max(0, len(content)-2048):], []byte("%%EOF")):
		return bad.Because(PieceNotPDF)
	}
	return nil
}

// PieceName is the name of a file as it may be shown and proposed: its last
// part, without what a file system or a header could misread, ending in .pdf.
func PieceName(raw string) string {
	if i := strings.LastIndexAny(raw, `/\`); i >= 0 {
		raw = raw[i+1:]
	}
	name := strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(`"<>:|?*%;`, r) {
			return -1
		}
		return r
	}, raw)
	name = strings.Trim(name, ". ")
	if n := len(name) - 4; n >= 0 && strings.EqualFold(name[n:], ".pdf") {
		name = strings.TrimRight(name[:n], ". ")
	}
	if r := []rune(name); len(r) > maxName {
		name = string(r[:maxName])
	}
	if name == "" {
		name = "document"
	}
	return name + ".pdf"
}
