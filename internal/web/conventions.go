package web

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"net/http"
	"strconv"
	"strings"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
)

// Conventions reads the conventions of an organisation. Errors:
// ressource_inconnue, service_indisponible.
type Conventions interface {
	// ConventionsBySIRET lists every version, of each convention the newest first.
	ConventionsBySIRET(ctx context.Context, siret string) ([]convention.Convention, error)
	// ConventionsFrom names the conventions that a request led to.
	ConventionsFrom(ctx context.Context, request string) ([]string, error)
	CanonicalOf(ctx context.Context, id string, version int, p convention.Party) ([]byte, error)
	SigningKeys(ctx context.Context, partnerID string) ([]string, error)
	OperatorKey() string
}

// ConventionActs is what an organisation does with its conventions.
type ConventionActs interface {
	RegisterSigningKey(ctx context.Context, partnerID, key string) (string, error)
	SignConvention(ctx context.Context, id string, theirs *convention.Signature) error
	Leave(ctx context.Context, id string, received civil.Date) (civil.Date, error)
}

const conventionsPath = memberPath + "/conventions"

func (d *desk) conventionRoutes(mux *http.ServeMux) {
	for path, x := range map[string]struct {
		need account.Deed
		h    func(http.ResponseWriter, *http.Request, turn) error
	}{
		"GET ":                 {account.ReadSpace, d.conventionList},
		"GET /{id}":            {account.ReadSpace, d.convention},
		"GET /{id}/document":   {account.ReadSpace, d.conventionFile},
		"GET /{id}/octets":     {account.ReadSpace, d.signedBytes},
		"GET /{id}/openapi":    {account.ReadSpace, d.conventionContract},
		"GET /{id}/partir":     {account.Leave, d.leavePage},
		"POST /{id}/partir":    {account.Leave, d.leaveConvention},
		"POST /{id}/signature": {account.SignConvention, d.sign},
		"POST /{id}/cle":       {account.SignConvention, d.registerKey},
	} {
		method, rest, _ := strings.Cut(path, " ")
		mux.HandleFunc(method+" "+conventionsPath+rest, d.member(x.need, x.h))
	}
}

// conventionTags are the states in words.
var conventionTags = map[convention.State]tag{
	convention.Draft: {"warn", "à signer"}, convention.Active: {"ok", "en vigueur"}, convention.Suspended: {"error", "suspendue"}, convention.Notice: {"warn", "départ annoncé"}, convention.Ended: {"", "terminée"},
}

// conventionLine is a convention in a list.
type conventionLine struct {
	Href, ID, Why string
	Version       int
	State         tag
	Until         string
	Next          string // what is to be done
}

// versionsOf groups the versions by convention, the newest first.
func (d *desk) versionsOf(r *http.Request, t turn) (ids []string, all map[string][]convention.Convention, err error) {
	list, err := d.Conventions.ConventionsBySIRET(r.Context(), t.who.SIRET)
	all = map[string][]convention.Convention{}
	for _, c := range list {
		id := c.Document.ID
		if len(all[id]) == 0 {
			ids = append(ids, id)
		}
		all[id] = append(all[id], c)
	}
	return ids, all, err
}

// current is the version that counts: the one in force, else the newest.
func current(list []convention.Convention) convention.Convention {
	for _, c := range list {
		if c.State != convention.Draft && c.State != convention.Ended {
			return c
		}
	}
	return list[0]
}

func (d *desk) conventionList(w http.ResponseWriter, r *http.Request, t turn) error {
	ids, all, err := d.versionsOf(r, t)
	if err != nil {
		return err
	}
	var lines []conventionLine
	for _, id := range ids {
		c := current(all[id])
		l := conventionLine{Href: conventionsPath + "/" + id, ID: id, Why: purposeOf(c.Document.Purpose), Version: c.Document.Version, State: conventionTags[c.State], Until: longDay(c.Document.Until)}
		if c.Altered {
			l.State = tag{"error", "altérée"}
		}
		if all[id][0].State == convention.Draft && !signedBy(all[id][0], convention.Partner) {
			l.Next = "Votre signature est attendue."
		}
		lines = append(lines, l)
	}
	return d.show(w, r, t, page{Name: "conventions", Title: "Conventions", Section: conventionsPath, Summary: "Les conventions de votre organisme.", Crumbs: d.trail(t, link{Text: "Conventions"}), Data: lines})
}

