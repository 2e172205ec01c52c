package intake

import (
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/nir"
)

// member is one member of an object of the format: its name, whether it is
// required, and how its value is read into T.
type member[T any] struct {
	name string
	need bool
	read func(c *cursor, v *T) Rule
}

// readObject reads an object by its table of members, then checks it whole.
func readObject[T any](c *cursor, table []member[T], v *T) Rule {
	var seen uint64
	r := c.object(func(name []byte) Rule {
		for i := range table {
			m := &table[i]
			if string(name) != m.name {
				continue
			}
			r := MemberTwice
			if seen&(1<<i) == 0 {
				seen |= 1 << i
				r = m.read(c, v)
			}
			if r != "" && c.member == "" {
				c.member = m.name
			}
			return r
		}
		return MemberUnknown
	})
	if r != "" {
		return r
	}
	for i := range table {
		if table[i].need && seen&(1<<i) == 0 {
			c.member = table[i].name
			return MemberMissing
		}
	}
	return ""
}

// readList reads an array of at most limit objects; whole checks each one.
func readList[T any](limit int, table []member[T], whole func(*T) (Rule, string)) func(*cursor) ([]T, Rule) {
	return func(c *cursor) (list []T, r Rule) {
		r = c.array(func() Rule {
			if len(list) == limit {
				return ValueTooMany
			}
			var v T
			if r := readObject(c, table, &v); r != "" {
				return r
			}
			if whole != nil {
				if r, name := whole(&v); r != "" {
					c.member = name
					return r
				}
			}
			list = append(list, v)
			return ""
		})
		return list, r
	}
}

// list makes a member that holds a list.
func list[T, E any](name string, to func(*T) *[]E, read func(*cursor) ([]E, Rule)) member[T] {
	return member[T]{name, false, func(c *cursor, v *T) (r Rule) { *to(v), r = read(c); return r }}
}

// Limits of one person's row; real rows stay far below.
const (
	maxPrenoms = 30
	maxLinks   = 100
	maxItems   = 200
)

// value makes a member whose value is a string that check turns into an S.
func value[T, S any](name string, need bool, to func(*T) *S, check func(string) (S, Rule)) member[T] {
	return member[T]{name, need, func(c *cursor, v *T) Rule {
		b, r := c.text()
		if r == "" {
			*to(v), r = check(string(b))
		}
		return r
	}}
}

// ignored is the member "type", read before.
func ignored[T any]() member[T] {
	return member[T]{"type", true, func(c *cursor, _ *T) Rule { _, r := c.text(); return r }}
}

type entete struct {
	format string
	Header
}

var enteteMembers = []member[entete]{
	ignored[entete](),
	value("format", true, func(e *entete) *string { return &e.format }, enum(Format)),
	value("jeu", true, func(e *entete) *string { return &e.Jeu }, enum(Complet, Delta)),
	value("date_reference", true, func(e *entete) *civil.Date { return &e.ReferenceOn }, day),
}

var adresseMembers = []member[droits.Adresse]{
	value("destinataire", false, func(a *droits.Adresse) *string { return &a.Destinataire }, line),
	value("point_remise", false, func(a *droits.Adresse) *string { return &a.PointRemise }, line),
	value("complement_adresse", false, func(a *droits.Adresse) *string { return &a.ComplementAdresse }, line),
	value("numero_voie", false, func(a *droits.Adresse) *string { return &a.NumeroVoie }, line),
	value("indice_repetition", false, func(a *droits.Adresse) *string { return &a.IndiceRepetition }, line),
	value("type_voie", false, func(a *droits.Adresse) *string { return &a.TypeVoie }, line),
	value("nom_voie", false, func(a *droits.Adresse) *string { return &a.NomVoie }, line),
	value("mention_distribution", false, func(a *droits.Adresse) *string { return &a.MentionDistribution }, line),
	value("code_postal", false, func(a *droits.Adresse) *string { return &a.CodePostal }, line),
	value("commune", false, func(a *droits.Adresse) *string { return &a.Commune }, line),
}

