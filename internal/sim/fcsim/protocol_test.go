package fcsim_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"droits.example/droits/internal/sim/fcsim"
)

func sameMembers(t *testing.T, m map[string]any, want ...string) {
	t.Helper()
	got := members(m)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("members %v, want %v", got, want)
	}
}

func queryMembers(q url.Values) map[string]any {
	m := map[string]any{}
	for k, v := range q {
		m[k] = v[0]
	}
	return m
}

// Each row of franceconnect.md §6, profile v1.
func TestVersion1AsItsClientsNeedIt(t *testing.T) {
	t.Run("authorize takes no acr_values, a trailing & and an unencoded redirect_uri", func(t *testing.T) {
		p := newPlace(t)
		raw := "response_type=code&client_id=" + v1ID + "&redirect_uri=" + callback + "&scope=openid+profile+droits_assurance_maladie&state=" + goodState + "&nonce=n&"
		action, _ := p.choose(v1ID, raw, "famille-martin")
		sameMembers(t, queryMembers(p.back(p.do("POST", action, url.Values{"decision": {"accepter"}}))), "code", "state")
	})
	t.Run("authorize ignores a parameter that it does not know", func(t *testing.T) {
		newPlace(t).login(v1ID, "login_hint", "x")
	})
	t.Run("the callback has exactly code and state, no iss", func(t *testing.T) {
		q := newPlace(t).login(v1ID)
		sameMembers(t, queryMembers(q), "code", "state")
		if q.Get("state") != goodState {
			t.Error("the state is not the one sent")
		}
	})
	t.Run("the callback of a refusal has exactly error, error_description and state", func(t *testing.T) {
		p := newPlace(t)
		action, _ := p.choose(v1ID, query(v1ID).Encode(), "famille-martin")
		q := p.back(p.do("POST", action, url.Values{"decision": {"refuser"}}))
		sameMembers(t, queryMembers(q), "error", "error_description", "state")
		if q.Get("error") != "access_denied" {
			t.Error(q.Get("error"))
		}
	})
	t.Run("the code matches what a client demands", func(t *testing.T) {
		if c := newPlace(t).login(v1ID).Get("code"); !regexp.MustCompile(`^(?i)[a-z0-9_-]{10,100}$`).MatchString(c) {
			t.Error("another form")
		}
	})
	t.Run("token takes a bare trailing ? and answers four members", func(t *testing.T) {
		p := newPlace(t)
		a := p.do("POST", "/api/v1/token?", tokenForm(v1ID, v1Secret, p.login(v1ID).Get("code")))
		m := a.json(t)
		sameMembers(t, m, "access_token", "token_type", "expires_in", "id_token")
		if m["token_type"] != "Bearer" || m["expires_in"] != 60.0 || a.header.Get("Cache-Control") != "no-store" {
			t.Error("token_type, expires_in or caching")
		}
	})
	t.Run("id_token is HS256 with the client secret, with the claims that a client verifies", func(t *testing.T) {
		p := newPlace(t)
		jwt := p.tokens(v1ID, v1Secret)["id_token"].(string)
		header, claims := segment(t, jwt, 0), segment(t, jwt, 1)
		if header["alg"] != "HS256" || header["typ"] != "JWT" {
			t.Error(header)
		}
		sameMembers(t, claims, "iss", "sub", "aud", "exp", "iat", "nonce", "idp", "acr", "amr")
		if claims["nonce"] != goodNonce || claims["idp"] != "FC" || claims["aud"] != v1ID || claims["iss"] != p.base+"/api/v1" {
			t.Error("nonce, idp, aud or iss")
		}
		parts := strings.Split(jwt, ".")
		mac := hmac.New(sha256.New, []byte(v1Secret))
		mac.Write([]byte(parts[0] + "." + parts[1]))
		if base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) != parts[2] {
			t.Error("the signature is not the secret's")
		}
	})
	t.Run("userinfo takes a bare trailing ? and answers an object", func(t *testing.T) {
		p := newPlace(t)
		tok := p.tokens(v1ID, v1Secret)
		a := p.do("GET", "/api/v1/userinfo?", nil, "Authorization", "Bearer "+tok["access_token"].(string))
		m := a.json(t)
		if m["sub"] != segment(t, tok["id_token"].(string), 1)["sub"] {
			t.Error("the subject is not the id_token's")
		}
		sameMembers(t, m, "sub", "given_name", "family_name", "preferred_username", "gender", "birthdate")
	})
	t.Run("checktoken takes JSON or a form and answers plain JSON", func(t *testing.T) {
		p := newPlace(t)
		tok := p.tokens(v1ID, v1Secret)["access_token"].(string)
		if len(tok) != 64 {
			t.Error("a v1 token has 64 hexadecimal digits")
		}
		form := p.do("POST", "/api/v1/checktoken", url.Values{"token": {tok}})
		b, _ := json.Marshal(map[string]string{"token": tok})
		body := post(t, p.base+"/api/v1/checktoken", "application/json", string(b))
		if form.status != 200 || form.body != body.body {
			t.Fatal("the two answers differ")
		}
		m := form.json(t)
		sameMembers(t, m, "scope", "identity", "client", "identity_provider_id", "identity_provider_host", "acr")
		id := m["identity"].(map[string]any)
		sameMembers(t, id, "given_name", "family_name", "birthdate", "gender", "birthplace", "birthcountry", "preferred_username")
		if id["given_name"] != "Claire Marie-Ange" || m["client"].(map[string]any)["client_id"] != v1ID || m["acr"] != "eidas1" {
			t.Error("identity, client or acr")
		}
	})
	t.Run("checktoken refuses unknown and malformed tokens with 401", func(t *testing.T) {
		p := newPlace(t)
		for token, message := range map[string]string{strings.Repeat("0", 64): "token_not_found_or_expired", "x": "Malformed access token.", "": "Malformed access token."} {
			a := p.do("POST", "/api/v1/checktoken", url.Values{"token": {token}})
			if m := a.json(t); a.status != 401 || m["status"] != "fail" || m["message"] != message {
				t.Error(a.status, m)
			}
		}
		if a := post(t, p.base+"/api/v1/checktoken", "application/json", "{"); a.status != 401 {
			t.Error(a.status)
		}
	})
	t.Run("logout ends the login and goes back, with or without a state", func(t *testing.T) {
		p := newPlace(t)
		tok := p.tokens(v1ID, v1Secret)
		q := url.Values{"id_token_hint": {tok["id_token"].(string)}, "post_logout_redirect_uri": {afterLogout}}
		if a := p.do("GET", "/api/v1/logout?"+q.Encode(), nil); a.status != 303 || a.header.Get("Location") != afterLogout {
			t.Error(a.status, a.header.Get("Location"))
		}
		if a := p.do("POST", "/api/v1/checktoken", url.Values{"token": {tok["access_token"].(string)}}); a.status != 401 {
			t.Error("the token outlives the logout")
		}
		q.Set("state", "s")
		if a := p.do("GET", "/api/v1/logout?"+q.Encode(), nil); a.header.Get("Location") != afterLogout+"?state=s" {
			t.Error(a.header.Get("Location"))
		}
	})
	t.Run("the script is there and empty", func(t *testing.T) {
		a := newPlace(t).do("GET", "/js/franceconnect.js", nil)
		if a.status != 200 || a.body != "" || !strings.HasPrefix(a.header.Get("Content-Type"), "text/javascript") {
			t.Error(a.status, a.header)
		}
	})
	t.Run("a redirect_uri with a query keeps it", func(t *testing.T) {
		q := newPlace(t).login(v1ID, "redirect_uri", callbackOdd)
		sameMembers(t, queryMembers(q), "chemin", "b", "code", "state")
	})
}

