package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The rules of the house, held by a test. Each table says why a line is there:
// a change of a table is a decision, read as such.

const module = "droits.example/droits"

// arrow is what a package may import of ours, and why it may not see more.
type arrow struct {
	to  string
	why string
}

// arrows holds every package of the module, by folder.
var arrows = map[string]arrow{
	".":      {"internal/cli", "ten lines: everything is behind the command line"},
	"client": {"", "imported by others: the standard library only, nothing of ours"},

	// domain: no SQL, no HTTP, no logger
	"internal/fault":        {"", "every package speaks of errors: it knows nobody"},
	"internal/civil":        {"internal/fault", "days and periods know no clock and nobody's data"},
	"internal/nir":          {"internal/fault", "the digits are hidden here: nothing may be built around them"},
	"internal/droits":       {"internal/civil internal/nir internal/fault", "the words of the field do not know who asks, nor how they are kept"},
	"internal/geo":          {"", "tables of codes: they know nobody who was born there"},
	"internal/identity":     {"internal/civil internal/nir internal/geo internal/fault", "who is who is decided on civil status alone, never on rights or partners"},
	"internal/partner":      {"internal/civil internal/droits internal/fault", "a partner knows no person"},
	"internal/convention":   {"internal/partner internal/civil internal/droits internal/fault", "a convention knows no person"},
	"internal/consent":      {"internal/civil internal/droits internal/nir internal/fault", "an agreement outlives the convention that asked for it"},
	"internal/trace":        {"internal/nir internal/fault", "a trace is written about everything and depends on nothing"},
	"internal/desk":         {"internal/trace internal/civil", "codes and pseudonyms over time: it knows no person"},
	"internal/cases":        {"internal/identity internal/nir internal/civil", "fictitious cases in a file: it opens no store"},
	"internal/notify":       {"internal/civil internal/fault", "what is to be sent knows neither who decided it nor how it is sent"},
	"internal/policy":       {"internal/convention internal/partner internal/consent internal/identity internal/droits internal/civil internal/fault", "pure functions: no store, no clock, no token"},
	"internal/account":      {"internal/fault", "who somebody is and may do here; knows no organisation's data"},
	"internal/support":      {"internal/fault", "questions and incidents: it knows neither partner nor person"},
	"internal/habilitation": {"internal/convention internal/partner internal/civil internal/droits internal/fault", "a request for access knows no person and no store; what it granted is the draft of a convention"},
	"internal/intake":       {"internal/civil internal/nir internal/droits internal/fault", "reading rows does not know where they go: a sink takes them"},
	"internal/access":       {"internal/desk internal/policy internal/convention internal/partner internal/consent internal/identity internal/trace internal/droits internal/civil internal/nir internal/fault", "the road: its neighbours come through small interfaces, so that a test can break each"},

	// adapters
	"internal/store":         {"internal/support internal/account internal/habilitation internal/intake internal/desk internal/notify internal/policy internal/convention internal/partner internal/consent internal/identity internal/trace internal/droits internal/civil internal/nir internal/fault", "keeps what the domain says; knows no HTTP"},
	"internal/relying":       {"", "the client's side of OpenID Connect; knows neither whom it logs in nor why"},
	"internal/idp":           {"internal/relying internal/account internal/partner internal/fault", "says who a professional is; knows no account of ours (partner for the check digit of a SIRET)"},
	"internal/franceconnect": {"internal/relying internal/identity internal/civil internal/fault", "says whose token it is; knows neither partner nor rights"},
	"internal/clientauth":    {"internal/partner internal/fault", "says whether a proof is good; knows no convention (partner for what a certificate is)"},
	"internal/edge":          {"internal/fault", "meets every request and may hold no personal datum"},
	"internal/api":           {"internal/edge internal/access internal/policy internal/partner internal/convention internal/droits internal/nir internal/civil internal/fault", "never the store, FranceConnect or the simulator: one road to personal data (policy for the operations' names and the View)"},
	"internal/witness":       {"internal/trace", "a third party's program: it knows a log by its checkpoints alone"},
	"internal/deliver":       {"internal/notify internal/trace internal/fault", "sends messages that it does not read; knows neither people nor rights"},
	"internal/admin":         {"internal/support internal/account internal/clientauth internal/policy internal/habilitation internal/edge internal/intake internal/desk internal/notify internal/trace internal/convention internal/partner internal/consent internal/droits internal/nir internal/civil internal/fault", "never the store: what it administers is an interface, rehearsed or live"},
	"internal/web":           {"internal/partner internal/support internal/account internal/habilitation internal/edge internal/access internal/notify internal/consent internal/convention internal/trace internal/identity internal/droits internal/nir internal/civil internal/fault", "pages, from the same answers as the API; never the store, FranceConnect or the simulator"},

	// the rest
	"internal/app":          {"*", "the only place where things are joined"},
	"internal/apptest":      {"*", "the whole platform for a test; importable from tests only"},
	"internal/bench":        {"*", "measures the parts one by one as well as the whole; imports no command"},
	"internal/cli":          {"internal/partner internal/support internal/account internal/habilitation internal/app internal/admin internal/bench internal/witness internal/cases internal/desk internal/notify internal/trace internal/intake internal/convention internal/droits internal/civil internal/store internal/sim/nation internal/fault", "flags and exit codes; the store for its lock's error and the root key only"},
	"internal/sim/people":   {"internal/civil internal/nir internal/identity", "fictitious people are real input: they go through the import file, not through the store"},
	"internal/sim/nation":   {"internal/civil internal/nir internal/identity", "fictitious people are real input: they go through the import file, not through the store"},
	"internal/sim/provider": {"", "what simulated identity providers have in common knows none of them"},
	"internal/sim/prosim":   {"internal/sim/provider", "an identity provider knows no partner's rights and no account of ours"},
	"internal/sim/fcsim":    {"internal/sim/provider internal/civil internal/identity", "a FranceConnect knows no NIR, no right and no partner's key"},
	"internal/sim/partners": {"internal/civil internal/nir client", "sample partners call like anybody: over HTTP, with the published client"},
}

