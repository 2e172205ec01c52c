package partners

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"droits.example/droits/client"
)

const (
	v1 = "v1"
	v2 = "v2"
)

// connector speaks OpenID Connect with one registration. Rules of both
// profiles: franceconnect.md §5 and §6.
type connector struct {
	FCClient
	callback string
	http     *http.Client
	clock    func() time.Time
}

// tokens is what the token endpoint gave, once the id_token is verified.
type tokens struct{ access, id client.Secret }

// authorize is the address that starts a login: exactly the parameters that
// v2 requires, which v1 accepts.
func (c *connector) authorize(l *login) string {
	scopes := c.Scopes
	if len(scopes) == 0 {
		scopes = []string{"openid", "droits_assurance_maladie"}
	}
	q := url.Values{
		"client_id": {c.ID}, "redirect_uri": {c.callback}, "response_type": {"code"}, "scope": {strings.Join(scopes, " ")},
		"state": {l.state}, "nonce": {l.nonce}, "acr_values": {"eidas1"},
	}
	return c.AuthorizeURL + "?" + q.Encode()
}

// exchange trades the code for tokens and verifies the id_token: algorithm,
// signature, issuer, audience, times and nonce. Its errors hold no value.
func (c *connector) exchange(ctx context.Context, code, nonce string) (tokens, error) {
	form := url.Values{
		"grant_type": {"authorization_code"}, "redirect_uri": {c.callback}, "code": {code},
		"client_id": {c.ID}, "client_secret": {string(c.Secret)},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return tokens{}, errors.New("partners: the token address is wrong")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var answer struct {
		AccessToken client.Secret `json:"access_token"`
		IDToken     client.Secret `json:"id_token"`
		TokenType   string        `json:"token_type"`
	}
	if err := c.fetch(req, &answer); err != nil {
		return tokens{}, err
	}
	if answer.AccessToken == "" || !strings.EqualFold(answer.TokenType, "Bearer") {
		return tokens{}, errors.New("partners: the token answer is incomplete")
	}
	if err := c.verify(ctx, string(answer.IDToken), nonce); err != nil {
		return tokens{}, err
	}
	return tokens{answer.AccessToken, answer.IDToken}, nil
}

func (c *connector) verify(ctx context.Context, raw, nonce string) error {
	algorithms := []jose.SignatureAlgorithm{jose.HS256}
	if c.Profile == v2 {
		algorithms = []jose.SignatureAlgorithm{jose.ES256, jose.RS256}
	}
	parsed, err := jwt.ParseSigned(raw, algorithms)
	if err != nil {
		return errors.New("partners: the id_token is not signed as agreed")
	}
	key, err := c.key(ctx, parsed.Headers[0].KeyID)
	if err != nil {
		return err
	}
	var claims struct {
		jwt.Claims
		Nonce string `json:"nonce"`
	}
	if parsed.Claims(key, &claims) != nil {
		return errors.New("partners: the id_token has a wrong signature")
	}
	now := c.clock()
	switch {
	case claims.Issuer != c.Issuer:
		return errors.New("partners: the id_token has another issuer")
	case !slices.Contains(claims.Audience, c.ID):
		return errors.New("partners: the id_token is for another client")
	case claims.Expiry == nil || now.After(claims.Expiry.Time().Add(5*time.Second)):
		return errors.New("partners: the id_token has expired")
	case claims.IssuedAt == nil || claims.IssuedAt.Time().After(now.Add(30*time.Second)):
		return errors.New("partners: the id_token comes from the future")
	case nonce == "" || claims.Nonce != nonce:
		return errors.New("partners: the id_token answers another login")
	}
	return nil
}

// key is the shared secret (v1) or the published key of the token (v2).
func (c *connector) key(ctx context.Context, kid string) (any, error) {
	if c.Profile == v1 {
		return []byte(string(c.Secret)), nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.JWKSURL, nil)
	if err != nil {
		return nil, errors.New("partners: the keys' address is wrong")
	}
	var set jose.JSONWebKeySet
	if err := c.fetch(req, &set); err != nil {
		return nil, err
	}
	for _, k := range set.Keys {
		if k.KeyID == kid && (k.Use == "" || k.Use == "sig") && k.IsPublic() {
			return k.Key, nil
		}
	}
	return nil, errors.New("partners: the id_token's key is not published")
}

// fetch sends a request to FranceConnect and decodes its JSON. A redirection
// would carry the secret elsewhere: c.http does not follow any.
func (c *connector) fetch(req *http.Request, into any) error {
	resp, err := c.http.Do(req)
	if err != nil {
		return errors.New("partners: FranceConnect does not answer")
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 256<<10))
	if err != nil || resp.StatusCode != http.StatusOK {
		return errors.New("partners: FranceConnect refuses")
	}
	if json.Unmarshal(body, into) != nil {
		return errors.New("partners: FranceConnect answers nonsense")
	}
	return nil
}

// logout is the address that ends the FranceConnect session too, or "" when
// the client has none.
func (c *connector) logout(id client.Secret, back string) string {
	if c.LogoutURL == "" || id == "" {
		return ""
	}
	q := url.Values{"id_token_hint": {string(id)}, "post_logout_redirect_uri": {back}, "state": {rand.Text()}}
	return c.LogoutURL + "?" + q.Encode()
}
