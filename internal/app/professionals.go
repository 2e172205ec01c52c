package app

import (
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"droits.example/droits/internal/clientauth"
	"droits.example/droits/internal/habilitation"
	"droits.example/droits/internal/idp"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/sim/fcsim"
	"droits.example/droits/internal/sim/prosim"
	"droits.example/droits/internal/trace"
	"droits.example/droits/internal/web"
)

// ProLogin is how people of partners and agents log in: an OpenID provider of
// professionals. An empty issuer leaves their spaces closed.
type ProLogin struct {
	Issuer           string   `toml:"issuer" doc:"of the identity provider of professionals, such as https://host/api/v2; empty = no space of partners nor of agents"`
	ClientID         string   `toml:"client_id" doc:"ours, at that provider"`
	ClientSecretFile string   `toml:"client_secret_file" doc:"file that holds that client's secret"`
	AgentsSIRET      string   `toml:"agents_siret" doc:"SIRET of the operator, whose people alone may be agents; empty = no agents"`
	Timeout          Duration `toml:"timeout" doc:"of one call to the provider"`
	SecondFactor     bool     `toml:"second_factor" doc:"demands a second factor for what engages an organisation"`
}

// Instruction is how requests for access are examined.
type Instruction struct {
	TwoPersons []string `toml:"two_persons" doc:"decisions that take two agents: approve, revoke, both or none"`
	AnswerDays int      `toml:"answer_days" doc:"days within which an applicant is owed a first answer"`
}

func (i Instruction) check() error {
	for _, a := range i.TwoPersons {
		if !slices.Contains(habilitation.Paired(), habilitation.Act(a)) {
			return badConfig("instruction.two_persons holds something else than approve and revoke")
		}
	}
	if i.AnswerDays < 1 || i.AnswerDays > 365 {
		return badConfig("instruction.answer_days must be between 1 and 365")
	}
	return nil
}

func (i Instruction) pair() (out []habilitation.Act) {
	for _, a := range i.TwoPersons {
		out = append(out, habilitation.Act(a))
	}
	return out
}

// due is the time in which an applicant is owed a first answer.
func (i Instruction) due() time.Duration { return time.Duration(i.AnswerDays) * 24 * time.Hour }

func (l ProLogin) check(env partner.Environment) error {
	if l.Issuer == "" {
		if l.ClientID != "" || l.ClientSecretFile != "" || l.AgentsSIRET != "" {
			return badConfig("login needs issuer: the address of the identity provider of professionals")
		}
		return nil
	}
	u, err := url.Parse(l.Issuer)
	switch {
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https":
		return badConfig("login.issuer must be an address such as https://host/api/v2")
	case env == partner.Production && u.Scheme != "https":
		return badConfig("login.issuer must begin with https:// in production: identities travel there")
	case l.ClientID == "" || l.ClientSecretFile == "":
		return badConfig("login needs client_id and client_secret_file")
	case l.AgentsSIRET != "" && !partner.ValidSIRET(l.AgentsSIRET):
		return badConfig("login.agents_siret is not a SIRET: 14 digits, and a check digit that is right")
	case l.Timeout <= 0:
		return badConfig("login.timeout must be more than 0s, such as 5s")
	}
	return nil
}

// professionals is how members and agents log in, nil where it is not
// configured. It makes no call: the provider may start later.
func (a *App) professionals() (*idp.Provider, error) {
	l := a.Config.Login
	if l.Issuer == "" {
		return nil, nil
	}
	secret, err := a.secretFile("login.client_secret_file", l.ClientSecretFile, a.opts.ProSecret)
	if err != nil {
		return nil, err
	}
	c := idp.Config{
		Issuer: l.Issuer, ClientID: l.ClientID, ClientSecret: secret, ReturnURL: a.Config.PublicURL + web.StaffReturnPath, GoodbyeURL: a.Config.PublicURL + web.StaffGoodbyePath,
		Timeout: time.Duration(l.Timeout), Clock: a.clock,
	}
	if a.opts.HTTP != nil {
		c.HTTP = a.opts.HTTP.Transport
	}
	p, err := idp.New(c)
	if err != nil {
		return nil, &ConfigError{"login: " + err.Error()}
	}
	return p, nil
}

// newDesk is the spaces of partners and agents, nil where nobody can log in.
func (a *App) newDesk() (*web.Desk, error) {
	p, err := a.professionals()
	if p == nil || err != nil {
		return nil, err
	}
	return &web.Desk{
		Provider: p, Sessions: a.Store, Accounts: a.Store, Requests: a.Store, Conventions: a.Store, Terms: a.Store, Contract: a.contractOf, As: func(by trace.By) web.Acts { return a.Store.By(by) },
		Examination: a.Store, AnswerDue: a.Config.Instruction.due(), Pair: a.Config.Instruction.pair(), Party: a.Config.Operator, Organisations: a.Store, Oversight: a.Store, Left: a.Access.LeftUnder, Environment: a.Config.Instance,
		PublicKey:   func(jwk string) error { _, err := clientauth.ParseKey(jwk); return err },
		Certificate: clientauth.ParseCertificate,
		Key:         a.Store.LoginKey(), Clock: a.clock, Secure: securable(a.Config.PublicURL), Operator: a.Config.Login.AgentsSIRET, Factor: a.Config.Login.SecondFactor,
	}, nil
}

// secretFile reads a secret from its file, unless it was given.
func (a *App) secretFile(member, file, given string) (string, error) {
	if given != "" {
		return given, nil
	}
	if err := ownerOnly(member, file, "400"); err != nil {
		return "", err
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return "", &ConfigError{member + ": " + unwrapPath(err)}
	}
	if secret := strings.TrimSpace(string(raw)); secret != "" {
		return secret, nil
	}
	return "", &ConfigError{member + ": the file is empty"}
}

// ProPath is where the simulated provider of professionals stands beside the
// simulated FranceConnect.
const ProPath = "/pro"

// NewProSimulator is the simulated provider of professionals for one client,
// beside a simulated FranceConnect at an origin. api is the client's own origin.
func NewProSimulator(origin, api string, c prosim.Client, clock func() time.Time) (*prosim.Simulator, error) {
	c.Name = "Plateforme Droits (démonstration)"
	c.RedirectURIs, c.PostLogoutURIs = []string{api + web.StaffReturnPath}, []string{api + web.StaffGoodbyePath}
	return prosim.New(prosim.Config{Issuer: origin + ProPath, Clients: []prosim.Client{c}, Organisations: prosim.Sample(), Clock: clock})
}

// Simulators serves both simulated providers at one address.
func Simulators(fc *fcsim.Simulator, pro *prosim.Simulator) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", fc.Handler())
	mux.Handle(ProPath+"/", pro.Handler())
	return mux
}