// testsOnly may be imported from test files alone.
var testsOnly = []string{"internal/apptest"}

// library says who may import a package from outside the module, by prefix of
// its path, and why we do not write it ourselves.
type library struct{ prefix, who, why string }

var libraries = []library{
	{"github.com/cheggaaa/pb/v3", "internal/cli", "progress of long commands on a terminal"},
	{"github.com/spf13/cobra", "internal/cli", "commands, flags and their help"},
	{"github.com/spf13/pflag", "internal/cli", "cobra's own flags, listed for the documentation"},
	{"github.com/tinylib/msgp/msgp", "internal/store", "sealed documents, decoded on the hot path without allocation"},
	{"github.com/pressly/goose/v3", "internal/store", "migrations"},
	{"modernc.org/sqlite", "internal/store", "SQLite without a C compiler"},
	{"zombiezen.com/go/sqlite", "internal/store", "the hot paths' connections: one read transaction kept, one writer"},
	{"github.com/go-jose/go-jose/v4", "internal/clientauth internal/franceconnect internal/sim/fcsim internal/sim/prosim internal/sim/provider internal/sim/partners", "JOSE is not to be written at home"},
	{"github.com/coreos/go-oidc/v3", "internal/relying internal/idp", "the client's side of OpenID Connect, verified by others too"},
	{"github.com/alexedwards/scs/v2", "internal/web", "tokens, renewal and cookie of sessions"},
	{"golang.org/x/oauth2", "internal/relying internal/franceconnect internal/idp", "trading a code; go-oidc speaks its words"},
	{"golang.org/x/mod/sumdb", "internal/trace internal/store", "the arithmetic of RFC 6962 trees and signed notes: not to be written at home"},
	{"golang.org/x/sync/singleflight", "internal/franceconnect internal/idp", "concurrent checks of one token, and discoveries, are one"},
	{"golang.org/x/time/rate", "internal/access", "quota a second"},
	{"golang.org/x/text/unicode/norm", "internal/identity internal/sim/fcsim", "names are compared decomposed"},
	{"github.com/gowebpki/jcs", "internal/convention internal/consent internal/web", "RFC 8785 (decision 0007)"},
	{"github.com/klauspost/compress/zstd", "internal/intake internal/sim/nation", "compressed import files"},
	{"github.com/pelletier/go-toml/v2", "internal/app", "strict configuration that names line and key"},
	{"github.com/prometheus/client_golang", "internal/app", "metrics"},
	{"go.yaml.in/yaml/v3", "internal/api", "the OpenAPI document in its two forms"},
	{"github.com/getkin/kin-openapi", "internal/apptest", "tests: answers are held against the contract"},
	{"github.com/transparency-dev/merkle", "", "tests: another's RFC 6962 tree"},
	{"pgregory.net/rapid", "", "tests: properties"},
}

