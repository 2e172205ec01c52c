package web

import (
	"context"
	"net/http"
	"strings"

	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
)

// Terms tells which terms of use hold, and which come. Errors:
// service_indisponible.
type Terms interface {
	Terms(ctx context.Context) (held, next convention.Announced, err error)
}

// Public pages about who may ask for an access, and under which terms.
const (
	eligibilityPath = "/l-api/demande-acces"
	termsPath       = "/cgu"
)

// termsBlock is a piece of the text: a heading, a paragraph or a list.
type termsBlock struct {
	Heading, Text string
	Items         []string
}

// termsData is a version of the terms of use, to read and to print.
type termsData struct {
	Version, SHA256 string
	From            string // first day, "" for the version that always held
	State           tag
	Coming          *termsLine // another version that comes
	Held            *termsLine // the one that holds, when this is not it
	Blocks          []termsBlock
}

// blocksOfTerms reads the lines of a text.
func blocksOfTerms(text string) (out []termsBlock) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		heading, isHeading := strings.CutPrefix(line, "## ")
		item, isItem := strings.CutPrefix(line, "- ")
		switch {
		case line == "":
		case isHeading:
			out = append(out, termsBlock{Heading: heading})
		case isItem && len(out) > 0 && len(out[len(out)-1].Items) > 0:
			out[len(out)-1].Items = append(out[len(out)-1].Items, item)
		case isItem:
			out = append(out, termsBlock{Items: []string{item}})
		default:
			out = append(out, termsBlock{Text: line})
		}
	}
	return out
}

// termsNow reads which terms hold; without spaces only the first ever do.
func (s *Site) termsNow(ctx context.Context) (held, next convention.Announced, err error) {
	if s.cfg.Desk == nil || s.cfg.Desk.Terms == nil {
		held, next = convention.TermsOn(nil, 0)
		return held, next, nil
	}
	return s.cfg.Desk.Terms.Terms(ctx)
}

// terms shows the terms of use: those that hold, or a version by its name.
// What nobody announced is not shown.
func (s *Site) terms(w http.ResponseWriter, r *http.Request) {
	held, next, err := s.termsNow(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	version := r.PathValue("version")
	if version == "" {
		version = held.Version
	}
	t, ok := convention.TermsOf(version)
	if !ok || version > held.Version && version != next.Version {
		s.Error(w, r, http.StatusNotFound)
		return
	}
	x := termsData{Version: t.Version, SHA256: t.SHA256, Blocks: blocksOfTerms(t.Text)}
	switch version {
	case held.Version:
		x.State, x.From = tag{"ok", "en vigueur"}, termsLineOf(held).From
		if next.Version != "" {
			l := termsLineOf(next)
			x.Coming = &l
		}
	case next.Version:
		l := termsLineOf(held)
		x.State, x.From, x.Held = tag{"warn", "à venir"}, termsLineOf(next).From, &l
	default:
		l := termsLineOf(held)
		x.State, x.Held = tag{"", "ancienne version"}, &l
	}
	s.render(w, r, http.StatusOK, page{
		Name: "cgu", Title: "Modalités d'utilisation", Section: termsPath, Summary: "À quelles conditions un organisme utilise le service.", Crumbs: trail(link{Text: "Modalités d'utilisation"}), Data: x,
	})
}

// eligibilityData is the first question, and its answer.
type eligibilityData struct {
	Who    choices
	Answer string // "" while nothing is asked, "oui" or "non"
	Start  string // where the form begins, "" where there is no space
	Help   string // address to write to, "" when there is none
	Wrong  []mistake
}

// eligibility asks who is there before anything else: two publics may apply,
// nobody else finds a way to the form.
func (s *Site) eligibility(w http.ResponseWriter, r *http.Request) {
	who := r.URL.Query().Get("qui")
	x := eligibilityData{Who: kindChoices("qui", who, ""), Help: s.cfg.Contact}
	switch {
	case who == string(droits.Etablissement), who == string(droits.OrganismeComplementaire):
		if x.Answer = "oui"; s.desk != nil {
			x.Start = requestsPath + "/nouvelle"
		}
	case who == otherKind:
		x.Answer = "non"
	case r.URL.Query().Has("verifier"):
		x.Who.Error = "Choisissez une réponse."
		x.Wrong = []mistake{{"qui", x.Who.Error}}
	}
	s.render(w, r, http.StatusOK, page{
		Name: "demande_acces", Title: "Demander un accès", Section: eligibilityPath, Summary: "Qui peut demander un accès à l'API de droits.", Failed: len(x.Wrong) > 0,
		Crumbs: trail(link{Text: "Demander un accès"}), Data: x,
	})
}
