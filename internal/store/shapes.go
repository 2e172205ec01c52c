package store

// The sealed shapes, as MessagePack tuples: a family costs a few hundred bytes
// and microseconds. They live only inside sealed columns. Days are numbers
// (civil.Date). A changed shape is a new load, or a migration.

//go:generate go tool -modfile=../../tools/go.mod msgp -file=shapes.go -o=shapes.gen.go -tests=false -io=false -unexported

//msgp:tuple docPersonne docPeriode docContrat docExoneration docDate docLien docLiens docMembre docFamille sealedEntry sealedBatch

type docPersonne struct {
	NIR        string // 13 characters, "" when the person has none
	Nom        string
	Usage      string
	Prenoms    []string
	Complets   bool
	Naissance  int32
	Sexe       string
	Lieu       string
	Pays       string
	Deces      int32
	Precedents []string // former numbers, 13 characters
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

// docLien is what one link opens. Ouvrant is the file's identifier of another
// opener, "" when the person opens it for itself; Beneficiaire indexes the
// members of a family record.
type docLien struct {
	Ouvrant      string
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

// docLiens are the links of one person, in the order of the file.
type docLiens struct{ Liens []docLien }

// docMembre is somebody to whom a person opens rights. Before holds the
// subjects under which it was known before, one after the other.
type docMembre struct {
	ID     int64
	Sujet  []byte
	Before []byte
	P      docPersonne
}

// docFamille is the derived record of who opens rights to others: them, and
// the links through which it does.
type docFamille struct {
	Membres []docMembre
	Liens   []docLien
}

// sealedEntry is one entry of a batch: each part sealed singly under its own
// day key, so that each may be erased on its own date.
type sealedEntry struct {
	Class    byte
	At       int64  // whole seconds
	Commits  []byte // both commitments, which stay when a part goes
	Person   []byte
	Internal []byte
}

type sealedBatch struct{ Entries []sealedEntry }
