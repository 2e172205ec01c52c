package web

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"droits.example/droits/internal/access"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/trace"
)

// TrailKeys are the public keys of the logs of this service, against which
// anybody checks a proof. Errors: service_indisponible.
type TrailKeys func(context.Context) (trace.Keys, error)

// proofData is the proof of a line of the journal, explained.
type proofData struct {
	Facts  []pair
	Tells  []pair // what the file tells of the access
	Hashes []string
	Note   string
	Text   string // address of the file
	JSON   string
	Back   string
	Verify string
	Keys   string // address of the public keys
	File   string // name of the file
}

// told is what the person part of a proof says; everything else of it stays in
// the file.
type told struct {
	Time        int64         `json:"time"`
	Partner     string        `json:"partner"`
	Purpose     string        `json:"purpose"`
	Operation   string        `json:"operation"`
	Outcome     string        `json:"outcome"`
	Served      []droits.Bloc `json:"served"`
	Actor       trace.Actor   `json:"actor"`
	Beneficiary string        `json:"beneficiary"`
}

// tells is the person part in words; nothing when it cannot be read.
func tells(person []byte, class trace.Class) []pair {
	var x told
	if json.Unmarshal(person, &x) != nil {
		return nil
	}
	line := access.Reading{Class: class, Partner: x.Partner, Operation: x.Operation, Outcome: x.Outcome, Actor: x.Actor}
	out := []pair{{Term: "Quand", Text: []string{longInstant(time.Unix(x.Time, 0))}}}
	if x.Partner != "" {
		out = append(out, pair{Term: "Organisme", Text: []string{x.Partner}})
	}
	out = append(out, pair{Term: "Pourquoi", Text: []string{purposeOf(x.Purpose)}}, pair{Term: "Quoi", Text: []string{actOf(line)}}, pair{Term: "Résultat", State: outcomeOfLine(line)})
	if served := blocksOf(x.Served); len(served) > 0 {
		out = append(out, pair{Term: "Données", Text: served})
	}
	return out
}

func (s *space) proof(w http.ResponseWriter, r *http.Request, v visit) error {
	id := r.PathValue("id")
	p, err := s.Citizens.Proof(r.Context(), v.who, v.at, id)
	if err != nil {
		return err
	}
	return s.show(w, r, v, page{
		Name: "preuve", Title: "Preuve d'une consultation", Section: readingsPath, Summary: "La preuve qu'une consultation est dans le registre.",
		Crumbs: spaceTrail(link{"Qui a consulté", readingsPath}, link{"Consultation", readingsPath + "/" + id}, link{Text: "Preuve"}), Data: s.proofDataOf(p, id),
	})
}

func (s *Site) proofDataOf(p trace.Proof, id string) proofData {
	back := readingsPath + "/" + id
	d := proofData{
		Tells: tells(p.Person, p.Class), Note: p.Checkpoint, Text: back + "/preuve" + trace.ProofExtension, JSON: back + "/preuve.json", Back: back,
		Verify: verifyPath, Keys: s.cfg.KeysPath, File: fileOf(p) + trace.ProofExtension,
		Facts: []pair{
			{Term: "Registre", Text: []string{trace.OriginOf([]byte(p.Checkpoint))}},
			{Term: "Rang dans le registre", Text: []string{strconv.FormatInt(p.Index, 10)}},
			{Term: "Empreinte de la ligne", Text: []string{leafOf(p)}},
		},
	}
	for _, h := range p.Hashes {
		d.Hashes = append(d.Hashes, hex.EncodeToString(h[:]))
	}
	return d
}

// proofText is the proof as the file that programs verify.
func (s *space) proofText(w http.ResponseWriter, r *http.Request, v visit) error {
	p, err := s.Citizens.Proof(r.Context(), v.who, v.at, r.PathValue("id"))
	if err != nil {
		return err
	}
	text, err := p.MarshalText()
	if err != nil {
		return fault.Wrap(fault.ErreurInterne, "web: proof", err)
	}
	return download(w, "text/plain; charset=utf-8", fileOf(p)+trace.ProofExtension, text)
}

// proofFile is the proof as JSON.
func (s *space) proofFile(w http.ResponseWriter, r *http.Request, v visit) error {
	p, err := s.Citizens.Proof(r.Context(), v.who, v.at, r.PathValue("id"))
	if err != nil {
		return err
	}
	return download(w, "application/json; charset=utf-8", fileOf(p)+".json", proofJSON(p))
}

