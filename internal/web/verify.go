package web

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"droits.example/droits/internal/civil"
)

// verifyPath is where anybody checks a proof or an attestation.
const verifyPath = "/verifier"

// verifyData is the page that checks.
type verifyData struct {
	Text   field
	Wrong  []mistake
	Result *verdict
	Keys   string // address of the public keys, "" without
}

// verdict is what was found of what was given.
type verdict struct {
	State   tag
	Title   string
	Text    []string
	Facts   []pair
	Checked []string // how it was checked, step by step
}

func (s *Site) verifyPage(w http.ResponseWriter, r *http.Request) {
	s.showVerify(w, r, http.StatusOK, verifyData{Text: verifyField("")})
}

func verifyField(value string) field {
	return field{Name: "texte", Label: "La preuve, ou le code d'une attestation", Kind: "textarea", Max: MaxForm / 4, Value: value, Optional: true,
		Hint: "Collez le contenu du fichier « .tlog-proof », le fichier JSON d'une attestation, ou un code de huit groupes de quatre caractères."}
}

func (s *Site) verify(w http.ResponseWriter, r *http.Request) {
	if !s.form(w, r) {
		return
	}
	text := r.PostForm.Get("texte")
	if file := s.upload(r, "fichier"); file != "" {
		text = file
	}
	d := verifyData{Text: verifyField(text)}
	status := http.StatusOK
	if strings.TrimSpace(text) == "" {
		d.Text.Error = "Collez une preuve ou un code, ou choisissez un fichier."
		d.Wrong, status = mistakes(d.Text), http.StatusUnprocessableEntity
	} else {
		v, err := s.judge(r.Context(), text)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		d.Result = &v
	}
	w.Header().Set("Cache-Control", "no-store")
	s.showVerify(w, r, status, d)
}

// upload is the text of a file that came with a form, "" without one.
func (s *Site) upload(r *http.Request, name string) string {
	f, _, err := r.FormFile(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		return ""
	}
	return string(b)
}

func (s *Site) showVerify(w http.ResponseWriter, r *http.Request, status int, d verifyData) {
	d.Keys = s.cfg.KeysPath
	s.render(w, r, status, page{
		Name: "verifier", Title: "Vérifier une preuve", Section: verifyPath, Failed: len(d.Wrong) > 0,
		Summary: "Vérifier la preuve d'une consultation ou une attestation de droits.", Crumbs: trail(link{Text: "Vérifier une preuve"}), Data: d,
	})
}

// unknown is the verdict on what is nothing of ours.
func unknown() verdict {
	return verdict{State: tag{"warn", "inconnu"}, Title: "Ce texte n'est ni une preuve ni une attestation", Text: []string{
		"Vérifiez que vous avez collé le fichier en entier, de la première à la dernière ligne, ou tous les groupes du code."}}
}

// judge tells what a text is and whether it holds.
func (s *Site) judge(ctx context.Context, text string) (verdict, error) {
	text = strings.ReplaceAll(text, "\r\n", "\n") // a browser sends a pasted text so
	switch begin := strings.TrimSpace(text); {
	case strings.HasPrefix(begin, "{"):
		return s.judgeCertificate(begin), nil
	case strings.HasPrefix(begin, proofBegins) && s.cfg.TrailKeys != nil:
		return s.judgeProof(ctx, begin+"\n")
	}
	return s.judgeCode(text), nil
}

// proofBegins is how the file of a proof begins (C2SP tlog-proof).
const proofBegins = "c2sp.org/tlog-proof@"

func (s *Site) judgeCode(text string) verdict {
	if s.open() {
		if issued, digest, ok := readCode(s.space.Key, text); ok {
			return verdict{State: tag{"ok", "valide"}, Title: "Ce code a été émis ici", Text: []string{
				"Comparez ce qui suit avec le document qu'on vous présente. Le code ne dit rien du contenu : c'est l'empreinte qui le fait."},
				Facts:   []pair{{Term: "Établie le", Text: []string{longDay(issued)}}, {Term: "Début de l'empreinte", Text: []string{hex.EncodeToString(digest)}}},
				Checked: []string{"Le sceau du code a été recalculé avec la clé de ce service."}}
		}
	}
	return unknown()
}

// judgeCertificate checks the file of an attestation. Only the writing that we
// give is one: a member twice, in other letters or after the end reads
// differently elsewhere than here.
func (s *Site) judgeCertificate(text string) verdict {
	var c certificate
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if dec.Decode(&c) != nil || c.Schema != certificateSchema || !s.open() {
		return unknown()
	}
	digest, err := c.digest()
	issued, begin, ok := readCode(s.space.Key, c.Code)
	if err != nil || !ok || !c.writtenAs(text) || hex.EncodeToString(digest[:]) != c.Digest || issued.String() != c.Issued || string(begin) != string(digest[:codeDigest]) {
		return verdict{State: tag{"error", "altérée"}, Title: "Cette attestation ne correspond pas à son code", Text: []string{
			"Son contenu a été changé, ou elle n'a pas été établie ici. Ne vous y fiez pas."}}
	}
	return verdict{State: tag{"ok", "valide"}, Title: "Cette attestation a été établie ici et n'a pas été changée",
		Text:  []string{"Voici ce qu'elle dit. Comparez-le avec le document qu'on vous présente."},
		Facts: certified(c, issued),
		Checked: []string{"Le fichier est écrit comme ce service l'écrit : rien n'y est ajouté ni répété.",
			"L'empreinte SHA-256 du contenu a été recalculée.", "Le sceau du code a été recalculé avec la clé de ce service."}}
}

// writtenAs reports whether a text is the writing of the certificate, spaces
// between its members aside.
func (c certificate) writtenAs(text string) bool {
	var given bytes.Buffer
	own, err := json.Marshal(c)
	return err == nil && json.Compact(&given, []byte(text)) == nil && bytes.Equal(given.Bytes(), own)
}

// certified is what a certificate that holds says.
func certified(c certificate, issued civil.Date) []pair {
	out := []pair{{Term: "Établie le", Text: []string{longDay(issued)}}}
	if c.Sample {
		out = append(out, pair{Term: "Mention", Text: []string{"SPÉCIMEN – données fictives"}})
	}
	quality := "Assuré"
	if c.Quality != "assure" {
		quality = "Ayant droit"
	}
	out = append(out, pair{Term: "Nom de naissance", Text: []string{c.Name}}, pair{Term: "Prénoms", Text: []string{c.Given}},
		pair{Term: "Date de naissance", Text: []string{certifiedDay(c.Born)}}, pair{Term: "Numéro", Text: []string{c.Number}}, pair{Term: "Qualité", Text: []string{quality}})
	if c.Fund != "" {
		out = append(out, pair{Term: "Caisse", Text: []string{c.Fund}})
	}
	rights := pair{Term: "Droits"}
	for _, x := range c.Rights {
		from, _ := civil.Parse(x.From) // "" is an open end, and we wrote the rest
		to, _ := civil.Parse(x.To)
		rights.Text = append(rights.Text, x.What+", "+period(civil.Period{From: from, To: to}))
	}
	if len(c.Rights) == 0 {
		rights.Text = []string{"Aucun droit à la date de l'attestation"}
	}
	return append(out, rights, pair{Term: "Données au", Text: []string{certifiedDay(c.DataOn)}}, pair{Term: "Empreinte", Text: []string{c.Digest}})
}

// certifiedDay is a day in words, or as it was written.
func certifiedDay(written string) string {
	if d, err := civil.Parse(written); err == nil {
		return longDay(d)
	}
	return written
}
