package habilitation

import (
	"testing"

	"droits.example/droits/internal/fault"
)

func TestAnswersOfAnotherOrganisationAreNotApproved(t *testing.T) { // R26
	r := Request{Organisation: "00000000000018", State: ChangesRequested, Events: []Event{{Act: Create, Role: Demandeur}}}
	r.Form.Organisation.SIRET = "00000000000026"
	if _, err := r.Do(Doing{Act: Approve, Role: Instructeur, Author: "a"}); fault.From(err).Reason() != OfAnother {
		t.Errorf("%v", err)
	}
	if _, err := r.Do(Doing{Act: Submit, Role: Demandeur, Author: "b"}); fault.From(err).Reason() != OfAnother {
		t.Errorf("%v", err)
	}
}

func TestAProgramDoesNotConfirmItself(t *testing.T) { // R33
	for _, c := range []struct {
		first, second string
		same          bool
	}{{"mac_1/a", "mac_1/b", true}, {"mac_1/a", "mac_2/a", false}, {"mac_1/a", "mac_1", true}, {"cpt_1", "mac_1/cpt_1", false}, {"cpt_1", "cpt_1", true}, {"cpt_1", "cpt_2", false}} {
		r := Request{State: Submitted}
		r, err := r.Do(Doing{Act: Approve, Role: Instructeur, Author: c.first, Pair: true})
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Do(Doing{Act: Approve, Role: Instructeur, Author: c.second, Pair: true})
		if got := fault.From(err).Reason() == SamePerson && err != nil; got != c.same {
			t.Errorf("%s then %s: %v", c.first, c.second, err)
		}
	}
}
