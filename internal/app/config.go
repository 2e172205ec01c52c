package app

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"droits.example/droits/internal/partner"
)

// Config is the one strict TOML file of an instance. Relative paths are taken
// from the file's folder; secrets come only through members that end in _file.
// A variable DROITS_SECTION_MEMBER overrides a member.
type Config struct {
	Instance       partner.Environment `toml:"instance" doc:"production or sandbox: keys of the other kind are refused"`
	Data           string              `toml:"data" doc:"data directory, held by one process"`
	PublicURL      string              `toml:"public_url" doc:"origin under which partners reach the API, without a final slash"`
	BasePath       string              `toml:"base_path" doc:"base path of the seven published operations"`
	Listen         Listen              `toml:"listen"`
	Operator       string              `toml:"operator" doc:"name of the party that gives access, in conventions"`
	Contact        string              `toml:"contact" doc:"address to write to, for whoever may not ask for an access; empty = none is told"`
	Proxies        []string            `toml:"trusted_proxies" doc:"networks (CIDR) whose X-Forwarded-For counts"`
	Keys           KeyFiles            `toml:"keys"`
	TLS            TLS                 `toml:"tls"`
	FranceConnect  FranceConnect       `toml:"franceconnect"`
	Login          ProLogin            `toml:"login"`
	Instruction    Instruction         `toml:"instruction"`
	Trace          Trace               `toml:"trace"`
	Mail           Mail                `toml:"mail"`
	Webhooks       Webhooks            `toml:"webhooks"`
	Administration Administration      `toml:"administration"`
	Deprecation    Deprecation         `toml:"deprecation"`
	Log            Log                 `toml:"log"`
	Drain          Duration            `toml:"drain" doc:"time given to running requests at the end"`
}

// Listen holds the addresses.
type Listen struct {
	API      string `toml:"api" doc:"partner API and pages"`
	Internal string `toml:"internal" doc:"health and metrics; keep it off the public network"`
	MTLS     string `toml:"mtls" doc:"partner API under TLS that asks for a client certificate; no proxy may end TLS before it; empty = none"`
}

// KeyFiles names the files that hold keys.
type KeyFiles struct {
	RootFile string `toml:"root_file" doc:"32 bytes, mode 0400: every other key derives from it; lost, the data are lost"`
	SignFile string `toml:"sign_file" doc:"32 bytes, mode 0400: signs conventions for the operator; created at the first start; signature.key in the data directory when empty"`
	LogFile  string `toml:"log_file" doc:"32 bytes, mode 0400: signs the logs of accesses; created at the first start; log.key in the data directory when empty"`
}

// Trace says what proves that the trail of accesses is whole.
type Trace struct {
	LockFile  string   `toml:"lock_file" doc:"last heads signed; keep it out of backups and restores; verrou.db in the data directory when empty"`
	Witnesses []string `toml:"witnesses" doc:"third parties that cosign, each KEY@URL as droits witness prints it"`
	Quorum    int      `toml:"quorum" doc:"witnesses that a checkpoint needs before it counts as witnessed"`
}

// FranceConnect says how tokens are checked.
type FranceConnect struct {
	Timeout Duration `toml:"timeout" doc:"of one attempt"`
	MinACR  string   `toml:"min_acr" doc:"lowest level accepted: eidas1, eidas2 or eidas3"`
	Ceiling Duration `toml:"ceiling" doc:"how long a positive answer may be reused, at most 10s; 0s = never"`
	V1      FCV1     `toml:"v1"`
	V2      FCV2     `toml:"v2"`
	Login   FCLogin  `toml:"login"`
}

// FCV1 is the first protocol version; an empty URL leaves it out.
type FCV1 struct {
	URL string `toml:"url" doc:"base, such as https://host/api/v1; empty = not spoken"`
}

// FCV2 is the second protocol version; an empty URL leaves it out.
type FCV2 struct {
	URL              string `toml:"url" doc:"base, such as https://host/api/v2; empty = not spoken"`
	Issuer           string `toml:"issuer" doc:"iss of its answers; the URL when empty"`
	ClientID         string `toml:"client_id" doc:"ours, as a data provider"`
	ClientSecretFile string `toml:"client_secret_file" doc:"file that holds our secret"`
	KeysFile         string `toml:"keys_file" doc:"our decryption keys, created when missing"`
}

// Log says what is written on standard error.
type Log struct {
	Level  string `toml:"level" doc:"debug, info, warn or error"`
	Format string `toml:"format" doc:"json or text"`
}

// Duration is written as in Go: 5s, 1m30s.
type Duration time.Duration

// UnmarshalText reads it.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}

// MarshalText writes it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// DefaultConfig is what an absent member means.
func DefaultConfig() Config {
	return Config{
		Instance: partner.Sandbox, Data: "data", PublicURL: "http://127.0.0.1:8080", BasePath: "/v1/droits/beneficiaires", Operator: "Gestionnaire du service",
		Listen:        Listen{API: "127.0.0.1:8080", Internal: "127.0.0.1:8083"},
		Keys:          KeyFiles{RootFile: "root.key"},
		FranceConnect: FranceConnect{Timeout: Duration(5 * time.Second), MinACR: "eidas1"},
		Login:         ProLogin{Timeout: Duration(5 * time.Second)}, Instruction: Instruction{AnswerDays: 15},
		Log:   Log{Level: "info", Format: "json"},
		Drain: Duration(10 * time.Second),
	}
}

// ConfigError is a mistake in the configuration: what is wrong and what to
// write instead. Its text holds names of members, never their values.
type ConfigError struct{ Problem string }

// Error is the problem.
func (e *ConfigError) Error() string { return "configuration: " + e.Problem }