// inTests are the libraries that any test may import.
var inTests = []string{"github.com/transparency-dev/merkle", "golang.org/x/mod/sumdb", "github.com/gowebpki/jcs", "github.com/getkin/kin-openapi", "pgregory.net/rapid", "golang.org/x/text/unicode/norm", "github.com/go-jose/go-jose/v4", "golang.org/x/oauth2", "github.com/klauspost/compress/zstd", "go.yaml.in/yaml/v3", "github.com/pelletier/go-toml/v2"}

// standard restricts packages of the standard library.
var standard = []library{
	{"database/sql", "internal/store", "one road to the database"},
	{"net/http", "client internal/edge internal/api internal/admin internal/web internal/franceconnect internal/deliver internal/witness internal/relying internal/idp internal/sim/fcsim internal/sim/prosim internal/sim/provider internal/sim/partners internal/bench internal/app internal/apptest internal/cli", "the domain knows no HTTP; the command line speaks it to the administration's socket"},
	{"html/template", "internal/web internal/sim/fcsim internal/sim/prosim internal/sim/partners", "pages are written in few places, with one escaping"},
	{"text/template", "", "a page escaped by nothing"},
	{"math/rand", "internal/sim/people internal/sim/nation internal/bench", "what must not be guessed comes from crypto/rand"},
	{"flag", "internal/cli internal/app internal/apptest", "settings enter at one place (apptest: -update)"},
	{"os/signal", "internal/cli", "one place decides how the program ends"},
	{"os/exec", "internal/bench", "the platform runs nothing; a benchmark starts its servers"},
	{"log", "", "the default logger writes anything anywhere"},
	{"log/slog", "client internal/witness internal/nir internal/edge internal/app internal/franceconnect internal/sim/fcsim internal/sim/partners internal/apptest", "who does not see a logger cannot log a person (nir and client: to redact themselves)"},
	{"unsafe", "", "nothing here needs it"},
	{"reflect", "internal/app", "the configuration's members; nothing on the road of a call"},
	{"crypto/md5", "", "broken"}, {"crypto/sha1", "internal/account", "broken, but what authenticators speak (RFC 6238)"}, {"crypto/des", "", "broken"}, {"crypto/rc4", "", "broken"},
}

// calls restricts single functions, outside tests.
var calls = []struct{ pkg, names, who, why string }{
	{"time", "Now Since Until", "internal/app internal/cli internal/bench", "a clock is passed (cli: progress and a template's date; bench: measures)"},
	{"time", "Sleep", "internal/bench", "waiting is a timer with a context (bench: an open loop keeps its instants)"},
	{"os", "Getenv LookupEnv Environ Args", ". internal/cli internal/app", "settings enter at one place"},
	{"os", "Exit", ".", "one place decides how the program ends"},
	{"context", "WithValue", "", "a value that travels unseen cannot be checked by the compiler"},
	{"log/slog", "Debug Info Warn Error Log LogAttrs DebugContext InfoContext WarnContext ErrorContext Default SetDefault With", "", "no default logger"},
	{"net/http", "Get Post PostForm Head Handle HandleFunc ListenAndServe", "", "no default client's time-outs, no default mux"},
}

// reveal are the packages that may read the digits of a NIR.
var reveal = map[string]string{
	"internal/nir":        "its own",
	"internal/policy":     "the one way out: a View that the decision released",
	"internal/store":      "keyed index and sealed value",
	"internal/droits":     "compares two in constant time",
	"internal/app":        "droits demo persons: fictitious people, on demand",
	"internal/cases":      "droits identity explain: fictitious cases, back to whoever wrote them",
	"internal/bench":      "fictitious people's calls",
	"internal/apptest":    "fictitious people's calls",
	"internal/sim/people": "writes fictitious people to an import file",
}

// panics are the functions that may panic without Must in their name.
var panics = map[string]string{
	"internal/edge/edge.go Edge.finish": "http.ErrAbortHandler is the standard library's way to cut an answer",
	"internal/store/keys.go derive":     "constants: HKDF refuses none of ours",
	"internal/store/keys.go newAEAD":    "constants: AES refuses no 32-byte key",
	"internal/apptest/apptest.go *":     "tests ask for it",
}

var forbiddenNames = []string{"utils", "util", "common", "helpers", "helper", "models", "model", "types", "constants", "interfaces", "services", "repositories", "mocks", "misc", "base", "shared", "lib", "pkg"}

const (
	softLines     = 400
	hardLines     = 800
	hardTestLines = 1000
)

