// Package client calls the partner API of a Droits platform; it hides the two
// proofs, the headers and the shape of problems behind one method a route.
//
// It needs the standard library only. Secrets (API key, FranceConnect token,
// NIR) redact themselves when printed and never enter an error.
package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxBody is far above any answer of the contract; more is refused unread.
const maxBody = 1 << 20

// Config says whom to call and as whom. BaseURL and APIKey are required.
type Config struct {
	// BaseURL is the base path of the operations, with or without a trailing
	// slash: https://host/v1/droits/beneficiaires.
	BaseURL string
	// MoiURL is the address of the partner's own rights. Empty means
	// /v1/partenaire/moi on the host of BaseURL.
	MoiURL string
	// APIKey is the partner's key. It is sent in X-API-Key.
	APIKey Secret
	// HTTP sends the requests; nil means a client with a 10 s time-out.
	// Redirections are never followed, whatever this client says: they would
	// carry the key elsewhere.
	HTTP *http.Client
	// Agent is the stable pseudonym of the partner's agent, sent in X-Agent
	// when not empty.
	Agent string
	// Observe, when set, receives every exchange, secrets already cut. It is
	// called on the goroutine of the call.
	Observe func(Exchange)
}

// Client calls one API with one key. It is safe for concurrent use.
type Client struct {
	base    string
	moi     string
	key     Secret
	agent   string
	http    *http.Client
	observe func(Exchange)
}

