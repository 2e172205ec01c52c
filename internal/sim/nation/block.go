package nation

import "droits.example/droits/internal/civil"

// role is somebody's place in its family.
type role byte

const (
	headRole role = iota
	spouseRole
	childRole
)

// The reasons of a former number.
const (
	formerWaiting = iota + 1
	formerSex
	formerPlace
)

// soul is one person as it is born: what decides its number. Names and rights
// come after.
type soul struct {
	born, known civil.Date // the real day, and the one that is recorded
	code, now   uint16     // of the birthplace: in force then, and today
	foreign     bool
	male        bool
	role        role
	kind        byte // 1, 3, 7, or 0 for nobody's own number
	former      byte
	rank        byte // rang_naissance; twins count
	twin        bool // of the one before
	dead        civil.Date
	newcomer    int // its place in the nation, of somebody whom a delta brings; 0 = by its block
	family      int // in the block
	nir         digits
	previous    digits
}

// family is some people who live together: the first opens rights, the second
// too when there is a spouse.
type family struct {
	first, size int
	couple      bool
	sentinel    bool
	place       int // in the nation: whose stream its names come from
}

// id is somebody's place in the nation.
func (b *block) id(i int) int {
	if k := &b.souls[i]; k.newcomer != 0 {
		return k.newcomer
	}
	return b.first + i
}

// block is blockSize people in whole families.
type block struct {
	first    int // person of the nation
	souls    []soul
	families []family
}

// draw draws the births of a block.
func (n *Nation) draw(i int, s *source) *block {
	size := n.size(i)
	b := &block{first: i * blockSize, souls: make([]soul, 0, size), families: make([]family, 0, size/2)}
	s.at(n.o.Seed, streamBirths, i)
	for len(b.souls) < size {
		n.drawFamily(b, s, size)
	}
	return b
}

// Shares, in 100,000.
const (
	shareSentinel   = 12_000
	shareAbroad     = 12_000
	shareOld        = 400
	shareMinor      = 900 // opens its own rights at 16 or 17
	shareCouple     = 52_000
	shareTwins      = 1_700
	shareMixedTwins = 35_000
	shareDateAbroad = 4_000
	shareDateFrance = 20
	shareWaiting    = 1_500 // of those born abroad
	shareRegistered = 30
	shareFormer     = 400
	shareUnnumbered = 60_000 // of those born in the last two months
)

// drawFamily adds one family, as long as there is room.
func (n *Nation) drawFamily(b *block, s *source, room int) {
	f := family{first: len(b.souls), sentinel: s.chance(shareSentinel), place: b.first + len(b.souls)}
	head := n.drawHead(s)
	b.add(&f, head)
	age := n.o.On.Year() - head.born.Year()
	if age >= 22 && s.chance(shareCouple) && len(b.souls) < room {
		f.couple = true
		b.add(&f, n.drawSpouse(s, head))
	}
	if age >= 20 && age <= 58 {
		n.drawChildren(b, &f, s, room)
	}
	f.size = len(b.souls) - f.first
	b.families = append(b.families, f)
}

func (b *block) add(f *family, k soul) {
	k.family = len(b.families)
	if f.sentinel && k.kind == 0 {
		k.kind = 1
	}
	if f.sentinel {
		k.former = 0
	}
	b.souls = append(b.souls, k)
}

func (n *Nation) drawHead(s *source) soul {
	day := n.o.On
	oldest, youngest := civil.Of(1930, 1, 1), day.AddYears(-18)
	switch {
	case s.chance(shareOld):
		oldest, youngest = day.AddYears(-111), day.AddYears(-97)
	case s.chance(shareMinor):
		oldest, youngest = day.AddYears(-18).AddDays(1), day.AddYears(-16)
	}
	return n.drawBirth(s, oldest, youngest, s.chance(50_000))
}

// drawSpouse draws somebody of about the same age, of the same sex now and
// then.
func (n *Nation) drawSpouse(s *source, head soul) soul {
	gap := s.between(0, 5) - s.between(0, 5)
	from := head.born.AddYears(gap)
	youngest := n.o.On.AddYears(-18)
	k := n.drawBirth(s, min(from, youngest), min(from.AddYears(1), youngest), head.male == s.chance(3_000))
	k.role = spouseRole
	return k
}

