package trace

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"
)

// Found is an entry of the log as one of those whom it is about finds it
// again. Its internal part stays closed.
type Found struct {
	Index     int64
	Class     Class
	Hash      [HashSize]byte
	At        time.Time
	Person    Person
	Erased    bool     // the person's part is gone: its time has come
	Subject   Digest   // of the digests asked for, the one that the entry is about
	Connected bool     // it is that of the connected person, not one of whom something was told
	Also      []Digest // the other digests asked for that it is about
}

// ReadPerson reads the person's part back: salt ‖ canonical JSON. What a later
// version added is passed over.
func ReadPerson(part []byte) (p Person, err error) {
	if len(part) < SaltSize {
		return p, errors.New("trace: the part is shorter than its salt")
	}
	var x struct {
		Actor       Actor    `json:"actor"`
		After       string   `json:"after"`
		Asked       []string `json:"asked"`
		Before      string   `json:"before"`
		Beneficiary string   `json:"beneficiary"`
		Body        string   `json:"body"`
		BodySalt    string   `json:"body_salt"`
		Consent     string   `json:"consent"`
		Convention  string   `json:"convention"`
		Count       int      `json:"count"`
		Demarche    string   `json:"demarche"`
		Object      string   `json:"object"`
		Operation   string   `json:"operation"`
		Outcome     string   `json:"outcome"`
		Others      []string `json:"others"`
		Partner     string   `json:"partner"`
		Period      string   `json:"period"`
		Purpose     string   `json:"purpose"`
		Reference   string   `json:"reference"`
		Request     string   `json:"request"`
		Served      []string `json:"served"`
		Through     string   `json:"through"`
		Time        int64    `json:"time"`
		Withheld    []string `json:"withheld"`
	}
	if json.Unmarshal(part[SaltSize:], &x) != nil {
		return p, errors.New("trace: the part is not what was written")
	}
	p = Person{
		At: time.Unix(x.Time, 0), Partner: x.Partner, Through: x.Through, Purpose: x.Purpose, Operation: x.Operation, Demarche: x.Demarche, Period: x.Period,
		Asked: x.Asked, Served: x.Served, Withheld: x.Withheld, Others: x.Others, Beneficiary: x.Beneficiary, Consent: x.Consent,
		Convention: x.Convention, Reference: x.Reference, Outcome: x.Outcome, Count: x.Count,
		Actor: x.Actor, Object: x.Object, Before: x.Before, After: x.After,
	}
	for _, h := range []struct {
		from string
		to   *[]byte
	}{{x.Request, &p.RequestHash}, {x.Body, &p.BodyHash}, {x.BodySalt, &p.BodySalt}} {
		if h.from == "" {
			continue
		}
		if *h.to, err = hex.DecodeString(h.from); err != nil {
			return Person{}, errors.New("trace: the part is not what was written")
		}
	}
	return p, nil
}

// Report says that a person does not recognise an entry of its journal, or that
// it contests an agreement: Consent then names it and Trace is its entry. Text
// is what the person wrote: personal data, and nothing that a log may hold.
type Report struct {
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	Trace   int64     `json:"trace"`             // place of the entry in the log
	Consent string    `json:"consent,omitempty"` // the agreement contested
	Text    string    `json:"text,omitempty"`
}

// String redacts fmt.
func (r Report) String() string { return "Report(" + r.ID + ")" }

// GoString redacts %#v.
func (r Report) GoString() string { return r.String() }