// source is one parsed file.
type source struct {
	path   string // from the root, with slashes
	folder string
	test   bool
	lines  int
	raw    []byte
	fset   *token.FileSet
	ast    *ast.File
	names  map[string]string // import name -> path
}

// modules of their own below the root.
func ownModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil && dir != "."
}

func sources(t *testing.T) []*source {
	t.Helper()
	var out []*source
	fset := token.NewFileSet()
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if p != "." && strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || ownModule(p) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		raw, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(fset, p, raw, parser.ParseComments)
		if err != nil {
			return err
		}
		s := &source{path: filepath.ToSlash(p), folder: path.Dir(filepath.ToSlash(p)), test: strings.HasSuffix(p, "_test.go"), lines: bytes.Count(raw, []byte("\n")), raw: raw, fset: fset, ast: f, names: map[string]string{}}
		for _, i := range f.Imports {
			target, _ := strconv.Unquote(i.Path.Value)
			name := path.Base(target)
			if regexp.MustCompile(`^v\d+$`).MatchString(name) {
				name = path.Base(path.Dir(target))
			}
			if i.Name != nil {
				name = i.Name.Name
			}
			s.names[name] = target
		}
		out = append(out, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func testSupport(folder string) bool { return slices.Contains(testsOnly, folder) }

func (s *source) imports() []string {
	var out []string
	for _, i := range s.ast.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		out = append(out, p)
	}
	return out
}

func (s *source) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", s.path, s.fset.Position(n.Pos()).Line)
}

func (s *source) generated() bool { return strings.HasSuffix(s.path, ".gen.go") }

func listed(who, folder string) bool { return slices.Contains(strings.Fields(who), folder) }

func under(importPath, prefix string) bool {
	return importPath == prefix || strings.HasPrefix(importPath, prefix+"/")
}

func TestArchitecture(t *testing.T) {
	all := sources(t)
	for _, rule := range []struct {
		name string
		hold func(*testing.T, []*source)
	}{
		{"every package is in the table and imports only what its line says", holdArrows},
		{"libraries and restricted packages are imported where their line says", holdImports},
		{"banned calls are made nowhere but where listed", holdCalls},
		{"the digits of a NIR are read by the listed packages only", holdReveal},
		{"no init, no package variable assigned after its declaration", holdVariables},
		{"panic only in Must functions or with a listed reason", holdPanics},
		{"exported names and packages carry doc comments", holdComments},
		{"files are short", holdSizes},
		{"functions take at most four arguments beside a context, a transaction or an HTTP pair", holdArguments},
		{"no package hides behind a name that says nothing", holdNames},
		{"nothing is left to do in a comment", holdToDo},
	} {
		t.Run(rule.name, func(t *testing.T) { rule.hold(t, all) })
	}
}

func holdArrows(t *testing.T, all []*source) {
	seen := map[string]bool{}
	for _, s := range all {
		if !s.test {
			seen[s.folder] = true
		}
		a, ok := arrows[s.folder]
		if !ok {
			t.Errorf("%s: package %s is not in the table; a new package needs one sentence that says what it hides", s.path, s.folder)
			continue
		}
		for _, p := range s.imports() {
			if !under(p, module) || s.test {
				continue
			}
			to := strings.TrimPrefix(strings.TrimPrefix(p, module), "/")
			if testSupport(to) {
				t.Errorf("%s imports %s, which is for tests", s.path, to)
			} else if a.to == "*" && to == "internal/cli" || a.to != "*" && !listed(a.to, to) {
				t.Errorf("%s imports %s: %s", s.path, to, a.why)
			}
		}
	}
	for folder, a := range arrows {
		if !seen[folder] {
			t.Errorf("%s is in the table and no longer in the tree", folder)
		}
		if a.why == "" {
			t.Errorf("%s has no reason", folder)
		}
	}
}

func holdImports(t *testing.T, all []*source) {
	for _, s := range all {
		for _, p := range s.imports() {
			switch {
			case under(p, module):
			case !strings.Contains(strings.Split(p, "/")[0], "."):
				for _, l := range standard {
					if (p == l.prefix || l.prefix == "math/rand" && p == "math/rand/v2") && !s.test && !listed(l.who, s.folder) {
						t.Errorf("%s imports %s: %s", s.path, p, l.why)
					}
				}
			default:
				i := slices.IndexFunc(libraries, func(l library) bool { return under(p, l.prefix) })
				if i < 0 {
					t.Errorf("%s imports %s, which is not in the table of libraries", s.path, p)
				} else if l := libraries[i]; !listed(l.who, s.folder) && !(s.test && slices.ContainsFunc(inTests, func(x string) bool { return under(p, x) })) {
					t.Errorf("%s imports %s (%s) and is not listed", s.path, p, l.why)
				}
			}
		}
	}
	for _, l := range slices.Concat(libraries, standard) {
		if l.why == "" {
			t.Errorf("%s has no reason", l.prefix)
		}
	}
}

