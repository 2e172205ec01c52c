package prosim

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"droits.example/droits/internal/sim/provider"
)

// minRandom is the least length of a state and of a nonce.
const minRandom = 22

// known are the scopes that there are, each opening the claim of its name.
var known = []string{"openid", "given_name", "usual_name", "email", "siret"}

func (s *Simulator) discovery(w http.ResponseWriter, _ *http.Request) {
	if s.spoil() == Down {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	provider.WriteAs(w, http.StatusOK, "application/json; charset=utf-8", "public, max-age=600", map[string]any{
		"issuer": s.issuer, "authorization_endpoint": s.issuer + "/authorize", "token_endpoint": s.issuer + "/token",
		"userinfo_endpoint": s.issuer + "/userinfo", "jwks_uri": s.issuer + "/jwks", "end_session_endpoint": s.issuer + "/session/end",
		"response_types_supported": []string{"code"}, "grant_types_supported": []string{"authorization_code"},
		"subject_types_supported": []string{"public"}, "scopes_supported": known, "claims_parameter_supported": true,
		"code_challenge_methods_supported": []string{"S256"}, "authorization_response_iss_parameter_supported": true,
		"token_endpoint_auth_methods_supported": []string{"client_secret_post"},
		"id_token_signing_alg_values_supported": []string{provider.SignES256}, "userinfo_signing_alg_values_supported": []string{provider.SignES256},
	})
}

func (s *Simulator) jwks(w http.ResponseWriter, _ *http.Request) {
	provider.WriteAs(w, http.StatusOK, "application/jwk-set+json; charset=utf-8", "public, max-age=600", s.keys.Public())
}

// authorize starts a journey. What is wrong with the client or its return
// address is told on a page, never by a redirection; the rest goes to the
// client.
func (s *Simulator) authorize(w http.ResponseWriter, r *http.Request) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	for _, v := range q {
		if len(v) != 1 {
			err = http.ErrNotSupported
		}
	}
	client := s.clients[q.Get("client_id")]
	switch {
	case err != nil || q.Get("response_type") != "code":
		s.errorPage(w, "La demande de connexion est incomplète ou contient un élément répété.")
		return
	case client == nil:
		s.errorPage(w, "Le service qui vous envoie n’est pas connu de ce fournisseur d’identité.")
		return
	case !slices.Contains(client.RedirectURIs, q.Get("redirect_uri")):
		s.errorPage(w, "L’adresse de retour n’est pas celle que le service a déclarée.")
		return
	}
	j := &session{
		client: client, redirect: q.Get("redirect_uri"), state: q.Get("state"), nonce: q.Get("nonce"), challenge: q.Get("code_challenge"),
		scopes: strings.Fields(q.Get("scope")), expiresAt: s.clock().Add(sessionTTL),
	}
	refusal := ""
	switch {
	case !slices.Contains(j.scopes, "openid") || slices.ContainsFunc(j.scopes, func(x string) bool { return !slices.Contains(known, x) }):
		refusal = "invalid_scope"
	case len(j.state) < minRandom || len(j.nonce) < minRandom || len(j.challenge) != 43 || q.Get("code_challenge_method") != "S256":
		refusal = "invalid_request"
	}
	if j.amr, err = wantsAMR(q.Get("claims")); err != nil {
		refusal = "invalid_request"
	}
	if refusal != "" {
		s.comeBack(w, r, j, url.Values{"error": {refusal}})
		return
	}
	id := opaque()
	s.mu.Lock()
	s.sessions.Put(s.clock(), provider.DigestOf(id), j)
	s.mu.Unlock()
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, s.prefix+"/connexion/"+id, http.StatusSeeOther)
}

// wantsAMR reads the parameter claims, of which only id_token.amr exists.
func wantsAMR(raw string) (bool, error) {
	if raw == "" {
		return false, nil
	}
	var c struct {
		IDToken map[string]json.RawMessage `json:"id_token"`
	}
	err := json.Unmarshal([]byte(raw), &c)
	_, ok := c.IDToken["amr"]
	return ok, err
}

// comeBack sends the browser to the client.
func (s *Simulator) comeBack(w http.ResponseWriter, r *http.Request, j *session, add url.Values) {
	add.Set("state", j.state)
	add.Set("iss", s.issuer)
	provider.Redirect(w, r, j.redirect, add)
}

