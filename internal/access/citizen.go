package access

import (
	"encoding/hex"
	"net/netip"
	"time"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/trace"
)

// Visit is what accompanies a page of the citizen space.
type Visit struct {
	RequestID string
	Addr      netip.Addr
}

// Citizen is somebody signed in to the citizen space. Only SignIn and Resume
// make one; its zero value reads nothing.
type Citizen struct {
	asserted identity.Assertion
	subject  droits.Sujet
	family   *droits.Famille
	known    bool
}

// Known reports whether somebody is signed in.
func (c Citizen) Known() bool { return c.known }

// Key tells one person's sessions and settings from another's; it is shown to
// nobody.
func (c Citizen) Key() string { return hex.EncodeToString(c.subject[:]) }

// Name is how pages address the person.
func (c Citizen) Name() string {
	if !c.known {
		return ""
	}
	p := c.family.Assure
	name := p.NomFamille
	if p.NomUsage != "" {
		name = p.NomUsage
	}
	if p.Prenom() == "" {
		return name
	}
	return p.Prenom() + " " + name
}

// String redacts fmt.
func (Citizen) String() string { return "Citizen(•••)" }

// GoString redacts %#v.
func (Citizen) GoString() string { return "Citizen(•••)" }

// Self is the reference of the connected person in its own pages; a dependant
// has an opaque one.
const Self = "assure"

// OwnRights is what a person sees of itself and of its dependants: everything
// that is held in the period, whatever any convention opens.
type OwnRights struct {
	Members   []OwnMember // the person first
	Window    droits.Fenetre
	DonneesOn civil.Date
	Trace     string // value of X-Trace of the reading
}

// OwnMember is a member of the family with its opaque reference and the
// restrictions in force on it.
type OwnMember struct {
	Ref string
	droits.Membre
	Restrictions []consent.Restriction
}

// Reading is one event of the trail as the person concerned may see it.
type Reading struct {
	ID          string // first half of the leaf hash, hex; names the line in addresses
	Code        string // what to quote when asking about it
	Class       trace.Class
	At          time.Time
	Partner     string // "" when nobody but the person was there, or when it may not be told
	PartnerName string
	ThroughName string // of the software vendor that called for the partner, "" when it called itself
	Kind        droits.Kind
	Purpose     string
	Operation   string
	Outcome     string // "servi" or the code of the refusal
	Asked       []droits.Bloc
	Served      []droits.Bloc
	Withheld    []droits.Bloc
	Who         []string    // references of the members concerned
	Actor       trace.Actor // of an event that is no reading
	Object      string      // identifier of what the event is about
	Before      string      // code of the state that ended
	After       string      // code of the state that began
	Consent     string
	Convention  string
	Elsewhere   bool // in another person's session: only instant, kind and purpose are told
	Reported    bool // the person has said: not me
}

// ReadingQuery selects lines of the person's journal. The zero value is the
// latest page.
type ReadingQuery struct {
	Partner string
	Outcome string // "" | servi | refuse
	Kind    string // "" | lectures (of partners) | choix (events of the person)
	Who     string // reference of a member
	From    civil.Date
	To      civil.Date
	Before  string // ID of the last line of the page before
	Limit   int    // 25 when zero, at most 100 (1,000 for the journal's interface)
}

// ReadingPage is a page of the journal, newest first.
type ReadingPage struct {
	Lines []Reading
	More  bool // there are older ones
}

// Sharing is what holds between a person and one partner, as the person sees
// and decides it.
type Sharing struct {
	Partner     string // identifier, fit for an address
	Name        string
	Kind        droits.Kind
	State       consent.State
	Until       time.Time // of a pause, zero when without end
	LetUntil    time.Time // last instant of what was let go here under a convention in force; zero when nothing is
	Blocks      []SharedBlock
	Asked       []droits.Bloc // that the partner was refused for want of a tick, and that still want one
	Dependants  []SharedDependant
	Given       []consent.Line // agreements, newest first
	LastRead    time.Time
	Conventions []SharedConvention // in force; none = the partner reads nothing any more
	Last        string             // the person's last act about the partner; goes back with a choice
}

// SharedConvention is a convention in force, as its person reads it.
type SharedConvention struct {
	Ref        string // id/version/notice; goes back with a choice
	Purpose    string
	Wording    string
	Notice     string // version of the notice that it binds
	NoticeText string
}

// SharedBlock is one block of a convention and whether the person lets it go.
type SharedBlock struct {
	Bloc      droits.Bloc
	Libelle   string
	Sensitive bool
	NeedsTick bool // the convention asks for a tick of its own
	Given     bool // under every convention in force that opens it
	Partly    bool // under some of them only
}

// SharedDependant is a dependant and whether the partner may read it through
// the person.
type SharedDependant struct {
	Ref    string
	Name   string
	Shared bool
	Why    string // why it cannot be chosen, "" when it can
}

// Choice is what a person decides about a partner. A nil list of blocks leaves
// them as they are.
type Choice struct {
	Blocks   []droits.Bloc // let go; the others of the convention are not
	Excluded []string      // references of the dependants left out
	Shown    []string      // Ref of every convention that was on the page
	Last     string        // Last of the sharing that was on the page
}