// drawBirth draws an adult born between two days.
func (n *Nation) drawBirth(s *source, oldest, youngest civil.Date, male bool) soul {
	k := soul{male: male, kind: 1, rank: 1}
	k.born = oldest.AddDays(s.between(0, youngest.Sub(oldest)))
	k.foreign = s.chance(shareAbroad)
	if k.foreign {
		n.bearAbroad(s, &k)
	} else {
		p := n.atlas.french[n.atlas.zipf.draw(s)]
		k.code, k.now = p.at(k.born.Year()), p.now
	}
	n.record(s, &k)
	switch {
	case k.foreign && s.chance(shareWaiting):
		k.kind = 7
	case s.chance(shareRegistered):
		k.kind = 3
	case s.chance(shareFormer):
		k.former = byte(1 + s.IntN(3))
		if k.former == formerWaiting && !k.foreign {
			k.former = formerPlace
		}
	}
	if s.chance(deathShare(int(n.o.On-k.born) / 10000)) {
		k.dead = n.o.On.AddDays(-s.between(1, 700))
	}
	return k
}

func (n *Nation) bearAbroad(s *source, k *soul) {
	a := n.atlas
	p := a.world[a.far.draw(s)]
	k.code, k.now = p.at(k.born.Year()), p.now
	if a.codes[p.now] == "99352" && k.born < civil.Of(1962, 7, 1) {
		k.code = a.index[algeria[s.IntN(len(algeria))]]
	}
}

// record is how the birth is known: some civil acts lack the day, or the month
// too.
func (n *Nation) record(s *source, k *soul) {
	k.known = k.born
	share := shareDateFrance
	if k.foreign {
		share = shareDateAbroad
	}
	switch {
	case !s.chance(share):
	case s.chance(33_333):
		k.known = civil.Of(k.born.Year(), k.born.Month(), 0)
	default:
		k.known = civil.Of(k.born.Year(), 0, 0)
	}
}

// deathShare is how many died lately, in 100,000.
func deathShare(age int) int {
	switch {
	case age > 90:
		return 20_000
	case age > 70:
		return 4_000
	}
	return 300
}

// drawChildren adds the minors of a family, twins among them.
func (n *Nation) drawChildren(b *block, f *family, s *source, room int) {
	day, head := n.o.On, b.souls[f.first]
	oldest := max(day.AddYears(-18).AddDays(1), head.born.AddYears(18))
	youngest := min(day, head.born.AddYears(44))
	if youngest <= oldest {
		return
	}
	count := 0
	for x := int(s.Uint32N(100)); count < len(childrenShares) && x >= childrenShares[count]; count++ {
	}
	home := n.homeTown(b, f, s)
	for ; count > 0 && len(b.souls) < room; count-- {
		k := soul{role: childRole, male: s.chance(51_200), kind: 1, rank: 1, code: home, now: home}
		k.born = oldest.AddDays(s.between(0, youngest.Sub(oldest)))
		if s.chance(4_000) { // a wanted child came just now
			k.born = max(oldest, day.AddDays(-s.between(0, 45)))
		}
		if s.chance(15_000) {
			p := n.atlas.french[n.atlas.zipf.draw(s)]
			k.code, k.now = p.at(k.born.Year()), p.now
		}
		k.known = k.born
		if day.Sub(k.born) < 60 && s.chance(shareUnnumbered) {
			k.kind = 0
		}
		b.add(f, k)
		if s.chance(shareTwins) && len(b.souls) < room {
			k.twin = true
			if k.male = k.male != s.chance(shareMixedTwins); k.male == b.souls[len(b.souls)-1].male {
				k.rank = 2
			}
			b.add(f, k)
		}
	}
}

// childrenShares are the percentages of families with at most so many minors.
var childrenShares = []int{42, 65, 89, 97, 99}

// homeTown is where most children of a family are born.
func (n *Nation) homeTown(b *block, f *family, s *source) uint16 {
	head := b.souls[f.first]
	d := n.atlas.depts[s.IntN(len(n.atlas.depts))]
	if !head.foreign && !s.chance(25_000) {
		d = departement(n.atlas.codes[head.now])
	}
	towns := n.atlas.towns[d]
	if len(towns) == 0 {
		towns = n.atlas.towns["75"]
	}
	return towns[s.IntN(len(towns))]
}
