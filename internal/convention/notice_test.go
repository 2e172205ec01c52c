package convention

import (
	"fmt"
	"strings"
	"testing"

	"droits.example/droits/internal/fault"
)

// published are the versions that conventions and agreements may name, and the
// hashes of their texts: a line is added and never changed.
var published = [][2]string{
	{"2026-11", "59221014a9e29ef5c712d92c3203d041a8e99ad7fe6a64a4caab0317d2e27721"},
	{"2026-11-2", "9d063f7b2af7ee2479f00feaf5466942e9319c9571fe28396761408a31e1eb74"},
}

func TestNotices(t *testing.T) { // R19
	all := Notices()
	t.Run("R19 a changed wording is a new version: the text of a version never changes", func(t *testing.T) {
		var got [][2]string
		for _, n := range all {
			got = append(got, [2]string{n.Version, n.SHA256})
		}
		if fmt.Sprint(got) != fmt.Sprint(published) {
			t.Errorf("R19 %v", got)
		}
	})
	t.Run("the last version is the current one, and the only one", func(t *testing.T) {
		for i, n := range all {
			if n.Current != (i == len(all)-1) || strings.HasSuffix(n.Text, "\n") || n.Text == "" {
				t.Errorf("%s", n.Version)
			}
		}
		last := all[len(all)-1]
		if last.Version != NoticeVersion || NoticeText() != last.Text || NoticeSHA256() != last.SHA256 {
			t.Error("another one is bound")
		}
	})
	t.Run("R19 what a version changed is told sentence by sentence", func(t *testing.T) {
		lines := CompareNotices(all[0], all[1])
		count := map[string]int{}
		var from, to []string
		for _, l := range lines {
			count[l.Change]++
			if l.Change != "+" {
				from = append(from, l.Text)
			}
			if l.Change != "-" {
				to = append(to, l.Text)
			}
		}
		if count["-"] != 1 || count["+"] != 3 || count[" "] != 3 {
			t.Errorf("%v", count)
		}
		if strings.Join(from, "|") != strings.Join(sentences(all[0].Text), "|") || strings.Join(to, "|") != strings.Join(sentences(all[1].Text), "|") {
			t.Error("what is kept, gone and new is not both texts")
		}
		for _, l := range CompareNotices(all[0], all[0]) {
			if l.Change != " " {
				t.Error("a text differs from itself")
			}
		}
	})
	t.Run("R19 a document binds a version that exists, by its hash", func(t *testing.T) {
		d := good()
		d.Terms.Notice, d.Terms.NoticeSHA256 = NoticeVersion, NoticeSHA256()
		if err := d.CheckNotice(); err != nil {
			t.Error(err)
		}
		d.Terms.NoticeSHA256 = strings.Repeat("0", 64)
		if err := d.CheckNotice(); !fault.Is(err, fault.ParametreInvalide) || fault.From(err).Reason() != "NOTICE_CHANGED" {
			t.Error(err)
		}
		for _, v := range []string{"2026-12", "", "../notices/2026-11", "2026-11.md"} {
			d.Terms.Notice = v
			if err := d.CheckNotice(); fault.From(err).Reason() != "NOTICE_UNKNOWN" {
				t.Errorf("%q: %v", v, err)
			}
		}
	})
}
