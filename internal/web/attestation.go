package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/gowebpki/jcs"

	"droits.example/droits/internal/access"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/fault"
)

// certificate is what an attestation says, as JSON: its canonical form (RFC
// 8785) is what the digest and the code on the page are of. The number stays
// masked.
type certificate struct {
	Schema  string           `json:"schema"`
	Issued  string           `json:"etablie_le"`
	Name    string           `json:"nom"`
	Given   string           `json:"prenoms"`
	Born    string           `json:"date_naissance"`
	Number  string           `json:"numero_masque"`
	Quality string           `json:"qualite"`
	Fund    string           `json:"caisse"`
	Rights  []certifiedRight `json:"droits"`
	DataOn  string           `json:"donnees_au"`
	Sample  bool             `json:"specimen"`
	Digest  string           `json:"sha256,omitempty"` // of the canonical JSON without this member and the next
	Code    string           `json:"code,omitempty"`
}

type certifiedRight struct {
	What string `json:"nature"`
	From string `json:"debut"`
	To   string `json:"fin"`
}

// certificateSchema names the form of an attestation.
const certificateSchema = "droits/attestation/1"

// attestationData is the page to print.
type attestationData struct {
	Certificate certificate
	Name, Born  string
	Self        bool
	Rights      []coverLine
	Issued      string
	Sample      bool
	Groups      []string // of the code
	File        string   // address of the JSON
	Verify      string
	Back        string
}

// seal completes a certificate with its digest and its code.
func (c certificate) seal(key [32]byte) (certificate, error) {
	digest, err := c.digest()
	if err != nil {
		return c, err
	}
	issued, err := civil.Parse(c.Issued)
	if err != nil {
		return c, err
	}
	c.Digest, c.Code = hex.EncodeToString(digest[:]), newCode(key, issued, digest)
	return c, nil
}

// digest is of the certificate without digest and code.
func (c certificate) digest() (sum [32]byte, err error) {
	c.Digest, c.Code = "", ""
	raw, err := json.Marshal(c)
	if err != nil {
		return sum, err
	}
	canonical, err := jcs.Transform(raw)
	return sha256.Sum256(canonical), err
}

// A code holds the day of issue, the beginning of the digest and a seal of
// both: it is checked without anything being kept.
const (
	codeDay    = 4
	codeDigest = 8
	codeSeal   = 8
	codeSize   = codeDay + codeDigest + codeSeal
)

// codeLetters leave out what is mistaken for something else: I, L, O, U.
var codeLetters = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

func newCode(key [32]byte, issued civil.Date, digest [32]byte) string {
	b := binary.BigEndian.AppendUint32(nil, uint32(issued))
	b = append(b, digest[:codeDigest]...)
	return codeLetters.EncodeToString(append(b, sealCode(key, b)...))
}

func sealCode(key [32]byte, b []byte) []byte {
	h := hmac.New(sha256.New, key[:])
	h.Write([]byte("attestation/1"))
	h.Write(b)
	return h.Sum(nil)[:codeSeal]
}

// readCode checks a code as people type it: spaces, dashes and small letters
// pass. digest is the beginning of the one that the document must show.
func readCode(key [32]byte, typed string) (issued civil.Date, digest []byte, ok bool) {
	clean := strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(" -\u00a0\u202f\r\n\t", r):
			return -1
		case r == 'O' || r == 'o':
			return '0'
		case strings.ContainsRune("IiLl", r):
			return '1'
		}
		return r
	}, typed)
	b, err := codeLetters.DecodeString(strings.ToUpper(clean))
	if err != nil || len(b) != codeSize || !hmac.Equal(b[codeDay+codeDigest:], sealCode(key, b[:codeDay+codeDigest])) {
		return 0, nil, false
	}
	return civil.Date(binary.BigEndian.Uint32(b)), b[codeDay : codeDay+codeDigest], true
}

// fours splits a code into groups of four.
func fours(s string) (out []string) {
	for len(s) > 4 {
		out, s = append(out, s[:4]), s[4:]
	}
	return append(out, s)
}

func (s *space) attestation(w http.ResponseWriter, r *http.Request, v visit) error {
	ref := r.URL.Query().Get("pour")
	if ref == "" {
		ref = access.Self
	}
	own, m, err := s.member(r, v, ref)
	if err != nil {
		return err
	}
	d := attestationOf(own, m, v.today)
	d.Certificate.Sample, d.Sample = s.cfg.Demonstration, s.cfg.Demonstration
	if d.Certificate, err = d.Certificate.seal(s.Key); err != nil {
		return fault.Wrap(fault.ErreurInterne, "web: attestation", err)
	}
	d.Verify = s.cfg.Origin + verifyPath // whole: it is read on paper
	d.Groups = fours(d.Certificate.Code)
	d.File = rightsPath + "/attestation?format=json"
	if !m.Self {
		d.File += "&pour=" + m.Ref
	}
	if r.URL.Query().Get("format") == "json" {
		return download(w, "application/json; charset=utf-8", "attestation.json", d.Certificate)
	}
	return s.show(w, r, v, page{
		Name: "attestation", Title: "Attestation de droits", Section: rightsPath, Summary: "Une attestation de droits à imprimer.",
		Crumbs: spaceTrail(link{"Mes droits", rightsPath}, link{Text: "Attestation"}), Data: d,
	})
}

// attestationOf is what an attestation of today says of a member.
func attestationOf(own access.OwnRights, m access.OwnMember, today civil.Date) attestationData {
	p := m.Personne
	c := certificate{
		Schema: certificateSchema, Issued: today.String(), Name: p.NomFamille, Given: strings.Join(p.Prenoms, " "), Born: p.NaissanceOn.String(),
		Number: p.NIR.Grouped(), Quality: "assure", DataOn: own.DonneesOn.String(), Rights: []certifiedRight{},
	}
	d := attestationData{Name: memberName(p), Born: longDay(p.NaissanceOn), Self: m.Self, Issued: longDay(today), Verify: verifyPath, Back: memberHref(m)}
	if !m.Self {
		c.Quality = "ayant_droit"
	}
	r := rightsOf(own, m, today, today)
	if len(r.Funds) > 0 {
		c.Fund = r.Funds[0].Name
	}
	d.Rights = append(append(d.Rights, r.Cover...), exemptionsToPrint(r.Exemptions)...)
	for _, x := range d.Rights {
		c.Rights = append(c.Rights, certifiedRight{x.What, x.Period.From.String(), x.Period.To.String()})
	}
	d.Certificate = c
	return d
}

// exemptionsToPrint leave out the reason: a document that is shown around tells
// no health.
func exemptionsToPrint(list []coverLine) (out []coverLine) {
	for _, x := range list {
		out = append(out, coverLine{What: "Exonération du ticket modérateur", Period: x.Period, State: x.State})
	}
	return out
}

// download answers a file to keep.
func download(w http.ResponseWriter, media, name string, content any) error {
	b, ok := content.([]byte)
	if !ok {
		var err error
		if b, err = json.MarshalIndent(content, "", "  "); err != nil {
			return fault.Wrap(fault.ErreurInterne, "web: download", err)
		}
		b = append(b, '\n')
	}
	plainHeaders(w.Header())
	w.Header().Set("Content-Type", media)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(b)
	return nil
}
