package nation

import "strconv"

// fund is a caisse. Its number and name follow identity.md §7; its address
// does not exist.
type fund struct {
	id, organisme, libelle string
	departement            string
	number                 int // of its street
	post                   string
}

// several are the départements whose fund is not département × 10 + 1, or that
// have more than one (identity.md §7).
var several = map[string][]string{
	"07": {"072"}, "34": {"342"}, "42": {"422"}, "54": {"542"}, "59": {"594", "595", "597", "599"}, "62": {"623", "624"},
	"64": {"641", "642"}, "67": {"673"}, "68": {"682"}, "76": {"763", "764"}, "2A": {"201"}, "2B": {"202"},
	"971": {"971"}, "972": {"972"}, "973": {"973"}, "974": {"974"}, "976": {"976"},
}

// hosted are schemes hosted with the general one: their members live anywhere.
var hosted = []fund{
	{id: "01459", organisme: "MNH", libelle: "MNH des hospitaliers (fictive)", post: "45999"},
	{id: "01928", organisme: "CAMIEG", libelle: "CAMIEG des industries électriques et gazières (fictive)", post: "93999"},
	{id: "08835", organisme: "CNMSS", libelle: "CNMSS des militaires (fictive)", post: "83999"},
	{id: "90001", organisme: "CAVIMAC", libelle: "CAVIMAC des cultes (fictive)", post: "93999"},
}

// funds are every fund: those of the départements, then the hosted schemes.
func funds() (out []fund) {
	for n := 1; n <= 95; n++ {
		d := string([]byte{byte('0' + n/10), byte('0' + n%10)})
		if n == 20 {
			out = append(out, local("2A", "201", 20), local("2B", "202", 20))
			continue
		}
		ids := several[d]
		if ids == nil {
			ids = []string{d + "1"}
		}
		for _, id := range ids {
			out = append(out, local(d, id, n))
		}
	}
	for _, d := range []string{"971", "972", "973", "974", "976"} {
		n, _ := strconv.Atoi(d[:2])
		out = append(out, local(d, d, n))
	}
	for i, f := range hosted {
		f.number = i + 1
		out = append(out, f)
	}
	return out
}

func local(departement, id string, n int) fund {
	organisme := "CPAM"
	switch {
	case departement == "976":
		organisme = "CSSM"
	case len(departement) == 3:
		organisme = "CGSS"
	}
	post := string([]byte{byte('0' + n/10), byte('0' + n%10)}) + "999"
	return fund{id: "01" + id, organisme: organisme, libelle: organisme + " fictive " + id, departement: departement, number: 1 + len(id)*7 + n%60, post: post}
}
