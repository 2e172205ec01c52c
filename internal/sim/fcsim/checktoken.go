package fcsim

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/sim/provider"
)

// checkV1 takes the token as JSON or as a form; it asks for no credentials.
func (s *Simulator) checkV1(w http.ResponseWriter, r *http.Request) {
	token, ok := tokenOfBody(w, r)
	if !ok {
		s.event(r.Context(), "checktoken", nil, "malformed")
		provider.WriteJSON(w, http.StatusUnauthorized, map[string]string{"status": "fail", "message": "Malformed access token."})
		return
	}
	g, ok := s.state.token(s.clock(), token, identity.V1)
	if !ok {
		s.event(r.Context(), "checktoken", nil, "unknown")
		provider.WriteJSON(w, http.StatusUnauthorized, map[string]string{"status": "fail", "message": "token_not_found_or_expired"})
		return
	}
	s.event(r.Context(), "checktoken", g.client, "ok")
	provider.WriteJSON(w, http.StatusOK, answerV1(g))
}

func answerV1(g *grant) map[string]any {
	p := g.person.Pivot
	return map[string]any{
		"scope": g.scopes,
		"identity": map[string]any{
			"given_name": p.GivenName, "family_name": p.FamilyName, "birthdate": birthdate(p),
			"gender": p.Gender, "birthplace": p.Birthplace, "birthcountry": p.Birthcountry,
			"preferred_username": p.PreferredUsername,
		},
		"client":                 map[string]string{"client_id": g.client.ID, "client_name": g.client.Name},
		"identity_provider_id":   "fournisseur-identite-simule",
		"identity_provider_host": "fournisseur-identite.example",
		"acr":                    g.acr,
	}
}

func tokenOfBody(w http.ResponseWriter, r *http.Request) (string, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, provider.MaxBody))
	if err != nil {
		return "", false
	}
	var token string
	ct, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if ct == "application/json" {
		var in struct {
			Token string `json:"token"`
		}
		if json.Unmarshal(body, &in) != nil {
			return "", false
		}
		token = in.Token
	} else if form, err := url.ParseQuery(string(body)); err == nil {
		token = form.Get("token")
	}
	return token, len(token) >= 10 && len(token) <= 512
}

// checkV2 takes a form of exactly token, client_id and client_secret, and
// answers with a signed, then encrypted, introspection.
func (s *Simulator) checkV2(w http.ResponseWriter, r *http.Request) {
	form, ok := provider.ExactForm(w, r, "token", "client_id", "client_secret")
	if !ok {
		provider.OAuthError(w, http.StatusBadRequest, "invalid_request", "Required parameter missing or invalid.")
		return
	}
	f := s.fault.current()
	asker := s.providers[form["client_id"]]
	if asker == nil || !provider.Same(asker.Secret, form["client_secret"]) || f.kind == faultRefuse {
		s.event(r.Context(), "checktoken", nil, "invalid_client")
		provider.OAuthError(w, http.StatusUnauthorized, "invalid_client", "Client authentication failed.")
		return
	}
	key, err := s.providerKey(r.Context(), asker)
	if err != nil {
		s.event(r.Context(), "checktoken", nil, "server_error")
		provider.OAuthError(w, http.StatusInternalServerError, "server_error", "Data provider keys unavailable.")
		return
	}
	answer, err := s.introspect(asker, form["token"], key, f.forge)
	if err != nil {
		provider.OAuthError(w, http.StatusInternalServerError, "server_error", "Answer could not be built.")
		return
	}
	s.event(r.Context(), "checktoken", nil, "ok")
	w.Header().Set("Content-Type", "application/token-introspection+jwt")
	if f.forge == WrongContentType {
		w.Header().Set("Content-Type", "application/jwt")
	}
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, answer)
}

func (s *Simulator) introspect(p *DataProvider, token string, key any, forge Forgery) (string, error) {
	now := s.clock()
	inner := map[string]any{"active": false}
	if g, ok := s.state.token(now, token, identity.V2); ok {
		inner = introspectionOf(g, p, token)
	}
	outer := map[string]any{
		"iss": s.issuer(identity.V2), "aud": p.ID, "iat": now.Unix(), "token_introspection": inner,
	}
	signing := s.keys.Get(p.SignAlg)
	if forge == "" {
		jws, err := provider.Sign(signing, outer, "")
		if err != nil {
			return "", err
		}
		return encrypt(jws, jose.KeyAlgorithm(p.KeyAlg), contentEnc, key)
	}
	forge.claims(outer, inner, now)
	jws, err := forge.sign(signing, outer)
	if err != nil {
		return "", err
	}
	return forge.encrypt(jws, p.KeyAlg, key)
}

func introspectionOf(g *grant, p *DataProvider, token string) map[string]any {
	var scopes []string
	for _, sc := range g.scopes {
		if slices.Contains(p.Scopes, sc) {
			scopes = append(scopes, sc)
		}
	}
	id := g.person.Pivot
	return map[string]any{
		"active": true, "aud": g.client.ID, "sub": subject("dp", p.ID, g.person),
		"iat": g.issuedAt.Unix(), "exp": g.expiresAt.Unix(), "acr": g.acr, "jti": token,
		"scope":  strings.Join(scopes, " "),
		"gender": id.Gender, "family_name": id.FamilyName, "given_name": id.GivenName,
		"given_name_array": id.GivenNames, "birthdate": birthdate(id),
		"birthplace": id.Birthplace, "birthcountry": id.Birthcountry,
	}
}
