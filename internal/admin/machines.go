package admin

import (
	"net/http"
	"time"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/fault"
)

// MachineLine is a program in the list. Live says whether it may act now.
type MachineLine struct {
	ID        string       `json:"id"`
	Name      string       `json:"name"`
	Role      account.Role `json:"role"`
	Director  string       `json:"director"`
	Last4     string       `json:"last4"`
	CreatedAt time.Time    `json:"created_at"`
	ExpiresAt time.Time    `json:"expires_at"`
	Live      bool         `json:"live"`
}

func listMachines(c Config, r *http.Request, _ Request) (any, error) {
	list, err := c.Live.Machines(r.Context())
	out := []MachineLine{}
	for _, m := range list {
		out = append(out, MachineLine{m.ID, m.Name, m.Role, m.Director, m.Last4, m.CreatedAt, m.ExpiresAt, m.LiveAt(c.Clock())})
	}
	return out, err
}

// addMachine makes the secret here, and this answer is the only place where it
// is ever shown.
func addMachine(c Config, r *http.Request, req Request) (any, error) {
	b := req.Agent
	if b == nil {
		return nil, fault.New(fault.ParametreInvalide, "admin: machine").On("agent")
	}
	secret := account.NewMachineSecret(c.Environment.Prefix())
	m, err := c.registry(req).AddMachine(r.Context(), account.Machine{Name: req.Name, Role: b.Role, Director: b.Director, ExpiresAt: afterDay(b.Until)}, secret)
	if err != nil {
		return nil, err
	}
	more := map[string]any{}
	if req.Apply {
		more["id"], more["secret"] = m.ID, secret
	}
	return done(req, more)
}

func revokeMachine(c Config, r *http.Request, req Request) (any, error) {
	if err := c.registry(req).RevokeMachine(r.Context(), req.ID); err != nil {
		return nil, missing(err, "machine")
	}
	return done(req, map[string]any{"id": req.ID})
}