func post(t *testing.T, to, contentType, body string) answer {
	t.Helper()
	resp, err := http.Post(to, contentType, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var b strings.Builder
	if _, err := io.Copy(&b, resp.Body); err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, b.String()}
}

// Each row of franceconnect.md §6, profile v2.
func TestVersion2IsStrict(t *testing.T) {
	t.Run("the callback has code, state and iss; the code is 43 characters of base64url", func(t *testing.T) {
		p := newPlace(t)
		q := p.login(v2ID)
		sameMembers(t, queryMembers(q), "code", "state", "iss")
		if q.Get("iss") != p.base+"/api/v2" || !regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`).MatchString(q.Get("code")) {
			t.Error("iss or code")
		}
	})
	t.Run("authorize takes a POST too", func(t *testing.T) {
		if a := newPlace(t).do("POST", "/api/v2/authorize", query(v2ID)); a.status != 303 || !strings.HasPrefix(a.header.Get("Location"), "/fc/") {
			t.Error(a.status)
		}
	})
	for name, change := range map[string][]string{
		"no client_id":                     {"client_id", ""},
		"no redirect_uri":                  {"redirect_uri", ""},
		"no response_type":                 {"response_type", ""},
		"no scope":                         {"scope", ""},
		"no state":                         {"state", ""},
		"no nonce":                         {"nonce", ""},
		"no acr_values":                    {"acr_values", ""},
		"a nonce of 21 characters":         {"nonce", goodNonce[1:]},
		"another response_type":            {"response_type", "token"},
		"prompt=none":                      {"prompt", "none"},
		"prompt=select_account":            {"prompt", "login select_account"},
		"a code_challenge":                 {"code_challenge", "x"},
		"a response_mode":                  {"response_mode", "query"},
		"a login_hint":                     {"login_hint", "x"},
		"claims that are not JSON":         {"claims", "x"},
		"claims other than id_token.amr":   {"claims", `{"id_token":{"email":null}}`},
		"an unknown client without a nonc": {"client_id", "inconnu", "nonce", ""},
	} {
		t.Run("authorize with "+name+" is a 400 page", func(t *testing.T) {
			a := newPlace(t).do("GET", "/api/v2/authorize?"+query(v2ID, change...).Encode(), nil)
			if a.status != 400 || !strings.Contains(a.body, "Y030007") {
				t.Error(a.status)
			}
		})
	}
	for name, raw := range map[string]string{"a doubled state": "&state=x", "an empty prompt": "&prompt=", "a bad escape": "&ui_locales=%zz"} {
		t.Run("authorize with "+name+" is a 400 page", func(t *testing.T) {
			a := newPlace(t).do("GET", "/api/v2/authorize?"+query(v2ID).Encode()+raw, nil)
			if a.status != 400 || !strings.Contains(a.body, "Y030007") {
				t.Error(a.status)
			}
		})
	}
	t.Run("authorize takes prompt, idp_hint and ui_locales", func(t *testing.T) {
		newPlace(t).login(v2ID, "prompt", "consent login", "idp_hint", "x", "ui_locales", "fr")
	})
	t.Run("an unknown client, or one of version 1, is a 400 page", func(t *testing.T) {
		p := newPlace(t)
		for _, id := range []string{"inconnu", v1ID} {
			if a := p.do("GET", "/api/v2/authorize?"+query(id).Encode(), nil); a.status != 400 || !strings.Contains(a.body, "Y04EA6EF") {
				t.Error(a.status)
			}
		}
	})
	t.Run("another redirect_uri is a 400 page in both versions, never a redirect", func(t *testing.T) {
		p := newPlace(t)
		for _, id := range []string{v1ID, v2ID} {
			for _, to := range []string{callback + "/", callback + "?x=1", "http://voleur.example/", strings.ToUpper(callback)} {
				a := p.do("GET", p.prefix(id)+"/authorize?"+query(id, "redirect_uri", to).Encode(), nil)
				if a.status != 400 || a.header.Get("Location") != "" || !strings.Contains(a.body, "Y04C013C") {
					t.Error(a.status)
				}
			}
		}
	})
	for name, c := range map[string]struct {
		change []string
		want   string
	}{
		"without openid is invalid_request":                     {[]string{"scope", "profile"}, "invalid_request"},
		"of a known scope that is not granted is invalid_scope": {[]string{"scope", "openid cnam_paiements_ij"}, "invalid_scope"},
		"of eidas2 only is invalid_acr":                         {[]string{"acr_values", "eidas2 eidas3"}, "invalid_acr"},
		"of amr by a client that may not is invalid_request":    {[]string{"claims", `{"id_token":{"amr":{"essential":true}}}`}, "invalid_request"},
	} {
		t.Run("a request "+name+", told to the client", func(t *testing.T) {
			p := newPlace(t)
			q := p.back(p.do("GET", "/api/v2/authorize?"+query(v2ID, c.change...).Encode(), nil))
			sameMembers(t, queryMembers(q), "error", "error_description", "state", "iss")
			if q.Get("error") != c.want {
				t.Error(q.Get("error"))
			}
		})
	}
	t.Run("an unknown scope is dropped, an unknown acr means the default, the lowest of several is kept", func(t *testing.T) {
		p := newPlace(t)
		m := p.tokens(v2ID, v2Secret, "scope", "openid inconnu profile openid", "acr_values", "zzz")
		if m["scope"] != "openid profile" || segment(t, m["id_token"].(string), 1)["acr"] != "eidas1" {
			t.Error(m["scope"])
		}
		p.login(v2ID, "acr_values", "eidas3 eidas1")
	})
	t.Run("token answers exactly five members", func(t *testing.T) {
		m := newPlace(t).tokens(v2ID, v2Secret)
		sameMembers(t, m, "access_token", "expires_in", "id_token", "scope", "token_type")
		if len(m["access_token"].(string)) != 43 || m["expires_in"] != 60.0 || m["scope"] != "openid profile droits_assurance_maladie" {
			t.Error("access_token, expires_in or scope")
		}
	})
	for alg, id := range map[string]string{"ES256": v2ID, "RS256": rsID} {
		t.Run("id_token and userinfo are "+alg+" by a published key", func(t *testing.T) {
			p := newPlace(t, withRS256)
			m := p.tokens(id, v2Secret, "scope", "openid identite_pivot")
			claims := p.verified(m["id_token"].(string), alg)
			sameMembers(t, claims, "sub", "acr", "auth_time", "nonce", "aud", "exp", "iat", "iss")
			a := p.do("GET", "/api/v2/userinfo", nil, "Authorization", "Bearer "+m["access_token"].(string))
			if a.header.Get("Content-Type") != "application/jwt" {
				t.Error(a.header.Get("Content-Type"))
			}
			info := p.verified(a.body, alg)
			sameMembers(t, info, "iss", "aud", "iat", "exp", "sub", "given_name", "given_name_array", "family_name", "gender", "birthdate", "birthplace", "birthcountry")
			if info["sub"] != claims["sub"] || !strings.HasSuffix(info["sub"].(string), "v1") {
				t.Error("sub")
			}
		})
	}
	t.Run("amr comes when it is asked for by a client that may", func(t *testing.T) {
		p := newPlace(t, withRS256)
		m := p.tokens(rsID, v2Secret, "claims", `{"id_token":{"amr":null}}`)
		if p.verified(m["id_token"].(string), "RS256")["amr"] == nil {
			t.Error("no amr")
		}
	})
	t.Run("discovery says what is served", func(t *testing.T) {
		p := newPlace(t)
		m := p.do("GET", "/api/v2/.well-known/openid-configuration", nil).json(t)
		if m["issuer"] != p.base+"/api/v2" || m["jwks_uri"] != p.base+"/api/v2/jwks" {
			t.Error(m)
		}
	})
	t.Run("session/end ends the login, and an unregistered address is a 400 page", func(t *testing.T) {
		p := newPlace(t)
		m := p.tokens(v2ID, v2Secret)
		q := url.Values{"id_token_hint": {m["id_token"].(string)}, "post_logout_redirect_uri": {"http://voleur.example/"}}
		if a := p.do("GET", "/api/v2/session/end?"+q.Encode(), nil); a.status != 400 || a.header.Get("Location") != "" {
			t.Error(a.status)
		}
		if a := p.do("GET", "/api/v2/userinfo", nil, "Authorization", "Bearer "+m["access_token"].(string)); a.status != 401 {
			t.Error("the token outlives the session")
		}
		q.Set("post_logout_redirect_uri", afterLogout)
		q.Set("state", "s")
		if a := p.do("GET", "/api/v2/session/end?"+q.Encode(), nil); a.status != 303 || a.header.Get("Location") != afterLogout+"?state=s" {
			t.Error(a.status)
		}
		if a := p.do("GET", "/api/v2/session/end", nil); a.status != 200 || !strings.Contains(a.body, "déconnecté") {
			t.Error(a.status)
		}
	})
	t.Run("a forged id_token ends nothing", func(t *testing.T) {
		p := newPlace(t)
		m := p.tokens(v2ID, v2Secret)
		parts := strings.Split(m["id_token"].(string), ".")
		none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
		for _, hint := range []string{none + "." + parts[1] + ".", parts[0] + "." + parts[1] + "." + strings.Repeat("A", 86), "x", "a.b.c"} {
			p.do("GET", "/api/v2/session/end?"+url.Values{"id_token_hint": {hint}}.Encode(), nil)
		}
		if a := p.do("GET", "/api/v2/userinfo", nil, "Authorization", "Bearer "+m["access_token"].(string)); a.status != 200 {
			t.Error("ended")
		}
	})
	t.Run("revocation makes a token inactive at once", func(t *testing.T) {
		p := newPlace(t)
		tok := p.tokens(v2ID, v2Secret)["access_token"].(string)
		f := url.Values{"token": {tok}, "client_id": {privID}, "client_secret": {v2Secret}}
		p.do("POST", "/api/v2/token/revocation", f)
		if a := p.do("GET", "/api/v2/userinfo", nil, "Authorization", "Bearer "+tok); a.status != 200 {
			t.Error("another client may not revoke it")
		}
		f.Set("client_id", v2ID)
		if a := p.do("POST", "/api/v2/token/revocation", f); a.status != 200 {
			t.Error(a.status)
		}
		if a := p.do("GET", "/api/v2/userinfo", nil, "Authorization", "Bearer "+tok); a.status != 401 {
			t.Error(a.status)
		}
		f.Set("client_secret", "faux")
		if a := p.do("POST", "/api/v2/token/revocation", f); a.status != 401 {
			t.Error(a.status)
		}
		f.Set("token", "court")
		if a := p.do("POST", "/api/v2/token/revocation", f); a.status != 400 {
			t.Error(a.status)
		}
	})
}

// verified checks a signed token by the published keys.
func (p *place) verified(jwt, alg string) map[string]any {
	p.t.Helper()
	a := p.do("GET", "/api/v2/jwks", nil)
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(a.body), &set); err != nil {
		p.t.Fatal(err)
	}
	if !strings.HasPrefix(a.header.Get("Content-Type"), "application/jwk-set+json") || a.header.Get("Cache-Control") != "public, max-age=600" {
		p.t.Error(a.header)
	}
	obj, err := jose.ParseSignedCompact(jwt, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err != nil {
		p.t.Fatal(err)
	}
	keys := set.Key(obj.Signatures[0].Header.KeyID)
	if len(keys) != 1 || keys[0].Use != "sig" {
		p.t.Fatal("the key is not published")
	}
	b, err := obj.Verify(keys[0].Key)
	if err != nil {
		p.t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		p.t.Fatal(err)
	}
	return m
}

func TestCodesAndTokens(t *testing.T) {
	for _, id := range []string{v1ID, v2ID} {
		secret := map[string]string{v1ID: v1Secret, v2ID: v2Secret}[id]
		t.Run(id+": a code works once, and its replay takes the token back", func(t *testing.T) {
			p := newPlace(t)
			f := tokenForm(id, secret, p.login(id).Get("code"))
			tok := p.do("POST", p.prefix(id)+"/token", f).json(t)["access_token"].(string)
			if a := p.do("POST", p.prefix(id)+"/token", f); a.status != 400 || a.json(t)["error"] != "invalid_grant" {
				t.Error(a.status)
			}
			if a := p.do("GET", p.prefix(id)+"/userinfo", nil, "Authorization", "Bearer "+tok); a.status != 401 {
				t.Error("the token still works")
			}
		})
		t.Run(id+": a code lives thirty seconds", func(t *testing.T) {
			p := newPlace(t)
			f := tokenForm(id, secret, p.login(id).Get("code"))
			p.clock.Forward(30 * time.Second)
			if a := p.do("POST", p.prefix(id)+"/token", f); a.status != 400 || a.json(t)["error"] != "invalid_grant" {
				t.Error(a.status)
			}
		})
		t.Run(id+": a token lives sixty seconds", func(t *testing.T) {
			p := newPlace(t)
			auth := "Bearer " + p.tokens(id, secret)["access_token"].(string)
			p.clock.Forward(59 * time.Second)
			if a := p.do("GET", p.prefix(id)+"/userinfo", nil, "Authorization", auth); a.status != 200 {
				t.Error(a.status)
			}
			p.clock.Forward(time.Second)
			a := p.do("GET", p.prefix(id)+"/userinfo", nil, "Authorization", auth)
			if a.status != 401 || a.json(t)["error"] != "invalid_token" || a.header.Get("WWW-Authenticate") == "" {
				t.Error(a.status)
			}
		})
		t.Run(id+": userinfo without a token is 401", func(t *testing.T) {
			p := newPlace(t)
			tok := p.tokens(id, secret)["access_token"].(string)
			for _, auth := range []string{"", "Basic " + tok, tok, "Bearer", "Bearer x"} {
				if a := p.do("GET", p.prefix(id)+"/userinfo", nil, "Authorization", auth); a.status != 401 {
					t.Error(a.status)
				}
			}
		})
		for name, c := range map[string]struct {
			change []string
			status int
			err    string
		}{
			"a wrong secret":         {[]string{"client_secret", "faux"}, 401, "invalid_client"},
			"an unknown client":      {[]string{"client_id", "inconnu"}, 401, "invalid_client"},
			"another redirect_uri":   {[]string{"redirect_uri", callbackOdd}, 400, "invalid_grant"},
			"another grant_type":     {[]string{"grant_type", "refresh_token"}, 400, "unsupported_grant_type"},
			"an unknown code":        {[]string{"code", strings.Repeat("a", 43)}, 400, "invalid_grant"},
			"an empty code":          {[]string{"code", ""}, 400, "invalid_request"},
			"an empty redirect_uri":  {[]string{"redirect_uri", ""}, 400, "invalid_request"},
			"the code of another v2": {[]string{"client_id", privID, "client_secret", v2Secret}, 400, "invalid_grant"},
		} {
			if id == v1ID && name == "the code of another v2" {
				c.status, c.err = 401, "invalid_client"
			}
			t.Run(id+": token with "+name+" is "+c.err, func(t *testing.T) {
				p := newPlace(t)
				a := p.do("POST", p.prefix(id)+"/token", tokenForm(id, secret, p.login(id).Get("code"), c.change...))
				if a.status != c.status || a.json(t)["error"] != c.err {
					t.Error(a.status, a.body)
				}
			})
		}
	}
	t.Run("an incomplete birth date is told with 01", func(t *testing.T) {
		p := newPlace(t)
		tok, _, err := p.sim.Mint(fcsim.MintRequest{ClientID: v1ID, Slug: "date-presumee"})
		if err != nil {
			t.Fatal(err)
		}
		m := p.do("POST", "/api/v1/checktoken", url.Values{"token": {tok}}).json(t)
		if m["identity"].(map[string]any)["birthdate"] != "1954-01-01" {
			t.Error("birthdate")
		}
	})
}

func TestCheckTokenV2(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serve := func(t *testing.T, keys ...jose.JSONWebKey) func(*fcsim.Config) {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: keys})
		}))
		t.Cleanup(s.Close)
		return func(c *fcsim.Config) { c.Providers[0].JWKSURL = s.URL }
	}
	public := jose.JSONWebKey{Key: &key.PublicKey, KeyID: "k", Use: "enc", Algorithm: fcsim.KeyECDH}
	form := func(token string) url.Values {
		return url.Values{"token": {token}, "client_id": {dpID}, "client_secret": {dpSecret}}
	}
	open := func(t *testing.T, p *place, a answer) map[string]any {
		t.Helper()
		if a.status != 200 || a.header.Get("Content-Type") != "application/token-introspection+jwt" || len(a.header.Values("Set-Cookie")) > 0 {
			t.Fatal(a.status, a.header)
		}
		head, err := base64.RawURLEncoding.DecodeString(strings.SplitN(a.body, ".", 2)[0])
		if err != nil {
			t.Fatal(err)
		}
		var outer map[string]any
		if err := json.Unmarshal(head, &outer); err != nil {
			t.Fatal(err)
		}
		sameMembers(t, outer, "alg", "enc", "epk")
		obj, err := jose.ParseEncryptedCompact(a.body, []jose.KeyAlgorithm{jose.ECDH_ES}, []jose.ContentEncryption{jose.A256GCM})
		if err != nil {
			t.Fatal(err)
		}
		jws, err := obj.Decrypt(key)
		if err != nil {
			t.Fatal(err)
		}
		sameMembers(t, segment(t, string(jws), 0), "alg", "kid")
		return p.verified(string(jws), "ES256")
	}
	t.Run("a valid token: four members outside, the identity flat inside, only the provider's scopes", func(t *testing.T) {
		p := newPlace(t, serve(t, public))
		m := p.tokens(v2ID, v2Secret, "scope", "openid profile cnam_caisse cnam_contrats")
		out := open(t, p, p.do("POST", "/api/v2/checktoken", form(m["access_token"].(string))))
		sameMembers(t, out, "iss", "aud", "iat", "token_introspection")
		in := out["token_introspection"].(map[string]any)
		sameMembers(t, in, "active", "aud", "sub", "iat", "exp", "acr", "jti", "scope", "gender", "family_name", "given_name", "given_name_array", "birthdate", "birthplace", "birthcountry")
		if out["aud"] != dpID || in["aud"] != v2ID || in["jti"] != m["access_token"] || in["scope"] != "cnam_caisse cnam_contrats" {
			t.Error("aud, jti or scope")
		}
		if in["sub"] == segment(t, m["id_token"].(string), 1)["sub"] {
			t.Error("the subject must differ from the service provider's")
		}
	})
	t.Run("no scope of the provider's is an empty scope, still active", func(t *testing.T) {
		p := newPlace(t, serve(t, public))
		m := p.tokens(v2ID, v2Secret, "scope", "openid profile")
		in := open(t, p, p.do("POST", "/api/v2/checktoken", form(m["access_token"].(string))))["token_introspection"].(map[string]any)
		if in["scope"] != "" || in["active"] != true {
			t.Error(in["scope"], in["active"])
		}
	})
	for name, spoil := range map[string]func(*place, string) string{
		"unknown":      func(_ *place, _ string) string { return strings.Repeat("x", 43) },
		"expired":      func(p *place, tok string) string { p.clock.Forward(time.Minute); return tok },
		"revoked":      func(p *place, tok string) string { p.sim.Revoke(tok); return tok },
		"of version 1": func(p *place, _ string) string { return p.tokens(v1ID, v1Secret)["access_token"].(string) },
	} {
		t.Run("a token "+name+" is inactive and nothing else", func(t *testing.T) {
			p := newPlace(t, serve(t, public))
			tok := spoil(p, p.tokens(v2ID, v2Secret)["access_token"].(string))
			out := open(t, p, p.do("POST", "/api/v2/checktoken", form(tok)))
			in := out["token_introspection"].(map[string]any)
			sameMembers(t, in, "active")
			if in["active"] != false {
				t.Error("active")
			}
		})
	}
	for name, c := range map[string]struct {
		spoil  func(url.Values)
		status int
		err    string
	}{
		"without a token":       {func(f url.Values) { f.Del("token") }, 400, "invalid_request"},
		"with an empty token":   {func(f url.Values) { f.Set("token", "") }, 400, "invalid_request"},
		"with one more member":  {func(f url.Values) { f.Set("token_type_hint", "access_token") }, 400, "invalid_request"},
		"with a doubled token":  {func(f url.Values) { f.Add("token", "x") }, 400, "invalid_request"},
		"by an unknown client":  {func(f url.Values) { f.Set("client_id", "inconnu") }, 401, "invalid_client"},
		"with a wrong secret":   {func(f url.Values) { f.Set("client_secret", "faux") }, 401, "invalid_client"},
		"by a service provider": {func(f url.Values) { f.Set("client_id", v2ID); f.Set("client_secret", v2Secret) }, 401, "invalid_client"},
	} {
		t.Run("a request "+name+" is "+c.err, func(t *testing.T) {
			f := form(strings.Repeat("x", 43))
			c.spoil(f)
			a := newPlace(t, serve(t, public)).do("POST", "/api/v2/checktoken", f)
			if a.status != c.status || a.json(t)["error"] != c.err {
				t.Error(a.status, a.body)
			}
		})
	}
	t.Run("JSON is not taken", func(t *testing.T) {
		p := newPlace(t, serve(t, public))
		b, _ := json.Marshal(map[string]string{"token": strings.Repeat("x", 43), "client_id": dpID, "client_secret": dpSecret})
		if a := post(t, p.base+"/api/v2/checktoken", "application/json", string(b)); a.status != 400 {
			t.Error(a.status)
		}
	})
	bare, private, other := public, public, public
	bare.Use, private.Key, other.Algorithm = "", key, fcsim.KeyRSA
	for name, keys := range map[string][]jose.JSONWebKey{
		"no key at all":     {},
		"a key without use": {public, bare},
		"no key of the alg": {other},
		"a private key":     {private},
	} {
		t.Run("a provider that publishes "+name+" gets server_error", func(t *testing.T) {
			p := newPlace(t, serve(t, keys...))
			a := p.do("POST", "/api/v2/checktoken", form(strings.Repeat("x", 43)))
			if a.status != 500 || a.json(t)["error"] != "server_error" {
				t.Error(a.status)
			}
		})
	}
	t.Run("a provider whose keys cannot be fetched gets server_error", func(t *testing.T) {
		if a := newPlace(t).do("POST", "/api/v2/checktoken", form(strings.Repeat("x", 43))); a.status != 500 {
			t.Error(a.status)
		}
	})
}
