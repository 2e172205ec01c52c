package store

import (
	"encoding/base64"
	"encoding/hex"
	"testing"
)

func TestWhatIsKeptOfAKeyOpensNothing(t *testing.T) { // R78
	s := fresh(t)
	register(t, s)
	kept := 0
	err := each(t.Context(), s.journal.reader, func(scan func(...any) error) error {
		var digest []byte
		if err := scan(&digest); err != nil {
			return err
		}
		kept++
		for _, x := range []string{string(digest), hex.EncodeToString(digest), base64.RawURLEncoding.EncodeToString(digest), base64.StdEncoding.EncodeToString(digest)} {
			for _, prefix := range []string{"", "test_", "live_"} {
				if _, _, ok := s.Key(prefix + x); ok {
					t.Error("R78 a digest is taken for a key")
				}
			}
		}
		return nil
	}, `SELECT digest FROM cle_api`)
	if err != nil || kept == 0 {
		t.Fatalf("%v, %d kept", err, kept)
	}
}
