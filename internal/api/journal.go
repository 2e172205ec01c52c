package api

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"droits.example/droits/internal/access"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/edge"
	"droits.example/droits/internal/fault"
)

// JournalPath is where a portal reads the journal of the person for whom it
// acts: three calls in the vocabulary of the Estonian tracker (field-notes §8).
const JournalPath = "/v1/journal"

const (
	findUsageID   = "findUsage"
	usagePeriodID = "usagePeriod"
	heartbeatID   = "heartbeat"
)

type usage struct {
	At       string `json:"logtime"` // RFC 3339 with zone
	Action   string `json:"action"`
	Receiver string `json:"receiverCode"`
	System   string `json:"receiverSystem"`
	Name     string `json:"receiverName,omitempty"`
}

type usages struct {
	Total  int     `json:"totalUsages"`
	Usages []usage `json:"usages"`
}

type usagePeriod struct {
	Start civil.Date `json:"start"`
	End   civil.Date `json:"end,omitempty"`
}

// journal serves a call of a portal that acts for a person.
func (a *API) journal(name string, ask func(url.Values, *access.UsageRequest) error) edge.HandlerFunc {
	return func(w *edge.Writer, r *http.Request) error {
		req := access.UsageRequest{Meta: access.Meta{RequestID: w.Event.RequestID, Name: name, Window: unasked(civil.On(a.Clock()))}}
		creds, twice := credentials(w, r)
		if twice != nil && creds.Key == "" {
			return twice
		}
		caller, err := a.Access.Authenticate(creds, twice == nil)
		bad := a.askedFor(r, &req, ask)
		if err == nil {
			err = first(twice, bad)
		}
		a.note(w, caller)
		if err != nil {
			return a.refused(w, r, caller, a.Access.Refuse(r.Context(), caller, req.Meta, err))
		}
		answer, err := a.Access.Usage(r.Context(), caller, req)
		if err != nil {
			return a.refused(w, r, caller, err)
		}
		a.rates(w, r, caller)
		w.Put("X-Reference-Personne", answer.Reference())
		w.Put("X-Trace", answer.Receipt().String())
		w.Event.Trace = answer.Receipt().Index()
		return writeJSON(w, answer.Body())
	}
}

// askedFor reads what every call of the journal carries. The person who acts is
// named by the portal, by a pseudonym: never by a number.
func (a *API) askedFor(r *http.Request, req *access.UsageRequest, ask func(url.Values, *access.UsageRequest) error) error {
	user, err := one(r.Header, "X-Road-UserId")
	if err != nil {
		return err
	}
	if !edge.Opaque(user) {
		return fault.New(fault.ParametreInvalide, opDecode).On("X-Road-UserId")
	}
	req.Agent = user
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return fault.New(fault.ParametreInvalide, opDecode)
	}
	return ask(q, req)
}

// findUsage: offset and limit, 1,000 lines at most; civil days of Paris.
func (a *API) findUsage(q url.Values, req *access.UsageRequest) (err error) {
	if req.From, err = date(q, "periodStart", 0); err != nil {
		return err
	}
	if req.To, err = date(q, "periodEnd", 0); err != nil {
		return err
	}
	if !req.From.IsZero() && !req.To.IsZero() && req.To < req.From {
		return fault.New(fault.PeriodeImpossible, opDecode).On("periodEnd")
	}
	if req.Offset, err = count(q, "offset", 0, 1_000_000); err != nil {
		return err
	}
	if req.Limit, err = count(q, "limit", access.MaxReadings, access.MaxReadings); err != nil {
		return err
	}
	req.Encode = func(u access.Usages) ([]byte, error) {
		out := usages{Total: u.Total, Usages: []usage{}}
		for _, l := range u.Lines {
			out.Usages = append(out.Usages, told(l))
		}
		return json.Marshal(out)
	}
	return nil
}

func (a *API) usagePeriod(_ url.Values, req *access.UsageRequest) error {
	req.Encode = func(u access.Usages) ([]byte, error) {
		today := civil.On(a.Clock())
		if u.Began.IsZero() {
			u.Began = today
		}
		return json.Marshal(usagePeriod{Start: u.Began, End: today})
	}
	return nil
}

// heartbeat tells whether the journal can be read; it needs nobody.
func (a *API) heartbeat(w *edge.Writer, r *http.Request) error {
	status := "OK"
	if a.Ping(r.Context()) != nil {
		status = "FAIL"
	}
	b, err := json.Marshal(map[string]string{"status": status})
	if err != nil {
		return fault.Wrap(fault.ErreurInterne, "api: encode", err)
	}
	return writeJSON(w, b)
}

// count reads a number that is neither negative nor beyond a limit.
func count(q url.Values, name string, absent, most int) (int, error) {
	v := q[name]
	if len(v) == 0 || len(v) == 1 && v[0] == "" {
		return absent, nil
	}
	n, err := strconv.Atoi(v[0])
	if err != nil || len(v) > 1 || n < 0 || n > most {
		return 0, fault.New(fault.ParametreInvalide, opDecode).On(name)
	}
	return n, nil
}

// told is a line in the tracker's words. Of a reading in another person's
// session only the kind of partner is told.
func told(l access.Reading) usage {
	name := l.PartnerName
	if l.ThroughName != "" {
		name += ", par l'intermédiaire de " + l.ThroughName
	}
	u := usage{At: l.At.In(civil.Paris()).Format(time.RFC3339), Receiver: l.Partner, System: "droits", Name: name, Action: action(l)}
	if l.Elsewhere {
		u.Receiver = string(l.Kind)
	}
	return u
}

func action(l access.Reading) string {
	purpose := map[string]string{"preadmission": "préparer une admission", "adhesion": "préparer une adhésion"}[l.Purpose]
	if purpose != "" {
		purpose = " pour " + purpose
	}
	switch {
	case l.Elsewhere:
		return "Lecture" + purpose + " dans la session d'une autre personne"
	case l.Outcome != access.OutcomeServed:
		return "Demande refusée" + purpose + " (" + l.Outcome + ")"
	case l.Operation == findUsageID || l.Operation == usagePeriodID:
		return "Consultation de votre journal des accès"
	}
	var names []string
	for _, b := range l.Served {
		if i, ok := droits.Bloc(b).Info(); ok {
			names = append(names, strings.ToLower(i.Libelle[:1])+i.Libelle[1:])
		}
	}
	if len(names) == 0 {
		return "Lecture" + purpose
	}
	return "Lecture" + purpose + " : " + strings.Join(names, " ; ")
}