func (s *Simulator) token(w http.ResponseWriter, r *http.Request) {
	if s.spoil() == Down {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	form, ok := provider.PostForm(w, r)
	client := s.clients[form.Get("client_id")]
	switch {
	case !ok || form.Get("grant_type") != "authorization_code" || form.Get("code") == "":
		provider.OAuthError(w, http.StatusBadRequest, "invalid_request", "Required parameter missing or invalid.")
		return
	case client == nil || !provider.Same(client.Secret, form.Get("client_secret")):
		provider.OAuthError(w, http.StatusUnauthorized, "invalid_client", "Client authentication failed.")
		return
	}
	token, g, ok := s.redeem(client, form)
	if !ok {
		provider.OAuthError(w, http.StatusBadRequest, "invalid_grant", "Grant request is invalid.")
		return
	}
	idToken, err := s.spoil().sign(s.keys.Get(provider.SignES256), s.idToken(g))
	if err != nil {
		provider.OAuthError(w, http.StatusInternalServerError, "server_error", "The id_token could not be built.")
		return
	}
	provider.WriteJSON(w, http.StatusOK, map[string]any{
		"access_token": token, "token_type": "Bearer", "expires_in": int(tokenTTL.Seconds()), "id_token": idToken, "scope": strings.Join(g.scopes, " "),
	})
}

// redeem trades a code for a token. A code presented twice gives nothing and
// takes back the token that it had given.
func (s *Simulator) redeem(client *Client, form url.Values) (string, *grant, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock()
	g, ok := s.codes.Get(now, provider.DigestOf(form.Get("code")))
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	if !ok || g.client != client || g.redirect != form.Get("redirect_uri") || base64.RawURLEncoding.EncodeToString(sum[:]) != g.challenge {
		return "", nil, false
	}
	if g.token != "" {
		s.tokens.Drop(provider.DigestOf(g.token))
		return "", nil, false
	}
	g.token = opaque()
	live := *g
	live.expiresAt = now.Add(tokenTTL)
	s.tokens.Put(now, provider.DigestOf(g.token), &live)
	return g.token, g, true
}

func (s *Simulator) idToken(g *grant) map[string]any {
	now := s.clock()
	claims := map[string]any{
		"iss": s.issuer, "sub": subject(g.person.Slug), "aud": g.client.ID, "iat": now.Unix(), "exp": now.Add(tokenTTL).Unix(),
		"nonce": g.nonce, "acr": "eidas1", "auth_time": g.at.Unix(),
	}
	if g.amr {
		claims["amr"] = g.methods
	}
	s.spoil().idToken(claims, now)
	return claims
}

// subject is the identifier of a person, the same for every client.
func subject(slug string) string {
	sum := sha256.Sum256([]byte("prosim/" + slug))
	return hex.EncodeToString(sum[:16])
}

// userinfo tells who the person is, to the holder of a token.
func (s *Simulator) userinfo(w http.ResponseWriter, r *http.Request) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	s.mu.Lock()
	g, ok := s.tokens.Get(s.clock(), provider.DigestOf(token))
	s.mu.Unlock()
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+s.issuer+`", error="invalid_token"`)
		provider.OAuthError(w, http.StatusUnauthorized, "invalid_token", "The access token is missing, unknown or expired.")
		return
	}
	now := s.clock()
	claims := map[string]any{"iss": s.issuer, "aud": g.client.ID, "iat": now.Unix(), "exp": now.Add(tokenTTL).Unix(), "sub": subject(g.person.Slug)}
	all := map[string]any{"given_name": g.person.Given, "usual_name": g.person.Name, "email": g.person.Mail, "siret": g.person.siret}
	for _, sc := range g.scopes {
		if v, ok := all[sc]; ok {
			claims[sc] = v
		}
	}
	if claims["email"] != nil {
		claims["email_verified"] = true
	}
	f := s.spoil()
	f.userinfo(claims)
	if f == UserinfoUnsigned {
		provider.WriteJSON(w, http.StatusOK, claims)
		return
	}
	jwt, err := f.signUserinfo(s.keys.Get(provider.SignES256), claims)
	if err != nil {
		provider.OAuthError(w, http.StatusInternalServerError, "server_error", "The answer could not be built.")
		return
	}
	w.Header().Set("Content-Type", "application/jwt")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, jwt)
}

// logout goes back to the client that an id_token proves, at an address that it
// registered.
func (s *Simulator) logout(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	to := q.Get("post_logout_redirect_uri")
	client := s.clientOf(q.Get("id_token_hint"))
	switch {
	case to == "":
		s.render(w, http.StatusOK, "deconnexion.html", page{Title: "Vous êtes déconnecté"})
	case client == nil || !slices.Contains(client.PostLogoutURIs, to):
		s.errorPage(w, "L’adresse de retour n’est pas une de celles que le service a déclarées. La déconnexion est faite.")
	default:
		provider.Redirect(w, r, to, url.Values{"state": {q.Get("state")}})
	}
}

// clientOf verifies that the simulator wrote the id_token, expired or not.
func (s *Simulator) clientOf(raw string) *Client {
	if len(raw) > 8<<10 {
		return nil
	}
	obj, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return nil
	}
	key := s.keys.Get(provider.SignES256)
	payload, err := obj.Verify(key.Public().Key)
	if err != nil {
		return nil
	}
	var c struct {
		Audience string `json:"aud"`
	}
	if json.Unmarshal(payload, &c) != nil {
		return nil
	}
	return s.clients[c.Audience]
}
