package fcsim

import (
	"io"
	"maps"
	"net/http"
	"strings"
	"time"

	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/sim/provider"
)

// token trades a code for tokens.
func (s *Simulator) token(p identity.Profile) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		form, ok := provider.PostForm(w, r)
		if !ok || form.Get("grant_type") == "" || form.Get("code") == "" || form.Get("redirect_uri") == "" {
			provider.OAuthError(w, http.StatusBadRequest, "invalid_request", "Required parameter missing or invalid.")
			return
		}
		client := s.clients[form.Get("client_id")]
		if client == nil || client.Profile != p || !provider.Same(client.Secret, form.Get("client_secret")) {
			s.event(r.Context(), "token", nil, "invalid_client")
			provider.OAuthError(w, http.StatusUnauthorized, "invalid_client", "Client authentication failed.")
			return
		}
		if form.Get("grant_type") != "authorization_code" {
			provider.OAuthError(w, http.StatusBadRequest, "unsupported_grant_type", "Only authorization_code is supported.")
			return
		}
		now := s.clock()
		token, g, ok := s.state.redeem(now, form.Get("code"), func(g *grant) bool {
			return g.client == client && g.redirectURI == form.Get("redirect_uri")
		}, s.tokenTTL)
		if !ok {
			s.event(r.Context(), "token", client, "invalid_grant")
			provider.OAuthError(w, http.StatusBadRequest, "invalid_grant", "Grant request is invalid.")
			return
		}
		idToken, err := s.idToken(g, now)
		if err != nil {
			provider.OAuthError(w, http.StatusInternalServerError, "server_error", "The id_token could not be built.")
			return
		}
		s.event(r.Context(), "token", client, "ok")
		answer := map[string]any{
			"access_token": token, "token_type": "Bearer",
			"expires_in": int(s.tokenTTL / time.Second), "id_token": idToken,
		}
		if p == identity.V2 {
			answer["scope"] = strings.Join(g.scopes, " ")
		}
		provider.WriteJSON(w, http.StatusOK, answer)
	}
}

func (s *Simulator) idToken(g *grant, now time.Time) (string, error) {
	claims := map[string]any{
		"iss": s.issuer(g.client.Profile), "sub": subject("sp", g.client.ID, g.person), "aud": g.client.ID,
		"iat": now.Unix(), "exp": now.Add(s.tokenTTL).Unix(), "acr": g.acr,
	}
	if g.nonce != "" {
		claims["nonce"] = g.nonce
	}
	if g.client.Profile == identity.V1 {
		claims["idp"] = "FC"
		claims["amr"] = []string{"pwd"}
		return signHS256([]byte(g.client.Secret), `{"alg":"HS256","typ":"JWT"}`, claims)
	}
	claims["auth_time"] = g.authAt.Unix()
	if g.wantsAMR {
		claims["amr"] = []string{"pwd"}
	}
	return provider.Sign(s.keys.Get(g.client.IDTokenAlg), claims, "")
}

// userinfo tells who the person is, to the holder of a token: an object in
// v1, a signed token in v2.
func (s *Simulator) userinfo(p identity.Profile) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		now := s.clock()
		g, ok := s.state.token(now, token, p)
		if !ok || !strings.EqualFold(scheme, "Bearer") {
			w.Header().Set("WWW-Authenticate", `Bearer realm="`+s.issuer(p)+`", error="invalid_token"`)
			provider.OAuthError(w, http.StatusUnauthorized, "invalid_token", "The access token is missing, unknown or expired.")
			return
		}
		s.event(r.Context(), "userinfo", g.client, "ok")
		claims := claimsOf(g)
		if p == identity.V1 {
			provider.WriteJSON(w, http.StatusOK, claims)
			return
		}
		maps.Copy(claims, map[string]any{
			"iss": s.issuer(p), "aud": g.client.ID, "iat": now.Unix(), "exp": now.Add(s.tokenTTL).Unix(),
		})
		jwt, err := provider.Sign(s.keys.Get(g.client.IDTokenAlg), claims, "")
		if err != nil {
			provider.OAuthError(w, http.StatusInternalServerError, "server_error", "The answer could not be built.")
			return
		}
		w.Header().Set("Content-Type", "application/jwt")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = io.WriteString(w, jwt)
	}
}

// revoke ends a token (RFC 7009): an unknown token is answered 200 too.
func (s *Simulator) revoke(w http.ResponseWriter, r *http.Request) {
	form, ok := provider.ExactForm(w, r, "token", "client_id", "client_secret")
	if !ok || len(form["token"]) < 43 {
		provider.OAuthError(w, http.StatusBadRequest, "invalid_request", "Required parameter missing or invalid.")
		return
	}
	client := s.clients[form["client_id"]]
	if client == nil || client.Profile != identity.V2 || !provider.Same(client.Secret, form["client_secret"]) {
		provider.OAuthError(w, http.StatusUnauthorized, "invalid_client", "Client authentication failed.")
		return
	}
	if g, ok := s.state.token(s.clock(), form["token"], identity.V2); ok && g.client == client {
		s.state.dropToken(form["token"])
	}
	s.event(r.Context(), "revocation", client, "ok")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}

func (s *Simulator) jwks(w http.ResponseWriter, _ *http.Request) {
	provider.WriteAs(w, http.StatusOK, "application/jwk-set+json; charset=utf-8", "public, max-age=600", s.keys.Public())
}

// discovery describes what the simulator can do, no more.
func (s *Simulator) discovery(w http.ResponseWriter, _ *http.Request) {
	iss := s.issuer(identity.V2)
	algs := []string{SignES256}
	if s.needsRSA() {
		algs = append(algs, SignRS256)
	}
	provider.WriteAs(w, http.StatusOK, "application/json; charset=utf-8", "public, max-age=600", map[string]any{
		"issuer":                                         iss,
		"authorization_endpoint":                         iss + "/authorize",
		"token_endpoint":                                 iss + "/token",
		"userinfo_endpoint":                              iss + "/userinfo",
		"jwks_uri":                                       iss + "/jwks",
		"end_session_endpoint":                           iss + "/session/end",
		"revocation_endpoint":                            iss + "/token/revocation",
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query"},
		"grant_types_supported":                          []string{"authorization_code"},
		"subject_types_supported":                        []string{"pairwise"},
		"acr_values_supported":                           []string{"eidas1"},
		"scopes_supported":                               knownScopes(),
		"claims_parameter_supported":                     true,
		"request_parameter_supported":                    false,
		"authorization_response_iss_parameter_supported": true,
		"token_endpoint_auth_methods_supported":          []string{"client_secret_post"},
		"id_token_signing_alg_values_supported":          algs,
		"userinfo_signing_alg_values_supported":          algs,
	})
}