var caisseMembers = []member[droits.Caisse]{
	ignored[droits.Caisse](),
	value("id", true, func(v *droits.Caisse) *string { return &v.ID }, code(5, 5, true)),
	value("code_centre", true, func(v *droits.Caisse) *string { return &v.CodeCentre }, code(4, 4, true)),
	value("grand_regime", true, func(v *droits.Caisse) *string { return &v.GrandRegime }, code(2, 2, true)),
	value("organisme", true, func(v *droits.Caisse) *string { return &v.Organisme }, line),
	value("libelle", true, func(v *droits.Caisse) *string { return &v.Libelle }, line),
	{"adresse", false, func(c *cursor, v *droits.Caisse) Rule { return readObject(c, adresseMembers, &v.Adresse) }},
}

var finMembers = []member[Fin]{
	ignored[Fin](),
	value("id", true, func(f *Fin) *string { return &f.ID }, rowID),
	value("motif", true, func(f *Fin) *string { return &f.Motif }, enum(MotifDeces, MotifSortie, MotifErreur)),
	value("date", true, func(f *Fin) *civil.Date { return &f.On }, day),
}

var personneMembers = []member[Personne]{
	ignored[Personne](),
	value("id", true, func(p *Personne) *string { return &p.ID }, rowID),
	value("nir", false, func(p *Personne) *nir.NIR { return &p.NIR }, number),
	value("nom_famille", true, func(p *Personne) *string { return &p.NomFamille }, line),
	value("nom_usage", false, func(p *Personne) *string { return &p.NomUsage }, line),
	list("prenoms", func(p *Personne) *[]string { return &p.Prenoms }, stringList(maxPrenoms, line)),
	{"prenoms_complets", false, func(c *cursor, p *Personne) (r Rule) { p.PrenomsComplets, r = c.boolean(); return r }},
	value("date_naissance", true, func(p *Personne) *civil.Date { return &p.NaissanceOn }, birthday),
	value("sexe", false, func(p *Personne) *droits.Sexe { return &p.Sexe }, enum(droits.Masculin, droits.Feminin)),
	value("lieu_naissance", false, func(p *Personne) *string { return &p.LieuNaissance }, commune),
	value("pays_naissance", false, func(p *Personne) *string { return &p.PaysNaissance }, country),
	{"servie", false, func(c *cursor, p *Personne) (r Rule) { p.Servie, r = c.boolean(); return r }},
	value("date_deces", false, func(p *Personne) *civil.Date { return &p.DecesOn }, day),
	list("nir_precedents", func(p *Personne) *[]nir.NIR { return &p.NIRPrecedents }, stringList(maxLinks, number)),
	list("rattachements", func(p *Personne) *[]Rattachement { return &p.Rattachements }, readList(maxLinks, rattachementMembers, wholeRattachement)),
}

var rattachementMembers = []member[Rattachement]{
	value("ouvrant", true, func(r *Rattachement) *string { return &r.Ouvrant }, rowID),
	value("qualite", true, func(r *Rattachement) *droits.Qualite { return &r.Qualite }, enum(droits.Qualites()...)),
	{"rang_naissance", false, readRank},
	value("caisse", false, func(r *Rattachement) *string { return &r.Caisse.ID }, code(5, 5, true)),
	value("date_debut", true, func(r *Rattachement) *civil.Date { return &r.Periode.From }, day),
	value("date_fin", false, func(r *Rattachement) *civil.Date { return &r.Periode.To }, day),
	list("contrats", func(r *Rattachement) *[]droits.Contrat { return &r.Contrats }, readList(maxItems, contratMembers, wholeContrat)),
	list("exonerations", func(r *Rattachement) *[]droits.Exoneration { return &r.Exonerations }, readList(maxItems, exonerationMembers, wholeExoneration)),
	list("medecins_traitants", func(r *Rattachement) *[]droits.MedecinTraitant { return &r.MedecinsTraitants }, readList(maxItems, medecinMembers, wholeMedecin)),
	list("complementaires", func(r *Rattachement) *[]droits.Complementaire { return &r.Complementaires }, readList(maxItems, complementaireMembers, wholeComplementaire)),
	list("arrets_travail", func(r *Rattachement) *[]droits.ArretTravail { return &r.ArretsTravail }, readList(maxItems, arretMembers, wholeArret)),
	list("risques_professionnels", func(r *Rattachement) *[]droits.RisqueProfessionnel { return &r.RisquesProfessionnels }, readList(maxItems, risqueMembers, wholeRisque)),
}

