package apptest_test

import (
	"os"
	"testing"

	"droits.example/droits/internal/apptest"
)

func TestMain(m *testing.M) { os.Exit(apptest.Main(m)) }

func TestStart(t *testing.T) {
	in := apptest.Shared(t)
	for _, p := range []apptest.Partner{in.Hospital, in.Hospital.V2(), in.Insurer} {
		t.Run("R58 a token minted for "+p.Client+" reads an identity", func(t *testing.T) {
			in.Get(t, "/me", in.As(t, "famille-martin", p)).Want(t, 200, "")
			e := in.LastTrace(t)
			if e.Str("outcome") != "servi" || e.Str("partner") != p.ID || e.In("key") != p.KeyID {
				t.Error("the last trace is not that call's")
			}
		})
	}
}