// LoadConfig reads a file and the environment given as NAME=value pairs, and
// checks the whole. Errors: *ConfigError.
func LoadConfig(path string, environ []string) (Config, error) {
	c := DefaultConfig()
	raw, err := os.ReadFile(path)
	if err != nil {
		return c, &ConfigError{"cannot read the file: " + unwrapPath(err)}
	}
	dec := toml.NewDecoder(bytes.NewReader(raw)).DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		return c, explainTOML(err)
	}
	if err := override(reflect.ValueOf(&c).Elem(), "DROITS", environ); err != nil {
		return c, err
	}
	c.resolve(filepath.Dir(path))
	return c, c.Check()
}

func unwrapPath(err error) string {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

func explainTOML(err error) error {
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) && len(unknown.Errors) > 0 {
		key := strings.Join(unknown.Errors[0].Key(), ".")
		row, _ := unknown.Errors[0].Position()
		return &ConfigError{fmt.Sprintf("line %d: unknown key %q; did you mean %q?", row, key, nearest(key, append(Members(), tables()...)))}
	}
	var bad *toml.DecodeError
	if errors.As(err, &bad) {
		row, col := bad.Position()
		return &ConfigError{fmt.Sprintf("line %d, column %d: %s", row, col, strings.TrimPrefix(bad.Error(), "toml: "))}
	}
	return &ConfigError{err.Error()}
}

// Member is a member of the file, for the generated documentation.
type Member struct{ Name, Default, Doc, Env string }

// Documentation lists every member in the order of the file.
func Documentation() []Member {
	var out []Member
	walkMembers(reflect.ValueOf(DefaultConfig()), "", func(name string, v reflect.Value, doc string) {
		out = append(out, Member{name, fmt.Sprint(display(v)), doc, "DROITS_" + strings.ToUpper(strings.ReplaceAll(name, ".", "_"))})
	})
	return out
}

func display(v reflect.Value) any {
	if d, ok := v.Interface().(Duration); ok {
		return time.Duration(d).String()
	}
	return v.Interface()
}

// Members lists the names of the members.
func Members() []string {
	var out []string
	walkMembers(reflect.ValueOf(DefaultConfig()), "", func(name string, _ reflect.Value, _ string) { out = append(out, name) })
	return out
}

// tables lists the names of the sections.
func tables() (out []string) {
	for _, m := range Members() {
		if i := strings.LastIndexByte(m, '.'); i > 0 && !slices.Contains(out, m[:i]) {
			out = append(out, m[:i])
		}
	}
	return out
}

func walkMembers(v reflect.Value, prefix string, visit func(string, reflect.Value, string)) {
	t := v.Type()
	for i := range t.NumField() {
		name := prefix + t.Field(i).Tag.Get("toml")
		if t.Field(i).Type.Kind() == reflect.Struct {
			walkMembers(v.Field(i), name+".", visit)
			continue
		}
		visit(name, v.Field(i), t.Field(i).Tag.Get("doc"))
	}
}

// override sets members from DROITS_… variables; an unknown one is an error,
// like an unknown key.
func override(v reflect.Value, prefix string, environ []string) error {
	set := map[string]reflect.Value{}
	walkMembers(v, "", func(name string, f reflect.Value, _ string) {
		set[prefix+"_"+strings.ToUpper(strings.ReplaceAll(name, ".", "_"))] = f
	})
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, prefix+"_") {
			continue
		}
		f, ok := set[name]
		if !ok {
			names := make([]string, 0, len(set))
			for n := range set {
				names = append(names, n)
			}
			sort.Strings(names)
			return &ConfigError{fmt.Sprintf("unknown variable %s; did you mean %s?", name, nearest(name, names))}
		}
		switch x := f.Addr().Interface().(type) {
		case *Duration:
			if err := x.UnmarshalText([]byte(value)); err != nil {
				return &ConfigError{name + " is not a duration such as 5s"}
			}
		case *int:
			n, err := strconv.Atoi(value)
			if err != nil {
				return &ConfigError{name + " is not a number"}
			}
			*x = n
		case *[]string:
			*x = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
		case *bool:
			if *x = value == "true"; !*x && value != "false" {
				return &ConfigError{name + " is true or false"}
			}
		default:
			f.SetString(value)
		}
	}
	return nil
}

func (c *Config) resolve(dir string) {
	for _, p := range []*string{&c.Data, &c.Keys.RootFile, &c.Keys.LogFile, &c.Keys.SignFile, &c.TLS.CertFile, &c.TLS.KeyFile, &c.TLS.ClientCAFile, &c.Trace.LockFile, &c.FranceConnect.V2.ClientSecretFile, &c.FranceConnect.V2.KeysFile, &c.FranceConnect.Login.ClientSecretFile, &c.FranceConnect.Login.ButtonFile, &c.Login.ClientSecretFile, &c.Mail.PasswordFile} {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
}

// host names the logs of accesses.
func (c Config) host() string {
	u, err := url.Parse(c.PublicURL)
	if err != nil {
		return ""
	}
	return u.Host
}

func (c Config) proxies() (out []netip.Prefix) {
	for _, p := range c.Proxies {
		if n, err := netip.ParsePrefix(p); err == nil {
			out = append(out, n)
		}
	}
	return out
}

// nearest is the name with the fewest edits to the given one.
func nearest(name string, names []string) string {
	best, score := "", 1<<30
	for _, n := range names {
		if d := edits(name, n); d < score {
			best, score = n, d
		}
	}
	return best
}

func edits(a, b string) int {
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range len(a) {
		last := prev[0]
		prev[0] = i + 1
		for j := range len(b) {
			cost := last
			if a[i] != b[j] {
				cost = 1 + min(last, prev[j], prev[j+1])
			}
			last, prev[j+1] = prev[j+1], cost
		}
	}
	return prev[len(b)]
}
