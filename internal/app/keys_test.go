package app_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/notify"
	"droits.example/droits/internal/partner"
)

func TestKeysFollowEachOther(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	p := in.SignUp(t, droits.Etablissement, nil)
	call := func(p apptest.Partner) *apptest.Answer {
		t.Helper()
		return in.Get(t, "/me", in.As(t, "famille-martin", p))
	}
	ends := apptest.Noon().Add(time.Hour)
	old := in.NewKey(t, p, ends)
	t.Run("R74 two keys are good at the same time, and a third is refused with its reason", func(t *testing.T) {
		call(p).Want(t, 200, "")
		call(old).Want(t, 200, "")
		_, err := in.App.Store.AddKey(t.Context(), p.Convention, partner.NewSecret(partner.Sandbox), partner.Sandbox, time.Time{})
		if f := fault.From(err); f.Code() != fault.ActeImpossible || f.Reason() != "KEYS_FULL" {
			t.Errorf("%v", err)
		}
	})
	t.Run("R74 the old key is refused after its end, and makes room for the next", func(t *testing.T) {
		in.Clock.Set(ends.Add(-time.Second))
		call(old).Want(t, 200, "")
		in.Clock.Set(ends)
		call(old).Want(t, 401, "cle_invalide")
		call(p).Want(t, 200, "")
		call(in.NewKey(t, p, time.Time{})).Want(t, 200, "")
	})
}

func TestARevokedKeyIsRefusedAtOnce(t *testing.T) { // R74, figure: ≤ 1 s
	in := apptest.Start(t, apptest.Options{})
	twin := in.Twin(t)
	who := in.As(t, "famille-martin", in.Hospital)
	in.Get(t, "/me", who).Want(t, 200, "")
	twin.Get(t, "/me", who).Want(t, 200, "")
	begin := time.Now()
	if err := in.App.Store.RevokeKey(t.Context(), in.Hospital.KeyID); err != nil {
		t.Fatal(err)
	}
	for _, at := range []*apptest.Instance{in, twin} {
		at.Plain(t, "/me", who).Want(t, 401, "cle_invalide")
	}
	if d := time.Since(begin); d > time.Second {
		t.Errorf("refused after %v", d)
	}
}

