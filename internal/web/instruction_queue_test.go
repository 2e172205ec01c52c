package web

import (
	"net/url"
	"testing"

	"pgregory.net/rapid"

	"droits.example/droits/internal/habilitation"
)

// What an address of the queue says is what the page shows, whatever is in it.
func TestQueueAddressesReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := url.Values{}
		for _, name := range []string{"etat", "attente", "lecture", "tri", "sens", "page", "q"} {
			if rapid.Bool().Draw(t, name+" is there") {
				q.Set(name, rapid.OneOf(rapid.SampledFrom([]string{"toutes", "refused", "retard", "non-lues", "numero", "depot", "desc", "2", "-1", "D-2026-0001"}), rapid.String()).Draw(t, name))
			}
		}
		v := queueViewOf(q)
		u, err := url.Parse(v.address(func(*queueView) {}))
		if err != nil || u.Path != queuePath {
			t.Fatal("not an address of the queue")
		}
		if again := queueViewOf(u.Query()); again != v {
			t.Fatalf("%+v became %+v", v, again)
		}
		if asked, ok := v.query("a", noonAt, 0); ok && (asked.Limit != queuePage || asked.Offset < 0 || asked.Sort == "" || asked.State != "" && asked.State != habilitation.State(v.state)) {
			t.Fatalf("%+v", asked)
		}
	})
}
