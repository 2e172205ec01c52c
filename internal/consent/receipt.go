package consent

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/gowebpki/jcs"

	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
)

// Receipt is the written proof of an agreement for the person who gave it, in
// the four parts of ISO/IEC TS 27560. It names nobody, so that it can be shown;
// its digest is the same on paper and in JSON.
type Receipt struct {
	Schema     string         `json:"schema"`
	Header     ReceiptHeader  `json:"entete"`
	Processing Processing     `json:"traitement"`
	Parties    []Party        `json:"parties"`
	Events     []ReceiptEvent `json:"evenements"`
	Digest     string         `json:"empreinte,omitempty"` // hex SHA-256 of the canonical JSON (RFC 8785) without this member
}

// ReceiptSchema names the form of a receipt.
const ReceiptSchema = "droits/accord/1"

// ReceiptHeader says which agreement it is and how long it holds. Trace is the
// place of its leaf in the log of accesses.
type ReceiptHeader struct {
	ID        string    `json:"identifiant"`
	GivenAt   time.Time `json:"donne_le"`
	ExpiresAt time.Time `json:"expire_le"`
	Channel   string    `json:"canal"`
	Actor     string    `json:"donne_par"`
	Evidence  string    `json:"preuve"`
	Language  string    `json:"langue"`
	Trace     int64     `json:"trace"`
}

// Processing says what may be transmitted, why, and on which words.
type Processing struct {
	Purpose    string         `json:"finalite"`
	Basis      string         `json:"fondement"`
	Convention string         `json:"convention"`
	Wording    string         `json:"texte"`
	Blocks     []ReceiptBlock `json:"donnees"`
	Covered    []string       `json:"ayants_droit"` // opaque references
	Notice     ReceiptNotice  `json:"notice"`
	Withdrawal string         `json:"retrait"`
}

// ReceiptBlock is a block in plain words.
type ReceiptBlock struct {
	Bloc      droits.Bloc `json:"bloc"`
	Libelle   string      `json:"libelle"`
	Sensitive bool        `json:"sensible"`
}

// ReceiptNotice is the information notice, and who showed it.
type ReceiptNotice struct {
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
	Shown   string `json:"presentation"`
}

// Party is one side of the agreement.
type Party struct {
	Role string `json:"role"`
	Name string `json:"nom"`
}

// ReceiptEvent is what happened to the agreement, or between the person and the
// partner since.
type ReceiptEvent struct {
	At    time.Time `json:"date"`
	Act   Act       `json:"acte"`
	Label string    `json:"libelle"`
	Trace int64     `json:"trace"`
}

// Facts is what a receipt is made from: the record, what came after, and the
// names and words that the record only refers to.
type Facts struct {
	Record    Record
	Trace     int64 // place of the record's leaf
	Events    []Event
	Partner   string // its name
	Operator  string
	Reference func(droits.Sujet) string // opaque reference of a dependant
}

// Receipt makes the receipt. The same facts make the same bytes. Errors:
// erreur_interne.
func (f Facts) Receipt(convention string) (Receipt, error) {
	r := &f.Record
	out := Receipt{
		Schema: ReceiptSchema,
		Header: ReceiptHeader{
			ID: r.ID, GivenAt: seconds(r.GivenAt), ExpiresAt: seconds(r.ExpiresAt), Channel: channelLabel(r.Channel), Actor: actorLabel(r.Actor),
			Evidence: evidenceLabel(r.Evidence.Kind), Language: "fr", Trace: f.Trace,
		},
		Processing: Processing{
			Purpose: purposeLabel(r.Purpose), Basis: "accord préalable de la personne à la transmission de ses données",
			Convention: convention, Wording: r.wording(f.Partner), Blocks: []ReceiptBlock{}, Covered: []string{},
			Notice:     ReceiptNotice{r.Notice, r.NoticeSHA256, shownLabel(r.NoticeShown)},
			Withdrawal: "à tout moment, en un clic dans l'espace personnel, sans conséquence sur les consultations passées",
		},
		Parties: []Party{{"personne concernée", "la personne connectée par FranceConnect"}, {"destinataire", f.Partner}, {"opérateur", f.Operator}},
		Events:  []ReceiptEvent{{seconds(r.GivenAt), Given, Given.Label(), f.Trace}},
	}
	for _, b := range r.Blocks {
		i, _ := b.Info()
		out.Processing.Blocks = append(out.Processing.Blocks, ReceiptBlock{b, i.Libelle, i.Sensitive})
	}
	for _, s := range r.Covered {
		out.Processing.Covered = append(out.Processing.Covered, f.Reference(s))
	}
	for _, e := range f.Events {
		if e.At.Before(r.GivenAt) || e.Consent != "" && e.Consent != r.ID || e.Act == Asked || e.Act == Given {
			continue
		}
		out.Events = append(out.Events, ReceiptEvent{seconds(e.At), e.Act, e.Act.Label(), e.Trace})
	}
	b, err := out.canonical()
	if err != nil {
		return Receipt{}, err
	}
	sum := sha256.Sum256(b)
	out.Digest = hex.EncodeToString(sum[:])
	return out, nil
}

// JSON is the receipt's file: canonical JSON, digest included.
func (r Receipt) JSON() ([]byte, error) { return r.canonical() }

// Whole reports whether the digest is that of the rest.
func (r Receipt) Whole() bool {
	told := r.Digest
	r.Digest = ""
	b, err := r.canonical()
	sum := sha256.Sum256(b)
	return err == nil && hex.EncodeToString(sum[:]) == told
}

func (r Receipt) canonical() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return nil, fault.Wrap(fault.ErreurInterne, "consent: encode a receipt", err)
	}
	out, err := jcs.Transform(b.Bytes())
	if err != nil {
		return nil, fault.Wrap(fault.ErreurInterne, "consent: canonical form", err)
	}
	return out, nil
}

// seconds is an instant as a receipt tells it: UTC, whole seconds.
func seconds(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
