package app

import (
	"net/url"
	"slices"
	"strings"

	"droits.example/droits/internal/api"
	"droits.example/droits/internal/civil"
)

// Deprecation announces to partners' software that operations are on their way
// out. Without since nothing is announced; nothing is ever refused because of it.
type Deprecation struct {
	Operations []string `toml:"operations" doc:"operationIds whose answers announce it; empty = every operation"`
	Since      string   `toml:"since" doc:"day (YYYY-MM-DD, Paris) since which they are deprecated; empty = nothing is announced"`
	Until      string   `toml:"until" doc:"last day of service (YYYY-MM-DD, Paris), announced and not enforced; empty = none is told"`
	Link       string   `toml:"link" doc:"address of the page that says what to call instead; the documentation when empty"`
}

func (d Deprecation) check() error {
	if d.Since == "" {
		if len(d.Operations) > 0 || d.Until != "" || d.Link != "" {
			return badConfig("deprecation needs since: the day since which the operations are deprecated")
		}
		return nil
	}
	since, err := civil.Parse(d.Since)
	if err != nil {
		return badConfig("deprecation.since must be a day such as 2027-01-01")
	}
	if d.Until != "" {
		until, err := civil.Parse(d.Until)
		if err != nil {
			return badConfig("deprecation.until must be a day such as 2027-12-31")
		}
		if until.Sub(since) < 0 {
			return badConfig("deprecation.until must not be before deprecation.since")
		}
	}
	for _, id := range d.Operations {
		if !slices.Contains(api.OperationIDs(), id) {
			return badConfig("deprecation.operations holds something that is no operation; did you mean %q?", nearest(id, api.OperationIDs()))
		}
	}
	if u, err := url.Parse(d.Link); d.Link != "" && (err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" || strings.ContainsAny(d.Link, " <>\"\\^`{|}")) {
		return badConfig("deprecation.link must be an address such as https://droits.example/documentation")
	}
	return nil
}

// announcement is what the API announces, as checked with the configuration.
func (d Deprecation) announcement(origin string) api.Deprecation {
	out := api.Deprecation{Operations: d.Operations, Link: d.Link}
	if d.Since != "" {
		out.Since, _ = civil.Parse(d.Since)
	}
	if d.Until != "" {
		out.Until, _ = civil.Parse(d.Until)
	}
	if out.Link == "" {
		out.Link = origin + "/documentation"
	}
	return out
}