// selectors visits each use of pkg.Name in a file.
func (s *source) selectors(visit func(n ast.Node, pkg, name string)) {
	ast.Inspect(s.ast, func(n ast.Node) bool {
		if x, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := x.X.(*ast.Ident); ok && id.Obj == nil && s.names[id.Name] != "" {
				visit(n, s.names[id.Name], x.Sel.Name)
			}
		}
		return true
	})
}

func holdCalls(t *testing.T, all []*source) {
	for _, s := range all {
		if s.test {
			continue
		}
		s.selectors(func(n ast.Node, pkg, name string) {
			for _, c := range calls {
				if pkg == c.pkg && listed(c.names, name) && !listed(c.who, s.folder) {
					t.Errorf("%s: %s.%s: %s", s.at(n), pkg, name, c.why)
				}
			}
		})
	}
}

func holdReveal(t *testing.T, all []*source) {
	used := map[string]bool{}
	for _, s := range all {
		if s.test {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			if x, ok := n.(*ast.SelectorExpr); ok && (x.Sel.Name == "Reveal" || x.Sel.Name == "Fixed") {
				used[s.folder] = true
				if reveal[s.folder] == "" {
					t.Errorf("%s: reads the digits of a NIR and is not listed", s.at(n))
				}
			}
			return true
		})
	}
	for folder := range reveal {
		if !used[folder] && folder != "internal/nir" {
			t.Errorf("%s may read the digits of a NIR and no longer does: take it off the list", folder)
		}
	}
}

func holdVariables(t *testing.T, all []*source) {
	vars := map[string]map[string]bool{}
	for _, s := range all {
		key := s.folder + " " + s.ast.Name.Name
		if vars[key] == nil {
			vars[key] = map[string]bool{}
		}
		for _, d := range s.ast.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
				for _, v := range g.Specs {
					for _, id := range v.(*ast.ValueSpec).Names {
						if id.Name == "_" || testSupport(s.folder) {
							continue // a TestMain keeps what it started
						}
						vars[key][id.Name] = true
					}
				}
			}
		}
	}
	for _, s := range all {
		for _, d := range s.ast.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			if f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: init runs before anybody asked", s.at(f))
			}
			if s.test {
				continue
			}
			s.assigned(f.Body, func(id *ast.Ident) {
				_, imported := s.names[id.Name]
				own := vars[s.folder+" "+s.ast.Name.Name][id.Name] && (id.Obj == nil || s.ast.Scope.Objects[id.Name] == id.Obj)
				if own || imported && id.Obj == nil {
					t.Errorf("%s: %s is assigned after its declaration", s.at(id), id.Name)
				}
			})
		}
	}
}

// assigned visits the variable at the root of everything that is assigned to.
func (s *source) assigned(body ast.Node, visit func(*ast.Ident)) {
	root := func(e ast.Expr) {
		for {
			switch x := e.(type) {
			case *ast.SelectorExpr:
				e = x.X
			case *ast.IndexExpr:
				e = x.X
			case *ast.ParenExpr:
				e = x.X
			case *ast.StarExpr:
				e = x.X
			case *ast.Ident:
				visit(x)
				return
			default:
				return
			}
		}
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.AssignStmt:
			if x.Tok != token.DEFINE {
				for _, e := range x.Lhs {
					root(e)
				}
			}
		case *ast.IncDecStmt:
			root(x.X)
		}
		return true
	})
}

func holdPanics(t *testing.T, all []*source) {
	used := map[string]bool{}
	for _, s := range all {
		if s.test {
			continue
		}
		for _, d := range s.ast.Decls {
			name := "package"
			if f, ok := d.(*ast.FuncDecl); ok {
				name = function(f)
			}
			ast.Inspect(d, func(n ast.Node) bool {
				c, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				id, ok := c.Fun.(*ast.Ident)
				if !ok || id.Name != "panic" || strings.HasPrefix(strings.ToLower(name), "must") {
					return true
				}
				for _, k := range []string{s.path + " " + name, s.path + " *"} {
					if panics[k] != "" {
						used[k] = true
						return true
					}
				}
				t.Errorf("%s: %s panics; wrong input is normal, answer it", s.at(n), name)
				return true
			})
		}
	}
	for k := range panics {
		if !used[k] {
			t.Errorf("%s may panic and no longer does: take it off the list", k)
		}
	}
}

