package app

import (
	"net/http"
	"net/netip"

	"droits.example/droits/internal/admin"
	"droits.example/droits/internal/trace"
)

// Administration says whether programs drive the administration over the
// network, and from where.
type Administration struct {
	Open     bool     `toml:"open" doc:"answers programs (droits machine add) below /v1/administration, on the address of the API"`
	Networks []string `toml:"networks" doc:"networks (CIDR) from which programs call; empty = any"`
}

func (x Administration) check() error {
	for _, n := range x.Networks {
		if _, err := netip.ParsePrefix(n); err != nil {
			return badConfig("administration.networks must be networks such as 10.0.0.0/8")
		}
	}
	return nil
}

// portal is the administration over the network, nil where it is closed.
func (a *App) portal() http.Handler {
	x := a.Config.Administration
	if !x.Open {
		return nil
	}
	p := admin.Portal{Config: a.adminConfig(), Machine: a.Store.Machine, As: func(by trace.By, rehearse bool) admin.Registry {
		if s := a.Store.By(by); rehearse {
			return s.Rehearsal()
		} else {
			return s
		}
	}}
	for _, n := range x.Networks {
		p.Networks = append(p.Networks, netip.MustParsePrefix(n)) // checked with the configuration
	}
	return p.Handler()
}