// fileOf names the file of a proof by its day.
func fileOf(p trace.Proof) string {
	var x told
	if json.Unmarshal(p.Person, &x) != nil || x.Time == 0 {
		return "acces"
	}
	return "acces-" + civil.On(time.Unix(x.Time, 0)).String()
}

func leafOf(p trace.Proof) string {
	h := trace.LeafHash(p.Class, trace.Commitment(p.Salt, p.Person), p.Internal)
	return hex.EncodeToString(h[:])
}

// jsonProof is a proof for programs that do not read its text form.
type jsonProof struct {
	Schema     string          `json:"schema"`
	Index      int64           `json:"index"`
	Class      trace.Class     `json:"class"`
	Person     json.RawMessage `json:"person"`
	Salt       string          `json:"salt"`     // hex
	Internal   string          `json:"internal"` // hex: commitment to the part that stays here
	Leaf       string          `json:"leaf"`     // hex
	Hashes     []string        `json:"hashes"`   // base64, from the leaf's sibling to the root's child
	Checkpoint string          `json:"checkpoint"`
}

func proofJSON(p trace.Proof) jsonProof {
	f := jsonProof{Schema: "droits/preuve/1", Index: p.Index, Class: p.Class, Person: p.Person, Salt: hex.EncodeToString(p.Salt), Internal: hex.EncodeToString(p.Internal[:]), Leaf: leafOf(p), Hashes: []string{}, Checkpoint: p.Checkpoint}
	for _, h := range p.Hashes {
		f.Hashes = append(f.Hashes, base64.StdEncoding.EncodeToString(h[:]))
	}
	return f
}

// judgeProof checks the file of a proof against the keys of this service.
func (s *Site) judgeProof(ctx context.Context, text string) (verdict, error) {
	keys, err := s.cfg.TrailKeys(ctx)
	if err != nil {
		return verdict{}, err
	}
	proven, err := trace.VerifyProof([]byte(text), keys)
	var flaw *trace.Flaw
	switch {
	case err == nil:
		return sound(proven), nil
	case !errors.As(err, &flaw):
		return verdict{}, err
	}
	return refuted(flaw), nil
}

// sound is the verdict on a proof that holds.
func sound(x trace.Proven) verdict {
	v := verdict{State: tag{"ok", "valide"}, Title: "Cette preuve est valide", Text: []string{"La ligne ci-dessous est dans le registre de ce service, telle quelle."},
		Facts: append(tells(x.Person, x.Class), pair{Term: "Registre", Text: []string{x.Origin}}, pair{Term: "Rang", Text: []string{strconv.FormatInt(x.Index, 10)}}, pair{Term: "Empreinte", Text: []string{hex.EncodeToString(x.Leaf[:])}}),
		Checked: []string{
			"La ligne et son sel ont été hachés : ils donnent l'empreinte de la feuille.",
			"La feuille et les empreintes du chemin donnent la racine d'un registre de " + count(int(x.Size), "ligne") + ".",
			"La racine est signée par la clé de ce registre, le " + longInstant(x.At) + ".",
		}}
	return v
}

// refuted is the verdict on a proof that does not hold, by the check that
// failed.
func refuted(f *trace.Flaw) verdict {
	altered := verdict{State: tag{"error", "altérée"}, Title: "Cette preuve est altérée"}
	switch f.Check {
	case trace.FlawOrigin:
		return verdict{State: tag{"warn", "autre registre"}, Title: "Cette preuve vient d'un autre registre", Text: []string{"Elle peut être bonne, mais nous n'avons pas la clé qui permet de le dire. Vérifiez-la auprès du service qui l'a établie."}}
	case trace.FlawSignature, trace.FlawWitnesses:
		altered.Text = []string{"La tête du registre qu'elle cite n'est pas signée par ce registre."}
	case trace.FlawInclusion:
		altered.Text = []string{"La ligne, son sel ou son chemin ne mènent pas à la racine signée : un octet au moins a changé."}
	default:
		altered.Text = []string{"Le fichier n'a plus la forme d'une preuve : il a été coupé ou modifié."}
	}
	return altered
}