// signedBy reports whether a party's signature is there and right; whether its
// key counts is checked when the convention comes into force.
func signedBy(c convention.Convention, p convention.Party) bool {
	for _, s := range c.Signatures {
		if s.Party == p && c.Verify(s) == nil {
			return true
		}
	}
	return false
}

// ownConvention finds a version of a convention of the organisation: the one
// asked for, else the newest draft, else the one that counts.
func (d *desk) ownConvention(r *http.Request, t turn) (c convention.Convention, all []convention.Convention, err error) {
	_, by, err := d.versionsOf(r, t)
	if err != nil {
		return c, nil, err
	}
	all = by[r.PathValue("id")]
	missing := fault.New(fault.RessourceInconnue, "web: convention")
	if len(all) == 0 {
		return c, nil, missing
	}
	asked := r.FormValue("version")
	if asked == "" {
		if c = current(all); all[0].State == convention.Draft {
			c = all[0]
		}
		return c, all, nil
	}
	for _, x := range all {
		if strconv.Itoa(x.Document.Version) == asked {
			return x, all, nil
		}
	}
	return c, nil, missing
}

func refOf(c convention.Convention) string {
	return "?version=" + strconv.Itoa(c.Document.Version)
}

// conventionFile gives the canonical document, byte for byte.
func (d *desk) conventionFile(w http.ResponseWriter, r *http.Request, t turn) error {
	c, _, err := d.ownConvention(r, t)
	if err != nil {
		return err
	}
	return download(w, "application/json; charset=utf-8", nameOf(c, ".json"), c.Canonical)
}

func nameOf(c convention.Convention, end string) string {
	return c.Document.ID + "-" + strconv.Itoa(c.Document.Version) + end
}

// signedBytes gives what the organisation signs, byte for byte.
func (d *desk) signedBytes(w http.ResponseWriter, r *http.Request, t turn) error {
	c, _, err := d.ownConvention(r, t)
	if err != nil {
		return err
	}
	b, err := d.Conventions.CanonicalOf(r.Context(), c.Document.ID, c.Document.Version, convention.Partner)
	if err != nil {
		return err
	}
	return download(w, "application/octet-stream", nameOf(c, ".bin"), b)
}

// conventionContract gives the OpenAPI document of this organisation.
func (d *desk) conventionContract(w http.ResponseWriter, r *http.Request, t turn) error {
	c, _, err := d.ownConvention(r, t)
	if err == nil && c.Altered {
		err = fault.New(fault.RessourceInconnue, "web: contract").Because("CONVENTION_ALTERED")
	}
	if err != nil {
		return err
	}
	b, err := d.Contract(c)
	if err != nil {
		return err
	}
	return download(w, "application/json; charset=utf-8", nameOf(c, "-openapi.json"), b)
}

// publicKey reads an Ed25519 public key: PEM as openssl writes it, or 32 bytes
// in base64. Errors: parametre_invalide on key.
func publicKey(text string) (string, error) {
	text = strings.TrimSpace(text)
	if block, _ := pem.Decode([]byte(text)); block != nil && block.Type == "PUBLIC KEY" {
		k, err := x509.ParsePKIXPublicKey(block.Bytes)
		if own, ok := k.(ed25519.PublicKey); err == nil && ok {
			return base64.StdEncoding.EncodeToString(own), nil
		}
		return "", fault.New(fault.ParametreInvalide, "web: public key").On("key")
	}
	_, err := convention.ParsePublicKey(text)
	return text, err
}

// signedWith finds, among the registered keys, the one under which a signature
// of a convention was made, "" when it is none of them.
func signedWith(c convention.Convention, keys []string, value string) string {
	for _, k := range keys {
		if c.Verify(convention.Signature{Party: convention.Partner, Key: k, Value: value}) == nil {
			return k
		}
	}
	return ""
}

// signatureIn reads a signature out of a form: written in base64, or a file of
// 64 bytes, or of their base64.
func signatureIn(r *http.Request) string {
	text := strings.Join(strings.Fields(r.PostForm.Get("signature")), "")
	if text != "" || r.MultipartForm == nil {
		return text
	}
	for _, f := range r.MultipartForm.File["fichier"] {
		in, err := f.Open()
		if err != nil {
			continue
		}
		b, err := io.ReadAll(io.LimitReader(in, 4096))
		_ = in.Close()
		switch {
		case err != nil:
		case len(b) == ed25519.SignatureSize:
			return base64.StdEncoding.EncodeToString(b)
		default:
			return strings.Join(strings.Fields(string(b)), "")
		}
	}
	return ""
}