// messages are those of the outbox of a kind and channel, oldest first.
func messages(t *testing.T, in *apptest.Instance, c notify.Channel, typ notify.Type) (out []notify.Line) {
	t.Helper()
	lines, err := in.App.Store.Outbox(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range slices.Backward(lines) {
		if l.Channel == c && l.Type == typ {
			out = append(out, l)
		}
	}
	return out
}

// told gives a partner a webhook and a technical contact.
func told(t *testing.T, in *apptest.Instance, p apptest.Partner) {
	t.Helper()
	if err := in.App.Store.SetWebhook(t.Context(), p.ID, "http://127.0.0.1:9/", notify.NewSecret(), partner.Sandbox); err != nil {
		t.Fatal(err)
	}
	if err := in.App.Store.SetTechnicalContact(t.Context(), p.ID, "technique@chu.example"); err != nil {
		t.Fatal(err)
	}
}

func TestTheEndOfAKeyIsRecalled(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	p := in.SignUp(t, droits.Etablissement, nil)
	told(t, in, p)
	last := civil.On(apptest.Noon()).AddDays(120)
	key := in.NewKey(t, p, last.AddDays(1).StartAt())
	short := in.SignUp(t, droits.Etablissement, nil)
	told(t, in, short)
	in.NewKey(t, short, civil.On(apptest.Noon()).AddDays(10).StartAt())
	bound := in.SignUp(t, droits.Etablissement, nil)
	told(t, in, bound)
	bind(t, in, bound, apptest.NewIdentity(t, nil, apptest.Noon(), apptest.Noon().AddDate(0, 0, 40)))
	var on []civil.Date
	for day := range 140 {
		in.Clock.Set(civil.On(apptest.Noon()).AddDays(day).StartAt().Add(9 * time.Hour))
		for range 2 {
			n, err := in.App.Store.RemindEnds(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for range n {
				on = append(on, civil.On(in.Clock.Now()))
			}
		}
		if day%50 == 20 {
			in.Restart(t)
		}
	}
	var days []int
	for _, l := range messages(t, in, notify.Webhook, notify.KeyExpiring) {
		var e notify.Event
		if err := json.Unmarshal([]byte(l.Text), &e); err != nil {
			t.Fatal(err)
		}
		if e.Key == key.KeyID {
			days = append(days, *e.Days)
		}
	}
	t.Run("R74 a reminder is sent 90, 60, 30, 14, 7 and 0 days before the end, each once, also after restarts", func(t *testing.T) {
		if !slices.Equal(days, partner.ReminderDays()) {
			t.Errorf("sent at %v", days)
		}
		var first []civil.Date
		for _, n := range partner.ReminderDays() {
			first = append(first, last.AddDays(-n))
		}
		for _, d := range first {
			if !slices.Contains(on, d) {
				t.Errorf("none on %s", d)
			}
		}
	})
	t.Run("a key made for ten days is recalled at 7 and 0, not on the day it is made", func(t *testing.T) {
		if len(on) != 6+2+4 {
			t.Errorf("%d reminders", len(on))
		}
	})
	t.Run("the letter names the key by its last four characters and its end, in French", func(t *testing.T) {
		letters := messages(t, in, notify.Mail, notify.KeyExpiring)
		if len(letters) != 8 {
			t.Fatalf("%d letters", len(letters))
		}
		x := letters[len(letters)-1]
		if !strings.Contains(x.Text, "le "+last.StartAt().Format("02/01/2006")) || !strings.Contains(x.Text, key.Key[len(key.Key)-4:]) || strings.Contains(x.Text, key.Key) || strings.Contains(x.To, "technique@chu") {
			t.Errorf("%s: %s", x.Subject, x.Text)
		}
	})
	t.Run("R73 the end of a certificate is recalled at 30, 14, 7 and 0 days", func(t *testing.T) {
		if n := len(messages(t, in, notify.Webhook, notify.CertificateExpiring)); n != 4 {
			t.Errorf("%d messages", n)
		}
	})
	t.Run("each reminder is in the trail", func(t *testing.T) {
		n := 0
		for _, e := range in.Entries(t, 0) {
			if e.Person["operation"] == "fin_rappelee" {
				n++
			}
		}
		if n != 8+4 {
			t.Errorf("%d entries", n)
		}
	})
}

func TestTheLastUseOfAKeyIsNoted(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	p := in.SignUp(t, droits.Etablissement, nil)
	used := func() civil.Date {
		t.Helper()
		if err := in.App.Store.NoteUses(t.Context()); err != nil {
			t.Fatal(err)
		}
		list, err := in.App.Store.Keys(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range list {
			if k.ID == p.KeyID {
				return k.LastOn
			}
		}
		return 0
	}
	if d := used(); !d.IsZero() {
		t.Errorf("used on %s", d)
	}
	for _, day := range []int{0, 3} {
		in.Clock.Set(apptest.Noon().AddDate(0, 0, day))
		in.Get(t, "/me", in.As(t, "famille-martin", p)).Want(t, 200, "")
		if d := used(); d != civil.On(in.Clock.Now()) {
			t.Errorf("used on %s", d)
		}
	}
	in.Get(t, "/me", in.As(t, "famille-martin", p)).Want(t, 200, "")
	in.Restart(t) // what was counted since the last minute is kept at the end
	if d := used(); d != civil.On(in.Clock.Now()) {
		t.Errorf("used on %s after a restart", d)
	}
}

func TestADumpHoldsNoUsableKey(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	p := in.SignUp(t, droits.Etablissement, nil)
	told(t, in, p)
	in.Get(t, "/me", in.As(t, "famille-martin", p)).Want(t, 200, "")
	var dump bytes.Buffer
	err := filepath.WalkDir(in.Dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		dump.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("R78 no file of the data directory holds a key, whole or in part", func(t *testing.T) {
		if !bytes.Contains(dump.Bytes(), []byte(p.KeyID)) {
			t.Fatal("the dump is not of this instance")
		}
		raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(p.Key, "test_"))
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range []string{p.Key, p.Key[5:], p.Key[5:25], string(raw), strings.Repeat("technique@chu.", 1)} {
			if bytes.Contains(dump.Bytes(), []byte(x)) {
				t.Error("found")
			}
		}
	})
}
