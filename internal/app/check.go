package app

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"path"
	"strings"
	"time"

	"droits.example/droits/internal/franceconnect"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/store"
)

func badConfig(format string, a ...any) error { return &ConfigError{fmt.Sprintf(format, a...)} }

// Check says what is wrong with the configuration. It opens no file. Errors:
// *ConfigError.
func (c Config) Check() error {
	if c.Instance != partner.Sandbox && c.Instance != partner.Production {
		return badConfig("instance must be %q or %q", partner.Production, partner.Sandbox)
	}
	if u, err := url.Parse(c.PublicURL); err != nil || u.Host == "" || u.Path != "" || u.Scheme != "http" && u.Scheme != "https" {
		return badConfig("public_url must be an origin such as https://droits.example, without a path")
	}
	if c.Instance == partner.Production && !strings.HasPrefix(c.PublicURL, "https://") {
		return badConfig("public_url must begin with https:// in production")
	}
	if err := checkBase(c.BasePath); err != nil {
		return err
	}
	for _, p := range c.Proxies {
		if _, err := netip.ParsePrefix(p); err != nil {
			return badConfig("trusted_proxies holds something that is not a network such as 10.0.0.0/8")
		}
	}
	if c.Keys.RootFile == "" {
		return badConfig("keys.root_file is required; create one with: droits keygen")
	}
	if c.Trace.Quorum < 0 || c.Trace.Quorum > len(c.Trace.Witnesses) {
		return badConfig("trace.quorum must be between 0 and the number of trace.witnesses")
	}
	for _, w := range c.Trace.Witnesses {
		if key, _, ok := cutWitness(w); !ok || key == "" {
			return badConfig("trace.witnesses holds something that is not written KEY@URL, as droits witness prints it")
		}
	}
	if c.Drain < 0 {
		return badConfig("drain must not be negative")
	}
	if err := c.FranceConnect.check(c.Instance); err != nil {
		return err
	}
	if err := c.TLS.check(c.Listen.MTLS); err != nil {
		return err
	}
	if err := c.Login.check(c.Instance); err != nil {
		return err
	}
	if err := c.Instruction.check(); err != nil {
		return err
	}
	if err := c.Mail.check(); err != nil {
		return err
	}
	if err := c.Administration.check(); err != nil {
		return err
	}
	if err := c.Deprecation.check(); err != nil {
		return err
	}
	if err := c.Webhooks.check(); err != nil {
		return err
	}
	switch c.Log.Level {
	case "debug", "info", "warn", "error":
	default:
		return badConfig("log.level must be debug, info, warn or error")
	}
	if c.Log.Format != "json" && c.Log.Format != "text" {
		return badConfig("log.format must be json or text")
	}
	return nil
}

// ours are the paths that an instance serves beside the published operations.
var ours = []string{"/v1/partenaire", "/documentation", "/franceconnect", "/openapi.yaml", "/openapi.json", "/robots.txt", "/favicon.ico", "/static", "/mon-espace", "/verifier", "/composants", "/demo", "/preuves", "/connexion", "/partenaire", "/instruction"}

// pathLetters are those of a base path: none that a router, a proxy or a shell
// reads in its own way.
const pathLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~/"

// checkBase refuses a base path under which an operation could not be told
// from something else of ours. One final slash is passed over.
func checkBase(base string) error {
	switch trimmed := strings.TrimSuffix(base, "/"); {
	case !strings.HasPrefix(base, "/"):
		return badConfig("base_path must begin with /")
	case trimmed == "":
		return badConfig("base_path must not be / alone: the pages are there; write one such as /v1/droits/beneficiaires")
	case strings.ContainsFunc(base, func(r rune) bool { return !strings.ContainsRune(pathLetters, r) }):
		return badConfig("base_path must hold letters, digits, - _ . ~ and / only: no space, no query, no %%")
	case path.Clean(base) != trimmed:
		return badConfig("base_path must not hold //, . or .. as a step")
	}
	for _, own := range ours {
		if base == own || strings.HasPrefix(base, own+"/") || strings.HasPrefix(own, strings.TrimSuffix(base, "/")+"/") {
			return badConfig("base_path must not cover %s, which this program serves itself", own)
		}
	}
	return nil
}

