package fcsim

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/sim/provider"
)

// Codes that the real service prints on its error pages (franceconnect.md §5).
const (
	codeParameters  = "Y030007"
	codeClient      = "Y04EA6EF"
	codeRedirectURI = "Y04C013C"
	codeSession     = "SIM0001"
	codeLogout      = "SIM0002"
)

// minNonce is demanded by version 2.
const minNonce = 22

// authorize starts a journey. What is wrong with the client or its redirect
// URI is told on a page, never by a redirect; the rest goes to the client.
func (s *Simulator) authorize(p identity.Profile) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q, ok := authorizeParams(w, r)
		if ok && p == identity.V2 {
			ok = strictParams(q)
		}
		client := s.clients[q.Get("client_id")]
		switch {
		case !ok || q.Get("client_id") == "" || q.Get("redirect_uri") == "" || q.Get("response_type") != "code" || q.Get("scope") == "":
			s.event(r.Context(), "authorize", nil, "invalid_request")
			s.errorPage(w, codeParameters, "La demande de connexion est incomplète ou contient un élément non prévu.")
		case client == nil || client.Profile != p:
			s.event(r.Context(), "authorize", nil, "unknown_client")
			s.errorPage(w, codeClient, "Le service qui vous envoie n’est pas connu de ce simulateur.")
		case !slices.Contains(client.RedirectURIs, q.Get("redirect_uri")):
			s.event(r.Context(), "authorize", client, "redirect_uri")
			s.errorPage(w, codeRedirectURI, "L’adresse de retour n’est pas celle que le service a déclarée.")
		default:
			s.begin(w, r, client, q)
		}
	}
}

func authorizeParams(w http.ResponseWriter, r *http.Request) (url.Values, bool) {
	raw := r.URL.RawQuery
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, provider.MaxBody))
		if err != nil {
			return nil, false
		}
		raw = string(body)
	}
	q, err := url.ParseQuery(raw)
	return q, err == nil
}

// strictParams holds the rules of version 2: every parameter once, none that
// is not expected, and all those required.
func strictParams(q url.Values) bool {
	for name, values := range q {
		switch name {
		case "client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "acr_values", "claims", "prompt", "idp_hint", "ui_locales":
		default:
			return false
		}
		if len(values) != 1 || values[0] == "" {
			return false
		}
	}
	for _, name := range []string{"client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "acr_values"} {
		if !q.Has(name) {
			return false
		}
	}
	for _, word := range strings.Fields(q.Get("prompt")) {
		if word != "login" && word != "consent" {
			return false
		}
	}
	if _, ok := amrClaim(q.Get("claims")); !ok {
		return false
	}
	return len(q.Get("nonce")) >= minNonce
}

// amrClaim reads the parameter claims, of which only id_token.amr exists.
func amrClaim(raw string) (wants, ok bool) {
	if raw == "" {
		return false, true
	}
	var claims map[string]map[string]json.RawMessage
	if json.Unmarshal([]byte(raw), &claims) != nil {
		return false, false
	}
	for where, members := range claims {
		for name := range members {
			if where != "id_token" || name != "amr" {
				return false, false
			}
			wants = true
		}
	}
	return wants, true
}

// begin checks what may be told to the client, then shows the first page.
func (s *Simulator) begin(w http.ResponseWriter, r *http.Request, c *Client, q url.Values) {
	scopes, refusal := s.grantedScopes(c, q.Get("scope"))
	acr, ok := chosenACR(q.Get("acr_values"))
	if refusal == nil && !ok {
		refusal = &[2]string{"invalid_acr", "acr_value is not valid, should be equal one of these values, expected eidas1"}
	}
	wantsAMR, _ := amrClaim(q.Get("claims"))
	if refusal == nil && wantsAMR && !c.AMR {
		refusal = &[2]string{"invalid_request", "claim amr is not allowed"}
	}
	j := &session{
		client: c, redirectURI: q.Get("redirect_uri"), state: q.Get("state"), nonce: q.Get("nonce"),
		scopes: scopes, acr: acr, wantsAMR: wantsAMR,
	}
	if refusal != nil {
		s.event(r.Context(), "authorize", c, refusal[0])
		s.callback(w, r, j, url.Values{"error": {refusal[0]}, "error_description": {refusal[1]}})
		return
	}
	s.event(r.Context(), "authorize", c, "ok")
	id := s.state.addSession(s.clock(), j)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/fc/"+id, http.StatusSeeOther)
}

// grantedScopes drops unknown scopes silently. One that is known but not
// granted is refused in version 2 and dropped in version 1.
func (s *Simulator) grantedScopes(c *Client, raw string) (scopes []string, refusal *[2]string) {
	for _, sc := range strings.Fields(raw) {
		switch granted := sc == "openid" || slices.Contains(c.Scopes, sc); {
		case slices.Contains(scopes, sc) || !granted && !s.known(sc):
		case granted:
			scopes = append(scopes, sc)
		case c.Profile == identity.V2:
			return nil, &[2]string{"invalid_scope", "requested scope is not allowed"}
		}
	}
	if !slices.Contains(scopes, "openid") {
		return nil, &[2]string{"invalid_request", "openid scope must be requested"}
	}
	return scopes, nil
}

// chosenACR keeps the lowest known level asked for; only eidas1 is served
// here. Nothing known means the platform's default (franceconnect.md §4).
func chosenACR(raw string) (acr string, ok bool) {
	asked := strings.Fields(raw)
	for _, level := range []string{"eidas1", "eidas2", "eidas3"} {
		if slices.Contains(asked, level) {
			return level, level == "eidas1"
		}
	}
	return "eidas1", true
}

// callback goes back to the client: state if there was one, and iss in
// version 2 only, because a real client of version 1 refuses it.
func (s *Simulator) callback(w http.ResponseWriter, r *http.Request, j *session, add url.Values) {
	add.Set("state", j.state)
	if j.client.Profile == identity.V2 {
		add.Set("iss", s.issuer(identity.V2))
	}
	provider.Redirect(w, r, j.redirectURI, add)
}
