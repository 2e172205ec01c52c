package account

import (
	"crypto/rand"
	"encoding/base64"
	"strings"
	"time"

	"droits.example/droits/internal/fault"
)

// Machine is a program that drives the administration: a portal that exists
// already. It has one role, given by a director until a date, like an agent.
type Machine struct {
	ID        string // public, mac_…
	Name      string
	Role      Role
	Director  string // who authorised it
	Last4     string
	CreatedAt time.Time
	ExpiresAt time.Time
	RevokedAt time.Time // zero = live
}

// LiveAt reports whether the machine may act at an instant.
func (m Machine) LiveAt(at time.Time) bool {
	return at.Before(m.ExpiresAt) && (m.RevokedAt.IsZero() || at.Before(m.RevokedAt))
}

// machinePrefix begins every secret of a machine, so that one that leaked is
// recognised; "adm_test_…" and "adm_live_…" follow the instance.
const machinePrefix = "adm_"

// NewMachineSecret makes a secret; environment is the prefix of the instance's
// keys, "test_" or "live_".
func NewMachineSecret(environment string) string {
	b := make([]byte, 32)
	rand.Read(b)
	return machinePrefix + environment + base64.RawURLEncoding.EncodeToString(b)
}

// Check reports what is wrong with a machine that is made at an instant. It may
// apply for organisations (demandeur) or have an agent's role. Errors:
// parametre_invalide on name, role, director or until.
func (m Machine) Check(at time.Time) error {
	field := ""
	switch n, d := len(strings.TrimSpace(m.Name)), len(strings.TrimSpace(m.Director)); {
	case n < 3 || n > 100:
		field = "name"
	case m.Role != Demandeur && !m.Role.Agent():
		field = "role"
	case d < 3 || d > 200:
		field = "director"
	case !m.ExpiresAt.After(at) || m.ExpiresAt.Sub(at) > MaxMandate:
		field = "until"
	default:
		return nil
	}
	return fault.New(fault.ParametreInvalide, "account: machine").On(field)
}
