package cases

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/nir"
)

// Rule says why a line is not a case.
type Rule string

// The rules of lines.
const (
	LineTooLong Rule = "LINE_TOO_LONG"
	LineNotUTF8 Rule = "LINE_NOT_UTF8"
	LineNotJSON Rule = "LINE_NOT_JSON"
	WrongType   Rule = "WRONG_TYPE"
	NoPivot     Rule = "NO_PIVOT"
	NoStored    Rule = "NO_STORED"
)

// Text is the rule as a sentence.
func (r Rule) Text() string {
	switch r {
	case LineTooLong:
		return "The line is longer than a mebibyte."
	case LineNotUTF8:
		return "The line holds bytes that are not UTF-8."
	case LineNotJSON:
		return "The line is not one JSON object."
	case WrongType:
		return "A member has not the type that is expected."
	case NoPivot:
		return "The case has no pivot."
	case NoStored:
		return "The case has no list of stored rows; it may be empty."
	}
	return ""
}

// input is one case; members that are not here are ignored.
type input struct {
	ID     json.RawMessage `json:"id"`
	Stored *[]stored       `json:"stored"`
	Pivot  *struct {
		FamilyName        string   `json:"family_name"`
		GivenName         string   `json:"given_name"`
		GivenNames        []string `json:"given_name_array"`
		Birthdate         string   `json:"birthdate"`
		Gender            string   `json:"gender"`
		Birthplace        string   `json:"birthplace"`
		Birthcountry      string   `json:"birthcountry"`
		PreferredUsername string   `json:"preferred_username"`
	} `json:"pivot"`
}

type stored struct {
	NIR             string `json:"nir"`
	NomFamille      string `json:"nom_famille"`
	NomUsage        string `json:"nom_usage"`
	Prenoms         names  `json:"prenoms"`
	PrenomsComplets bool   `json:"prenoms_complets"`
	DateNaissance   string `json:"date_naissance"`
	Sexe            string `json:"sexe"`
	LieuNaissance   string `json:"code_lieu_naissance"`
	PaysNaissance   string `json:"code_pays_naissance"`
	Sentinelle      bool   `json:"sentinelle"`
}

// names are given names in one string, or in a list as an import file has them.
type names []string

// UnmarshalJSON splits a string on spaces and commas; a hyphen stays inside.
func (n *names) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*n = strings.FieldsFunc(one, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
		return nil
	}
	var list []string
	err := json.Unmarshal(b, &list)
	*n = list
	return err
}

// read reads one line; member names what a WrongType is about.
func read(line []byte) (in input, broken Rule, member string) {
	if !utf8.Valid(line) {
		return in, LineNotUTF8, ""
	}
	err := json.Unmarshal(line, &in)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong) && wrong.Field != "":
		return in, WrongType, wrong.Field
	case err != nil:
		return in, LineNotJSON, ""
	case in.Pivot == nil:
		return in, NoPivot, ""
	case in.Stored == nil:
		return in, NoStored, ""
	}
	return in, "", ""
}

func (in *input) pivot() identity.Pivot {
	p := in.Pivot
	return identity.Pivot{FamilyName: p.FamilyName, GivenName: p.GivenName, GivenNames: p.GivenNames, Birthdate: p.Birthdate,
		Gender: p.Gender, Birthplace: p.Birthplace, Birthcountry: p.Birthcountry, PreferredUsername: p.PreferredUsername}
}

// Codes of rows that an import would refuse, and that no index can give.
const (
	numberInvalid = "NUMBER_INVALID"
	dateInvalid   = "DATE_INVALID"
	sexInvalid    = "SEX_INVALID"
)

// record reads a row, or says why no import would take it.
func (s *stored) record(id int64) (r identity.Record, refused string) {
	r = identity.Record{ID: id, NomFamille: s.NomFamille, NomUsage: s.NomUsage, Prenoms: s.Prenoms, PrenomsComplets: s.PrenomsComplets,
		Sexe: identity.Sexe(s.Sexe), LieuNaissance: s.LieuNaissance, PaysNaissance: s.PaysNaissance, Sentinelle: s.Sentinelle}
	var err error
	if s.NIR != "" {
		if r.NIR, err = nir.ParseAny(s.NIR); err != nil {
			return r, numberInvalid
		}
	}
	if r.NaissanceOn, err = civil.ParseBirth(s.DateNaissance); err != nil {
		return r, dateInvalid
	}
	switch r.Sexe {
	case identity.Masculin, identity.Feminin, "":
	default:
		return r, sexInvalid
	}
	return r, ""
}

// number is the row's number in the length in which it was given.
func (s *stored) number(r *identity.Record) string {
	const short = 13
	full := r.NIR.Reveal()
	given := strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) {
			return -1
		}
		return c
	}, s.NIR)
	return full[:max(min(len(full), len(given)), short)]
}
