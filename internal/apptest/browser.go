package apptest

import (
	"bytes"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// Browser is what a person does with the pages, without script: it keeps
// cookies, follows redirections and reads whole pages. It is used by one test
// at a time.
type Browser struct {
	Cookies map[string]string
	in      *Instance
	origin  string
	site    string // Sec-Fetch-Site of what it sends
}

// Browser opens the pages of the instance with no cookie.
func (in *Instance) Browser() *Browser {
	return &Browser{Cookies: map[string]string{}, in: in, origin: in.URL, site: "same-origin"}
}

// Copy is a browser with the same cookies: another tab, or a thief.
func (b *Browser) Copy() *Browser {
	c := *b
	c.Cookies = map[string]string{}
	for k, v := range b.Cookies {
		c.Cookies[k] = v
	}
	return &c
}

// From makes the browser send its forms as if from a page of another site.
func (b *Browser) From(site string) *Browser { c := *b; c.site = site; return &c }

// Page is what a browser shows: the last page of the redirections.
type Page struct {
	Status int
	Path   string // with its query
	Header http.Header
	Body   string
}

// Text is what the page says, without marks and with plain spaces.
func (p *Page) Text() string {
	s := regexp.MustCompile(`(?s)<(title|style|script)[^>]*>.*?</(title|style|script)>|<[^>]*>`).ReplaceAllString(p.Body, " ")
	return strings.Join(strings.Fields(strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(html.UnescapeString(s))), " ")
}

// Says reports whether the page says a text.
func (p *Page) Says(text string) bool { return strings.Contains(p.Text(), text) }

// Get opens an address of the platform.
func (b *Browser) Get(t testing.TB, path string) *Page {
	t.Helper()
	return b.follow(t, b.once(t, http.MethodGet, b.origin+path, nil))
}

// Post sends a form.
func (b *Browser) Post(t testing.TB, path string, form url.Values) *Page {
	t.Helper()
	return b.follow(t, b.once(t, http.MethodPost, b.origin+path, form))
}

// Once sends one request and follows nothing; address may be of any origin.
func (b *Browser) Once(t testing.TB, method, address string, form url.Values) *Page {
	t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.origin + address
	}
	return b.once(t, method, address, form)
}

func (b *Browser) once(t testing.TB, method, address string, form url.Values) *Page {
	t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(t.Context(), method, address, body)
	if err != nil {
		t.Fatal("apptest: not an address")
	}
	ours := strings.HasPrefix(address, b.origin+"/")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if method != http.MethodGet {
		r.Header.Set("Sec-Fetch-Site", b.site)
	}
	if ours {
		for k, v := range b.Cookies {
			r.AddCookie(&http.Cookie{Name: k, Value: v})
		}
	}
	resp, err := b.in.client.Do(r)
	if err != nil {
		t.Fatal("apptest: no answer from a page")
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal("apptest: a page is cut")
	}
	if ours {
		for _, c := range resp.Cookies() {
			if b.Cookies[c.Name] = c.Value; c.MaxAge < 0 {
				delete(b.Cookies, c.Name)
			}
		}
	}
	return &Page{resp.StatusCode, strings.TrimPrefix(address, b.origin), resp.Header, string(raw)}
}

// follow goes where the platform and the simulator redirect.
func (b *Browser) follow(t testing.TB, p *Page) *Page {
	t.Helper()
	for range 10 {
		to := p.Header.Get("Location")
		if to == "" {
			return p
		}
		if strings.HasPrefix(to, "/") {
			origin := b.origin
			if strings.HasPrefix(p.Path, "http") {
				u, _ := url.Parse(p.Path)
				origin = u.Scheme + "://" + u.Host
			}
			to = origin + to
		}
		p = b.once(t, http.MethodGet, to, nil)
	}
	t.Fatal("apptest: a page redirects for ever")
	return nil
}

// SignIn logs a sandbox person in to the citizen space through the simulator.
func (b *Browser) SignIn(t testing.TB, slug string) *Page {
	t.Helper()
	return b.Get(t, strings.TrimPrefix(b.Return(t, slug), b.origin))
}

// Return walks a login up to the address at which FranceConnect sends the
// browser back, which it gives without opening it.
func (b *Browser) Return(t testing.TB, slug string) string {
	t.Helper()
	p := b.Get(t, "/mon-espace/connexion/franceconnect")
	at := p.Path // of the simulator: http://…/fc/{id}
	b.once(t, http.MethodPost, at+"/identite", url.Values{"personne": {slug}})
	p = b.once(t, http.MethodPost, at+"/consentement", url.Values{"accord": {"oui"}})
	if to := p.Header.Get("Location"); to != "" {
		return to
	}
	t.Fatalf("apptest: the simulator sends nobody back (status %d)", p.Status)
	return ""
}

// StopSimulator ends the simulated FranceConnect: nobody answers there any
// more.
func (in *Instance) StopSimulator(t testing.TB) {
	t.Helper()
	if err := in.world.sim.Close(); err != nil {
		t.Fatalf("apptest: stop the simulator: %v", err)
	}
}

// File is a file in a form: Field is the name of its entry, With the entries
// that come before it.
type File struct {
	Field, Name string
	Content     []byte
	With        url.Values
}

// Upload sends a form with one file.
func (b *Browser) Upload(t testing.TB, path string, f File) *Page {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for k, list := range f.With {
		for _, v := range list {
			_ = form.WriteField(k, v) // to memory
		}
	}
	part, err := form.CreateFormFile(f.Field, f.Name)
	if err == nil {
		_, err = part.Write(f.Content)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		t.Fatalf("apptest: a form with a file: %v", err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.origin+path, &body)
	if err != nil {
		t.Fatal("apptest: not an address")
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", b.site)
	for k, v := range b.Cookies {
		r.AddCookie(&http.Cookie{Name: k, Value: v})
	}
	resp, err := b.in.client.Do(r)
	if err != nil {
		t.Fatal("apptest: no answer from a page")
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal("apptest: a page is cut")
	}
	return b.follow(t, &Page{resp.StatusCode, path, resp.Header, string(raw)})
}