// dates makes the two members of a period.
func dates[T any](needFrom bool, to func(*T) *civil.Period) []member[T] {
	return []member[T]{
		value("date_debut", needFrom, func(v *T) *civil.Date { return &to(v).From }, day),
		value("date_fin", false, func(v *T) *civil.Date { return &to(v).To }, day),
	}
}

var periodeMembers = dates(true, func(p *civil.Period) *civil.Period { return p })

var contratMembers = append(dates(true, func(k *droits.Contrat) *civil.Period { return &k.Periode }),
	value("nature_assurance", true, func(k *droits.Contrat) *droits.NatureAssurance { return &k.Nature }, enum(droits.AMO, droits.AMC)),
	value("code_type_contrat", true, func(k *droits.Contrat) *string { return &k.CodeType },
		enum(droits.ContratBase, droits.ContratCMUC, droits.ContratACS, droits.ContratC2S, droits.ContratC2SP)),
	list("periodes_droits", func(k *droits.Contrat) *[]civil.Period { return &k.Droits }, readList(maxItems, periodeMembers, wholePeriod)),
)

var materniteMembers = []member[droits.Maternite]{
	value("date_presumee_grossesse", false, func(m *droits.Maternite) *civil.Date { return &m.PresumeeOn }, day),
	value("date_reelle_accouchement", false, func(m *droits.Maternite) *civil.Date { return &m.AccouchementOn }, day),
}

var exonerationMembers = append(dates(true, func(e *droits.Exoneration) *civil.Period { return &e.Periode }),
	value("code", true, func(e *droits.Exoneration) *string { return &e.Code }, enum(droits.CodesExoneration()...)),
	member[droits.Exoneration]{"maternite", false, func(c *cursor, e *droits.Exoneration) Rule {
		e.Maternite = new(droits.Maternite)
		return readObject(c, materniteMembers, e.Maternite)
	}},
)

var medecinMembers = append(dates(true, func(m *droits.MedecinTraitant) *civil.Period { return &m.Periode }),
	value("nom", true, func(m *droits.MedecinTraitant) *string { return &m.Nom }, line),
	value("prenom", false, func(m *droits.MedecinTraitant) *string { return &m.Prenom }, line),
	value("numero_am", false, func(m *droits.MedecinTraitant) *string { return &m.NumeroAM }, code(9, 9, false)),
)

var complementaireMembers = append(dates(false, func(m *droits.Complementaire) *civil.Period { return &m.Periode }),
	value("organisme", true, func(m *droits.Complementaire) *string { return &m.Organisme }, line),
	value("numero_organisme", false, func(m *droits.Complementaire) *string { return &m.NumeroOrganisme }, line),
	value("numero_contrat", false, func(m *droits.Complementaire) *string { return &m.NumeroContrat }, line),
)

var arretMembers = append(dates(true, func(a *droits.ArretTravail) *civil.Period { return &a.Periode }),
	value("nature", true, func(a *droits.ArretTravail) *string { return &a.Nature },
		enum(droits.NatureMaladie, droits.NatureMaternite, droits.NatureAccidentTravail, droits.NatureMaladiePro)),
	value("numero", false, func(a *droits.ArretTravail) *string { return &a.Numero }, line),
)

var risqueMembers = append(dates(true, func(v *droits.RisqueProfessionnel) *civil.Period { return &v.Periode }),
	value("nature", true, func(v *droits.RisqueProfessionnel) *string { return &v.Nature },
		enum(droits.NatureMaladie, droits.NatureMaternite, droits.NatureAccidentTravail, droits.NatureMaladiePro)),
)
