package fcsim

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/sim/provider"
)

// logout ends the login that an id_token proves and goes back to the client,
// if it registered the address. Without a usable id_token nothing is ended.
func (s *Simulator) logout(p identity.Profile) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		var client *Client
		if hint := q.Get("id_token_hint"); hint != "" {
			claims, c := s.readIDToken(hint, p)
			if client = c; c != nil {
				s.state.dropLogin(func(g *grant) bool {
					return g.client == c && g.nonce == claims.Nonce && subject("sp", c.ID, g.person) == claims.Subject
				})
			}
			s.event(r.Context(), "logout", client, "ok")
		}
		to := q.Get("post_logout_redirect_uri")
		switch {
		case to == "":
			s.render(w, http.StatusOK, "deconnexion.html", "", page{Title: "Vous êtes déconnecté"})
		case !s.mayReturn(to, p, client):
			s.errorPage(w, codeLogout, "L’adresse de retour n’est pas une de celles que le service a déclarées. La déconnexion est faite.")
		default:
			provider.Redirect(w, r, to, url.Values{"state": {q.Get("state")}})
		}
	}
}

func (s *Simulator) mayReturn(to string, p identity.Profile, client *Client) bool {
	if client != nil {
		return slices.Contains(client.PostLogoutURIs, to)
	}
	for _, c := range s.clients {
		if c.Profile == p && slices.Contains(c.PostLogoutURIs, to) {
			return true
		}
	}
	return false
}

type idTokenClaims struct {
	Audience string `json:"aud"`
	Subject  string `json:"sub"`
	Nonce    string `json:"nonce"`
}

// readIDToken verifies that the simulator wrote the id_token, expired or not.
func (s *Simulator) readIDToken(raw string, p identity.Profile) (claims idTokenClaims, c *Client) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 || len(raw) > 8<<10 {
		return claims, nil
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return claims, nil
	}
	if c = s.clients[claims.Audience]; c == nil || c.Profile != p {
		return claims, nil
	}
	if p == identity.V1 {
		want := macHS256([]byte(c.Secret), parts[0]+"."+parts[1])
		got, err := base64.RawURLEncoding.DecodeString(parts[2])
		if err != nil || !hmac.Equal(got, want) {
			return claims, nil
		}
		return claims, c
	}
	obj, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(c.IDTokenAlg)})
	if err != nil {
		return claims, nil
	}
	key := s.keys.Get(c.IDTokenAlg)
	if _, err := obj.Verify(key.Public().Key); err != nil {
		return claims, nil
	}
	return claims, c
}