func (f FranceConnect) check(env partner.Environment) error {
	if f.V1.URL == "" && f.V2.URL == "" {
		return badConfig("franceconnect needs v1.url, v2.url or both")
	}
	for _, x := range []struct{ name, url string }{{"v1", f.V1.URL}, {"v2", f.V2.URL}} {
		if x.url == "" {
			continue
		}
		u, err := url.Parse(x.url)
		if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "http" && u.Scheme != "https" {
			return badConfig("franceconnect.%s.url must be a base such as https://host/api/%s", x.name, x.name)
		}
		if env == partner.Production && u.Scheme != "https" {
			return badConfig("franceconnect.%s.url must begin with https:// in production: tokens travel there", x.name)
		}
	}
	if f.V2.URL != "" && (f.V2.ClientID == "" || f.V2.ClientSecretFile == "" || f.V2.KeysFile == "") {
		return badConfig("franceconnect.v2 needs client_id, client_secret_file and keys_file")
	}
	if err := f.checkLogin(); err != nil {
		return err
	}
	if d := time.Duration(f.Ceiling); d < 0 || d > 10*time.Second {
		return badConfig("franceconnect.ceiling must be between 0s and 10s")
	}
	if f.Timeout <= 0 {
		return badConfig("franceconnect.timeout must be more than 0s, such as 5s")
	}
	return nil
}

// ownerOnly refuses a file of secrets, or a folder, that others may enter.
func ownerOnly(member, path, mode string) error {
	info, err := os.Stat(path)
	if err != nil {
		return &ConfigError{member + ": " + unwrapPath(err)}
	}
	if info.Mode().Perm()&0o077 != 0 {
		return &ConfigError{member + ": others can read it; close it with: chmod " + mode + " FILE"}
	}
	return nil
}

// root reads the root key; a folder that others may enter is refused with it,
// because what it protects lies there.
func (a *App) root() (store.Root, error) {
	if a.opts.Root != nil {
		return *a.opts.Root, nil
	}
	file := a.Config.Keys.RootFile
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return store.Root{}, &ConfigError{"keys.root_file: " + unwrapPath(err) + "; create one with: droits keygen"}
	}
	if err := ownerOnly("keys.root_file", file, "400"); err != nil {
		return store.Root{}, err
	}
	root, err := store.ReadRoot(file)
	if err != nil {
		return root, &ConfigError{"keys.root_file: " + strings.TrimPrefix(unwrapPath(err), "store: ")}
	}
	if _, err := os.Stat(a.Config.Data); errors.Is(err, fs.ErrNotExist) {
		return root, nil // it will be made for its owner alone
	}
	if ownerOnly("data", a.Config.Data, "700") != nil {
		return root, &ConfigError{"data: the folder is open to others; close it with: chmod 700 FOLDER"}
	}
	return root, nil
}

// v2Secrets reads what the second protocol version needs to be spoken.
func (a *App) v2Secrets() (string, franceconnect.KeySet, error) {
	if a.opts.Keys != nil {
		return a.opts.Secret, *a.opts.Keys, nil
	}
	f := a.Config.FranceConnect.V2
	if err := ownerOnly("franceconnect.v2.client_secret_file", f.ClientSecretFile, "400"); err != nil {
		return "", franceconnect.KeySet{}, err
	}
	raw, err := os.ReadFile(f.ClientSecretFile)
	if err != nil {
		return "", franceconnect.KeySet{}, &ConfigError{"franceconnect.v2.client_secret_file: " + unwrapPath(err)}
	}
	secret := strings.TrimSpace(string(raw))
	if secret == "" {
		return "", franceconnect.KeySet{}, &ConfigError{"franceconnect.v2.client_secret_file: the file is empty"}
	}
	if _, err := os.Stat(f.KeysFile); err == nil {
		if err := ownerOnly("franceconnect.v2.keys_file", f.KeysFile, "600"); err != nil {
			return "", franceconnect.KeySet{}, err
		}
	}
	keys, err := franceconnect.LoadKeys(f.KeysFile)
	if errors.Is(err, os.ErrNotExist) {
		if keys, err = franceconnect.GenerateKeys(); err == nil {
			err = franceconnect.SaveKeys(f.KeysFile, keys)
		}
	}
	if err != nil {
		return "", keys, &ConfigError{"franceconnect.v2.keys_file: " + unwrapPath(err)}
	}
	return secret, keys, nil
}
