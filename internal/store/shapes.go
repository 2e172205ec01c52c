package store

// The sealed shapes, as MessagePack tuples: a family costs a few hundred bytes
// and microseconds. They live only inside sealed columns. Days are numbers
// (civil.Date). A changed shape is a new load, or a migration.

//go:generate go tool -modfile=../../tools/go.mod msgp -file=shapes.go -o=shapes.gen.go -tests=false -io=false -unexported

//msgp:tuple docPersonne docPeriode docContrat docExoneration docDate docLien docFamille sealedEntry sealedBatch

type docPersonne struct {
	ID        int64
	Sujet     []byte
	NIR       string // 13 characters, "" when the person has none
	Nom       string
	Usage     string
	Prenoms   []string
	Complets  bool
	Naissance int32
	Sexe      string
	Lieu      string
	Pays      string
	Deces     int32
}

type docPeriode struct {
	From, To int32
}

type docContrat struct {
	Nature string
	Code   string
	P      docPeriode
	Droits []docPeriode
}

type docExoneration struct {
	Code                   string
	P                      docPeriode
	Presumee, Accouchement int32
}

type docDate struct {
	A, B string
	C    string
	P    docPeriode
}

// docLien is what one link opens; Beneficiaire indexes the family's people.
type docLien struct {
	Beneficiaire int
	Qualite      string
	Rang         int
	Caisse       string
	P            docPeriode
	Contrats     []docContrat
	Exonerations []docExoneration
	Medecins     []docDate
	Complements  []docDate
	Arrets       []docDate
	Risques      []docDate
}

// docFamille is the derived record of one person: the person first, then the
// dependants; the links that count for it.
type docFamille struct {
	Personnes []docPersonne
	Liens     []docLien
}

// sealedEntry is one entry of a batch: each part sealed singly under its own
// day key, so that each may be erased on its own date.
type sealedEntry struct {
	Class    byte
	At       int64 // whole seconds
	Person   []byte
	Internal []byte
}

type sealedBatch struct{ Entries []sealedEntry }