// New checks the configuration. It does not call anything, and does not check
// that the key is known.
func New(c Config) (*Client, error) {
	base, err := url.Parse(c.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || base.RawQuery != "" || base.User != nil {
		return nil, errors.New("client: BaseURL is not an http address")
	}
	if c.APIKey == "" {
		return nil, errors.New("client: APIKey is empty")
	}
	moi := c.MoiURL
	if moi == "" {
		moi = base.Scheme + "://" + base.Host + "/v1/partenaire/moi"
	}
	if u, err := url.Parse(moi); err != nil || u.Host == "" || u.User != nil {
		return nil, errors.New("client: MoiURL is not an http address")
	}
	h := http.Client{Timeout: 10 * time.Second}
	if c.HTTP != nil {
		h = *c.HTTP
	}
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{
		base: strings.TrimRight(base.String(), "/"), moi: moi, key: c.APIKey,
		agent: c.Agent, http: &h, observe: c.Observe,
	}, nil
}

// Query is what one call asks. Token is required but for Moi; NIR for the
// operations on a beneficiary. The rest is optional. It prints as a mask.
type Query struct {
	Token Secret // FranceConnect access token of the person
	NIR   NIR    // beneficiary, or the opener of a child without a NIR
	// DateNaissance (YYYY-MM-DD) and RangNaissance select a child without a
	// NIR of its own.
	DateNaissance string
	RangNaissance int
	// DateDebut and DateFin (YYYY-MM-DD) bound the period; empty means today
	// and one year later.
	DateDebut, DateFin string
	// Champs narrows the answer to these blocks.
	Champs []string
	// RequestID is echoed by the platform: 1–64 of [A-Za-z0-9._-].
	RequestID string
}

// String redacts fmt.
func (Query) String() string { return "Query(•••)" }

// GoString redacts %#v.
func (Query) GoString() string { return "Query(•••)" }

// Me reads the connected person.
func (c *Client) Me(ctx context.Context, q Query) (b Beneficiaire, m Meta, err error) {
	q.NIR = ""
	m, err = c.read(ctx, "/me", q, &b)
	return b, m, err
}

// Beneficiaires reads the connected person, first, and its beneficiaries.
func (c *Client) Beneficiaires(ctx context.Context, q Query) (b []Beneficiaire, m Meta, err error) {
	q.NIR = ""
	m, err = c.read(ctx, "/me/beneficiaires", q, &b)
	return b, m, err
}

// Beneficiaire reads the identity of the beneficiary that q.NIR selects.
func (c *Client) Beneficiaire(ctx context.Context, q Query) (b Beneficiaire, m Meta, err error) {
	m, err = c.read(ctx, "/", q, &b)
	return b, m, err
}

// Caisse reads the fund of the beneficiary.
func (c *Client) Caisse(ctx context.Context, q Query) (v Caisse, m Meta, err error) {
	m, err = c.read(ctx, "/caisse", q, &v)
	return v, m, err
}

// Contrats reads the base rights and the solidarity cover of the beneficiary.
func (c *Client) Contrats(ctx context.Context, q Query) (v []Contrat, m Meta, err error) {
	m, err = c.read(ctx, "/contrats", q, &v)
	return v, m, err
}

// Exonerations reads the exemptions of the beneficiary.
func (c *Client) Exonerations(ctx context.Context, q Query) (v []Exoneration, m Meta, err error) {
	m, err = c.read(ctx, "/exonerations", q, &v)
	return v, m, err
}

// MedecinTraitant reads the doctor of the beneficiary.
func (c *Client) MedecinTraitant(ctx context.Context, q Query) (v MedecinTraitant, m Meta, err error) {
	m, err = c.read(ctx, "/medecin-traitant", q, &v)
	return v, m, err
}

// Complementaire reads the private complementary cover of the beneficiary.
func (c *Client) Complementaire(ctx context.Context, q Query) (v Complementaire, m Meta, err error) {
	m, err = c.read(ctx, "/complementaire", q, &v)
	return v, m, err
}

// ArretsTravail reads the sick leaves of the beneficiary.
func (c *Client) ArretsTravail(ctx context.Context, q Query) (v []ArretTravail, m Meta, err error) {
	m, err = c.read(ctx, "/arrets-travail", q, &v)
	return v, m, err
}

// RisquesProfessionnels reads the occupational covers of the beneficiary.
func (c *Client) RisquesProfessionnels(ctx context.Context, q Query) (v RisquesProfessionnels, m Meta, err error) {
	m, err = c.read(ctx, "/risques-professionnels", q, &v)
	return v, m, err
}

// Moi reads what the key may do. No person is concerned and no token needed.
func (c *Client) Moi(ctx context.Context) (v Moi, m Meta, err error) {
	m, err = c.get(ctx, c.moi, Query{}, &v)
	return v, m, err
}

func (c *Client) read(ctx context.Context, path string, q Query, into any) (Meta, error) {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("dateDebut", q.DateDebut)
	set("dateFin", q.DateFin)
	set("champs", strings.Join(q.Champs, ","))
	address := c.base + path
	if len(v) > 0 {
		address += "?" + v.Encode()
	}
	return c.get(ctx, address, q, into)
}

// get sends one request. Its errors are a *Problem for any answer that is not
// 200, and otherwise name the step that failed, never a value.
func (c *Client) get(ctx context.Context, address string, q Query, into any) (Meta, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Meta{}, errors.New("client: the request cannot be built")
	}
	c.head(req, q)
	resp, err := c.http.Do(req)
	if err != nil {
		c.tell(req, nil, nil)
		return Meta{}, &Unreachable{err: strip(err)}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	c.tell(req, resp, body)
	m := metaOf(resp)
	switch {
	case err != nil:
		return m, &Unreachable{err: strip(err)}
	case len(body) > maxBody:
		return m, errors.New("client: the answer is too large")
	case resp.StatusCode != http.StatusOK:
		return m, problemOf(resp, body, m)
	}
	if err := json.Unmarshal(body, into); err != nil {
		// The decoder's own error can quote the answer.
		return m, errors.New("client: the answer is not the JSON of the contract")
	}
	return m, nil
}

func (c *Client) head(req *http.Request, q Query) {
	set := func(name, value string) {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	set("Accept", "application/json, application/problem+json")
	set("X-API-Key", string(c.key))
	if q.Token != "" {
		set("Authorization", "Bearer "+string(q.Token))
	}
	set("nir", string(q.NIR))
	set("date-naissance", q.DateNaissance)
	if q.RangNaissance > 0 {
		set("rang-naissance", strconv.Itoa(q.RangNaissance))
	}
	set("X-Agent", c.agent)
	set("X-Request-Id", q.RequestID)
}

// strip drops the method and address that net/http adds: the caller knows
// them, and a log line should not.
func strip(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
