package partners

import (
	"net/http"

	"droits.example/droits/internal/civil"
)

// line is one row of the counter's list.
type line struct {
	Ref, Hour, Name, Born, State, Channel string
	Tags                                  []string
	Key                                   int // access key, 1 to 9, 0 for none
}

// today shows the pre-admissions of the day, oldest first. The skip link leads
// to the first of them: three keys open it.
func (d *desk) today(w http.ResponseWriter, _ *http.Request) {
	now := civil.On(d.clock())
	var lines []line
	d.mu.Lock()
	for _, a := range d.list {
		if civil.On(a.At) != now {
			continue
		}
		l := line{Ref: a.Ref, Hour: hour(a.At), Name: a.File.Name, Born: a.File.Born, State: a.State(), Channel: a.Channel, Tags: a.Tags()}
		if n := len(lines) + 1; n < 10 {
			l.Key = n
		}
		lines = append(lines, l)
	}
	d.mu.Unlock()
	v := view{Page: "guichet", Title: "Guichet", Data: struct {
		Day   string
		Lines []line
	}{day(now.String()), lines}}
	if len(lines) > 0 {
		v.Skip = "dossier-" + lines[0].Ref
	}
	d.show(w, http.StatusOK, v)
}

func (d *desk) openFile(w http.ResponseWriter, r *http.Request) {
	a := d.find(r.PathValue("ref"))
	if a == nil {
		d.show(w, http.StatusNotFound, view{Page: "absent", Title: "Dossier non trouvé – Erreur 404"})
		return
	}
	d.show(w, http.StatusOK, view{Page: "dossier", Title: "Dossier", Data: struct {
		*admission
		Hour, Years string
	}{a, hour(a.At), years(a.File.birth, civil.On(d.clock()))}})
}

func (d *desk) admit(w http.ResponseWriter, r *http.Request) {
	ref := r.PathValue("ref")
	d.mu.Lock()
	for _, a := range d.list {
		if a.Ref == ref {
			a.Admitted = true
		}
	}
	d.mu.Unlock()
	http.Redirect(w, r, "/hopital/guichet", http.StatusSeeOther)
}