// function is Name or Type.Name.
func function(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return f.Name.Name
	}
	return receiver(f.Recv.List[0].Type) + "." + f.Name.Name
}

func receiver(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.StarExpr:
		return receiver(x.X)
	case *ast.IndexExpr:
		return receiver(x.X)
	case *ast.Ident:
		return x.Name
	}
	return ""
}

func holdComments(t *testing.T, all []*source) {
	doc := map[string]string{}
	for _, s := range all {
		if s.test || s.generated() {
			continue
		}
		if _, ok := doc[s.folder]; !ok {
			doc[s.folder] = ""
		}
		if s.ast.Doc != nil {
			doc[s.folder] = s.ast.Doc.Text()
		}
		for _, d := range s.ast.Decls {
			undocumented(d, func(n ast.Node, name string) {
				t.Errorf("%s: %s has no doc comment", s.at(n), name)
			})
		}
	}
	for folder, text := range doc {
		begin := "Package " + path.Base(folder) + " "
		if folder == "." {
			begin = "Command droits "
		}
		if !strings.HasPrefix(text, begin) {
			t.Errorf("%s: the package doc does not begin with %q", folder, begin)
		}
	}
}

func undocumented(d ast.Decl, report func(ast.Node, string)) {
	switch x := d.(type) {
	case *ast.FuncDecl:
		if x.Name.IsExported() && x.Doc == nil && (x.Recv == nil || ast.IsExported(receiver(x.Recv.List[0].Type))) {
			report(x, function(x))
		}
	case *ast.GenDecl:
		for _, sp := range x.Specs {
			switch v := sp.(type) {
			case *ast.TypeSpec:
				if v.Name.IsExported() && v.Doc == nil && x.Doc == nil {
					report(v, v.Name.Name)
				}
			case *ast.ValueSpec:
				for _, id := range v.Names {
					if id.IsExported() && v.Doc == nil && v.Comment == nil && x.Doc == nil {
						report(v, id.Name)
					}
				}
			}
		}
	}
}

func holdSizes(t *testing.T, all []*source) {
	for _, s := range all {
		switch {
		case s.generated():
		case s.test && s.lines > hardTestLines, !s.test && s.lines > hardLines:
			t.Errorf("%s has %d lines", s.path, s.lines)
		case !s.test && s.lines > softLines:
			t.Logf("%s has %d lines, more than the %d that we aim at", s.path, s.lines, softLines)
		}
	}
}

// maxArguments do not count a context, a transaction, or the pair of an HTTP
// handler. Tables of tests and of fictitious people read better in lines.
const maxArguments = 4

func holdArguments(t *testing.T, all []*source) {
	for _, s := range all {
		if s.generated() || s.test || s.folder == "internal/sim/people" || s.folder == "internal/bench" {
			continue
		}
		for _, d := range s.ast.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			n := 0
			for _, p := range f.Type.Params.List {
				if carries(p.Type) {
					continue
				}
				n += max(1, len(p.Names))
			}
			if n > maxArguments {
				t.Errorf("%s: %s takes %d arguments; more than %d are a struct", s.at(f), function(f), n, maxArguments)
			}
		}
	}
}

// carries reports whether a parameter only carries something along.
func carries(e ast.Expr) bool {
	if p, ok := e.(*ast.StarExpr); ok {
		e = p.X
	}
	x, ok := e.(*ast.SelectorExpr)
	return ok && slices.Contains([]string{"Context", "Tx", "ResponseWriter", "Request"}, x.Sel.Name)
}

func holdNames(t *testing.T, all []*source) {
	for _, s := range all {
		if name := strings.TrimSuffix(s.ast.Name.Name, "_test"); slices.Contains(forbiddenNames, name) {
			t.Errorf("%s: package %s says nothing", s.path, name)
		}
	}
}

func holdToDo(t *testing.T, all []*source) {
	left := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)
	for _, s := range all {
		for _, g := range s.ast.Comments {
			if left.MatchString(g.Text()) {
				t.Errorf("%s: a comment says what is not done; the issue tracker is for that", s.at(g))
			}
		}
	}
}
