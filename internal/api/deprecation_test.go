package api_test

import (
	"net/http"
	"testing"

	"droits.example/droits/internal/api"
	"droits.example/droits/internal/app"
	"droits.example/droits/internal/apptest"
)

// announcedBy are the three headers of an answer.
func announcedBy(a *apptest.Answer) [3]string {
	return [3]string{a.Header.Get("Deprecation"), a.Header.Get("Sunset"), a.Header.Get("Link")}
}

func TestDeprecation(t *testing.T) {
	// The days are Paris's: the first begins at 23:00 UTC the day before, the last
	// ends at 22:00 UTC, in summer time.
	const since, until = "@1798758000", "Wed, 30 Jun 2027 22:00:00 GMT"
	t.Run("R62 nothing is announced unless the configuration says so", func(t *testing.T) {
		in := apptest.Shared(t)
		for _, path := range []string{moi, family} {
			if got := announcedBy(read(t, in, "famille-martin", in.Hospital, path)); got != [3]string{} {
				t.Errorf("%s: %q", path, got)
			}
		}
	})
	t.Run("R62 an operation on its way out says so in every answer, and no other does", func(t *testing.T) {
		in := apptest.Start(t, apptest.Options{Edit: func(c *app.Config) {
			c.Deprecation = app.Deprecation{Operations: []string{"getMe"}, Since: "2027-01-01", Until: "2027-06-30"}
		}})
		want := [3]string{since, until, "<" + in.URL + `/documentation>; rel="deprecation"; type="text/html"`}
		who := in.As(t, "famille-martin", in.Hospital)
		for name, a := range map[string]*apptest.Answer{
			"200":       in.Get(t, moi, who).Want(t, 200, ""),
			"400":       in.Get(t, moi+"?dateDebut=hier", who).Want(t, 400, "date_invalide"),
			"401":       in.Get(t, moi).Want(t, 401, "cle_absente"),
			"405":       in.Get(t, moi, who, apptest.Method(http.MethodDelete)).Want(t, 405, "methode_non_permise"),
			"slash 200": in.Get(t, moi+"/", who).Want(t, 200, ""),
		} {
			if got := announcedBy(a); got != want {
				t.Errorf("%s: %q", name, got)
			}
		}
		for _, path := range []string{family, caisse, "/inconnu"} {
			if got := announcedBy(read(t, in, "famille-martin", in.Hospital, path)); got != [3]string{} {
				t.Errorf("%s: %q", path, got)
			}
		}
	})
	t.Run("R62 every operation is announced where none is named; what is not told is absent", func(t *testing.T) {
		in := apptest.Start(t, apptest.Options{Edit: func(c *app.Config) {
			c.Deprecation = app.Deprecation{Since: "2027-01-01", Link: "https://droits.example/v2"}
		}})
		want := [3]string{since, "", `<https://droits.example/v2>; rel="deprecation"; type="text/html"`}
		for _, path := range []string{moi, family, caisse, contrats, exos, medecin, compl} {
			if got := announcedBy(read(t, in, "famille-martin", in.Hospital, path)); got != want {
				t.Errorf("%s: %q", path, got)
			}
		}
		if got := announcedBy(in.Do(t, api.MoiPath, apptest.Key(in.Hospital))); got != want {
			t.Errorf("moi: %q", got)
		}
	})
}
