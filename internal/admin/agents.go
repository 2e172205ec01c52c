package admin

import (
	"net/http"
	"time"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/fault"
)

// AgentBody is the habilitation of an agent on the wire. Until is the last day
// on which it counts, Paris.
type AgentBody struct {
	Role     account.Role `json:"role,omitempty"`
	Director string       `json:"director,omitempty"`
	Until    civil.Date   `json:"until,omitzero"`
}

// AgentLine is an agent in the list. Standing is empty for one who may act.
type AgentLine struct {
	ID        string       `json:"id"`
	Name      string       `json:"name,omitempty"`
	Mail      string       `json:"mail"`
	Role      account.Role `json:"role"`
	Director  string       `json:"director"`
	UntilOn   civil.Date   `json:"until"`
	ReviewOn  civil.Date   `json:"review_before"`
	SecretAt  time.Time    `json:"undertaking_at,omitzero"`
	SeenAt    time.Time    `json:"seen_at,omitzero"`
	Standing  string       `json:"standing,omitempty"`
	InvitedBy string       `json:"by,omitempty"`
}

// afterDay is the first instant at which a mandate that lasts through a day no
// longer counts; no day, no instant.
func afterDay(d civil.Date) time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return d.AddDays(1).StartAt()
}

func listAgents(c Config, r *http.Request, _ Request) (any, error) {
	list, err := c.Live.Agents(r.Context())
	if err != nil {
		return nil, err
	}
	out := []AgentLine{}
	for _, p := range list {
		m := p.Mandate
		out = append(out, AgentLine{
			ID: p.ID, Name: p.Name, Mail: p.Mail, Role: p.Role, Director: m.Director, UntilOn: civil.On(m.Until.Add(-time.Second)), ReviewOn: civil.On(m.ReviewBy),
			SecretAt: m.SecretAt, SeenAt: p.SeenAt, Standing: m.Standing(c.Clock()), InvitedBy: p.InvitedBy,
		})
	}
	return out, nil
}

func addAgent(c Config, r *http.Request, req Request) (any, error) {
	b := req.Agent
	switch {
	case b == nil:
		return nil, fault.New(fault.ParametreInvalide, "admin: agent").On("agent")
	case c.AgentsSIRET == "":
		return nil, fault.New(fault.ActeImpossible, "admin: agent").Because("NO_AGENTS_SIRET")
	}
	p, err := c.registry(req).AddAgent(r.Context(), c.AgentsSIRET, req.Mail, b.Role, account.Mandate{Director: b.Director, Until: afterDay(b.Until)})
	if err != nil {
		return nil, err
	}
	return done(req, map[string]any{"id": p.ID})
}

func renewAgent(c Config, r *http.Request, req Request) (any, error) {
	b := req.Agent
	if b == nil {
		return nil, fault.New(fault.ParametreInvalide, "admin: agent").On("agent")
	}
	renew := func() error { return c.registry(req).ReviewAgent(r.Context(), req.ID) }
	if !b.Until.IsZero() {
		renew = func() error { return c.registry(req).RenewAgent(r.Context(), req.ID, b.Director, afterDay(b.Until)) }
	}
	if err := renew(); err != nil {
		return nil, missing(err, "agent")
	}
	return done(req, map[string]any{"id": req.ID})
}

func endAgent(c Config, r *http.Request, req Request) (any, error) {
	if err := c.registry(req).EndAgent(r.Context(), req.ID); err != nil {
		return nil, missing(err, "agent")
	}
	return done(req, map[string]any{"id": req.ID})
}
