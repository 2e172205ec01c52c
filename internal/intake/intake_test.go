package intake

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/fault"
)

const (
	head   = `{"type":"entete","format":"droits/1","jeu":"complet","date_reference":"2026-11-22"}` + "\n"
	delta  = `{"type":"entete","format":"droits/1","jeu":"delta","date_reference":"2026-11-22"}` + "\n"
	fund   = `{"type":"caisse","id":"01261","code_centre":"0000","grand_regime":"01","organisme":"CPAM","libelle":"CPAM fictive","adresse":{"destinataire":"CPAM","point_remise":"a","complement_adresse":"b","numero_voie":"1","indice_repetition":"bis","type_voie":"RUE","nom_voie":"DE L'EXEMPLE","mention_distribution":"BP 1","code_postal":"26999","commune":"VILLE"}}` + "\n"
	person = `{"type":"personne","id":"p1","nir":"1 85 03 12 047 912 74","nom_famille":"DURIEU","nom_usage":"L’Œuf","prenoms":["Cl\u00e9o","Anne"],"prenoms_complets":true,` +
		`"date_naissance":"1985-03-14","sexe":"M","lieu_naissance":"12047","pays_naissance":"99100","servie":true,"date_deces":"2026-01-01","nir_precedents":["795039920391710"],` +
		`"rattachements":[{"ouvrant":"p1","qualite":"assure","rang_naissance":1,"caisse":"01261","date_debut":"2010-01-01","date_fin":"2030-01-01",` +
		`"contrats":[{"nature_assurance":"AMC","code_type_contrat":"C2S","date_debut":"2026-01-01","date_fin":"2026-12-31","periodes_droits":[{"date_debut":"2026-01-01","date_fin":"2026-12-31"}]}],` +
		`"exonerations":[{"code":"MAT","date_debut":"2026-01-01","maternite":{"date_presumee_grossesse":"2026-01-02","date_reelle_accouchement":"2026-09-30"}}],` +
		`"medecins_traitants":[{"nom":"X","prenom":"Y","numero_am":"999910000","date_debut":"2020-01-01"}],` +
		`"complementaires":[{"organisme":"M","numero_organisme":"1","numero_contrat":"2","date_debut":"2020-01-01"}],` +
		`"arrets_travail":[{"nature":"maladie","numero":"3","date_debut":"2026-11-01"}],` +
		`"risques_professionnels":[{"nature":"maladie_professionnelle","date_debut":"2026-11-01"}]}]}` + "\n"
)

// keep is a Sink that keeps rows.
type keep struct {
	rows    []Row
	refuse  func(Row) (Rule, error)
	late    []Reject
	ended   bool
	aborted bool
}

func (k *keep) Begin(context.Context, Header, *Resume) error { return nil }
func (k *keep) Prepare([]Row) (any, error)                   { return nil, nil }
func (k *keep) Put(_ context.Context, b Batch) (out []Reject, err error) {
	for _, r := range b.Rows {
		if k.refuse != nil {
			rule, err := k.refuse(r)
			if err != nil {
				return out, err
			}
			if rule != "" {
				out = append(out, r.Refused(rule, "id"))
				continue
			}
		}
		k.rows = append(k.rows, r)
	}
	return out, nil
}
func (k *keep) End(context.Context, func(string, int64, int64)) ([]Reject, error) {
	for _, r := range k.rows {
		if r.Personne != nil && r.Personne.Servie || r.Fin != nil {
			k.ended = true
			return k.late, nil
		}
	}
	return k.late, NothingLeft()
}
func (k *keep) Abort(error) { k.aborted = true }

func TestEveryMemberIsRead(t *testing.T) {
	k := &keep{}
	s, err := Run(context.Background(), Options{Reader: strings.NewReader(head + fund + person), Sink: k, Today: civil.MustParse("2026-11-22")})
	if err != nil || s.Rejected != 0 || s.Lines != 3 || s.Caisses != 1 || s.Personnes != 1 || !k.ended || k.aborted {
		t.Fatalf("%+v %v", s, err)
	}
	if s.Bytes != int64(len(head+fund+person)) || s.Header != (Header{Complet, civil.MustParse("2026-11-22")}) {
		t.Errorf("%+v", s)
	}
	c, p := k.rows[0].Caisse, k.rows[1].Personne
	if c.ID != "01261" || c.Adresse.IndiceRepetition != "bis" || c.Adresse.Commune != "VILLE" || k.rows[1].Line != 3 {
		t.Errorf("%+v", c)
	}
	r := p.Rattachements[0]
	for what, ok := range map[string]bool{
		"identity":       p.ID == "p1" && p.NIR.Kind() == 1 && p.NomUsage == "L’Œuf" && p.Prenoms[0] == "Cléo" && p.PrenomsComplets && p.Servie,
		"birth":          p.NaissanceOn == civil.Of(1985, 3, 14) && p.Sexe == "M" && p.LieuNaissance == "12047" && p.PaysNaissance == "99100",
		"death":          p.DecesOn == civil.Of(2026, 1, 1),
		"predecessor":    len(p.NIRPrecedents) == 1 && p.NIRPrecedents[0].Kind() == 7,
		"link":           r.Ouvrant == "p1" && r.Qualite == "assure" && r.RangNaissance == 1 && r.Caisse.ID == "01261" && r.Periode.String() == "2010-01-01/2030-01-01",
		"contract":       r.Contrats[0].Nature == "AMC" && r.Contrats[0].CodeType == "C2S" && r.Contrats[0].Droits[0].To == civil.Of(2026, 12, 31),
		"exemption":      r.Exonerations[0].Code == "MAT" && r.Exonerations[0].Maternite.AccouchementOn == civil.Of(2026, 9, 30),
		"doctor":         r.MedecinsTraitants[0].NumeroAM == "999910000" && r.MedecinsTraitants[0].Periode.To == 0,
		"complementary":  r.Complementaires[0].NumeroContrat == "2",
		"leave and risk": r.ArretsTravail[0].Numero == "3" && r.RisquesProfessionnels[0].Nature == "maladie_professionnelle",
	} {
		if !ok {
			t.Errorf("%s: read wrongly", what)
		}
	}
}

// changed is the person with one text replaced by another.
func changed(old, new string) string {
	if !strings.Contains(person, old) {
		panic("test: nothing to replace: " + old)
	}
	return strings.Replace(person, old, new, 1)
}

func TestARowIsRefusedWithItsRule(t *testing.T) {
	long := strings.Repeat("é", 301)
	for name, c := range map[string]struct {
		line   string
		rule   Rule
		member string
	}{
		"not JSON":                                {"bonjour\n", JSONInvalid, ""},
		"an array":                                {"[]\n", JSONInvalid, ""},
		"two objects on a line":                   {`{"type":"fin"} {"type":"fin"}` + "\n", JSONInvalid, ""},
		"a comma too many":                        {changed(`"sexe":"M",`, `"sexe":"M",,`), JSONInvalid, ""},
		"a missing colon":                         {changed(`"sexe":"M"`, `"sexe" "M"`), JSONInvalid, ""},
		"a number with a leading zero":            {changed(`"rang_naissance":1`, `"rang_naissance":01`), JSONInvalid, ""},
		"a lone surrogate":                        {changed(`Cl\u00e9o`, `Cl\ud800o`), JSONInvalid, ""},
		"an unknown escape":                       {changed(`Cl\u00e9o`, `Cl\x41o`), JSONInvalid, ""},
		"a raw control character":                 {changed(`DURIEU`, "DUR\x01IEU"), JSONInvalid, ""},
		"nesting without end":                     {`{"type":"personne","x":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "}\n", JSONInvalid, ""},
		"an empty line":                           {"\n", LineEmpty, ""},
		"a line of spaces":                        {"   \r\n", LineEmpty, ""},
		"a line over 1 MiB":                       {`{"type":"personne","id":"` + strings.Repeat("x", maxLine) + `"}` + "\n", LineTooLong, ""},
		"no type":                                 {`{"id":"p1"}` + "\n", TypeMissing, ""},
		"an unknown type":                         {`{"type":"medecin"}` + "\n", TypeUnknown, ""},
		"a type that is a number":                 {`{"type":1}` + "\n", TypeUnknown, ""},
		"a second header":                         {head, HeaderTwice, ""},
		"an unknown member":                       {changed(`"sexe":"M"`, `"sexe":"M","profession":"x"`), MemberUnknown, ""},
		"an unknown member inside a link":         {changed(`"caisse":"01261"`, `"caisse":"01261","x":1`), MemberUnknown, "rattachements"},
		"a member in another case":                {changed(`"sexe"`, `"Sexe"`), MemberUnknown, ""},
		"a member twice":                          {changed(`"sexe":"M"`, `"sexe":"M","sexe":"F"`), MemberTwice, "sexe"},
		"no id":                                   {changed(`"id":"p1",`, ``), MemberMissing, "id"},
		"no family name":                          {changed(`"nom_famille":"DURIEU",`, ``), MemberMissing, "nom_famille"},
		"no birth date":                           {changed(`"date_naissance":"1985-03-14",`, ``), MemberMissing, "date_naissance"},
		"no date_debut in a link":                 {changed(`"date_debut":"2010-01-01",`, ``), MemberMissing, "date_debut"},
		"null":                                    {changed(`"sexe":"M"`, `"sexe":null`), ValueNull, "sexe"},
		"null for a list":                         {changed(`"prenoms":["Cl\u00e9o","Anne"]`, `"prenoms":null`), ValueNull, "prenoms"},
		"null for an object":                      {changed(`{"date_presumee_grossesse":"2026-01-02","date_reelle_accouchement":"2026-09-30"}`, `null`), ValueNull, "maternite"},
		"a number for a text":                     {changed(`"DURIEU"`, `12`), ValueType, "nom_famille"},
		"a text for a boolean":                    {changed(`"servie":true`, `"servie":"oui"`), ValueType, "servie"},
		"a text for a number":                     {changed(`"rang_naissance":1`, `"rang_naissance":"1"`), ValueType, "rang_naissance"},
		"a text for a list":                       {changed(`"prenoms":["Cl\u00e9o","Anne"]`, `"prenoms":"Cleo"`), ValueType, "prenoms"},
		"no given name":                           {changed(`["Cl\u00e9o","Anne"]`, `[]`), ValueTooMany, "prenoms"},
		"too many given names":                    {changed(`["Cl\u00e9o","Anne"]`, `["a"`+strings.Repeat(`,"a"`, maxPrenoms)+`]`), ValueTooMany, "prenoms"},
		"a blank name":                            {changed(`DURIEU`, ` `), TextInvalid, "nom_famille"},
		"an empty name":                           {changed(`DURIEU`, ``), TextInvalid, "nom_famille"},
		"an escaped control character":            {changed(`DURIEU`, `DU\u0000RIEU`), TextInvalid, "nom_famille"},
		"a right-to-left override":                {changed(`DURIEU`, `DU\u202eRIEU`), TextInvalid, "nom_famille"},
		"a name of 301 characters":                {changed(`DURIEU`, long), TextInvalid, "nom_famille"},
		"an empty id":                             {changed(`"id":"p1"`, `"id":""`), IDInvalid, "id"},
		"an id with a space":                      {changed(`"id":"p1"`, `"id":"p 1"`), IDInvalid, "id"},
		"an id of 65 characters":                  {changed(`"id":"p1"`, `"id":"`+strings.Repeat("a", 65)+`"`), IDInvalid, "id"},
		"R10 an id that is a NIR":                 {changed(`"id":"p1"`, `"id":"185031204791274"`), IDLikeNIR, "id"},
		"R10 an id that holds a Corsican NIR":     {changed(`"id":"p1"`, `"id":"x-199-02-2A-041-911"`), IDLikeNIR, "id"},
		"R10 an opener's id that is a NIR":        {changed(`"ouvrant":"p1"`, `"ouvrant":"1850312047912"`), IDLikeNIR, "ouvrant"},
		"a date that does not exist":              {changed(`"date_deces":"2026-01-01"`, `"date_deces":"2026-02-30"`), DateInvalid, "date_deces"},
		"an incomplete date elsewhere than birth": {changed(`"date_deces":"2026-01-01"`, `"date_deces":"2026-01-00"`), DateInvalid, "date_deces"},
		"a birth date without its month":          {changed(`1985-03-14`, `1985-00-14`), DateInvalid, "date_naissance"},
		"birth before 1850":                       {changed(`1985-03-14`, `1849-12-31`), BirthOutOfRange, "date_naissance"},
		"birth after the reference":               {changed(`1985-03-14`, `2026-11-23`), BirthOutOfRange, "date_naissance"},
		"death before birth":                      {changed(`"date_deces":"2026-01-01"`, `"date_deces":"1985-03-13"`), DeathBeforeBirth, "date_deces"},
		"a link that ends before it starts":       {changed(`"date_fin":"2030-01-01"`, `"date_fin":"2009-12-31"`), PeriodReversed, "date_fin"},
		"a contract that ends before it starts":   {changed(`"date_fin":"2026-12-31","periodes`, `"date_fin":"2025-12-31","periodes`), PeriodReversed, "date_fin"},
		"R12 a NIR with a wrong key":              {changed(`912 74`, `912 75`), NIRInvalid, "nir"},
		"R12 a predecessor with a wrong key":      {changed(`795039920391710`, `795039920391711`), NIRInvalid, "nir_precedents"},
		"nobody to go through and no NIR":         {changed(`"nir":"1 85 03 12 047 912 74",`, ``), NIRMissing, "nir"},
		"a commune that is a name":                {changed(`"12047"`, `"Rodez"`), PlaceInvalid, "lieu_naissance"},
		"a country that is ISO":                   {changed(`"pays_naissance":"99100"`, `"pays_naissance":"FR"`), PlaceInvalid, "pays_naissance"},
		"a commune abroad":                        {changed(`"pays_naissance":"99100"`, `"pays_naissance":"99139"`), PlaceDisagrees, "lieu_naissance"},
		"a sex outside the list":                  {changed(`"sexe":"M"`, `"sexe":"H"`), ValueEnum, "sexe"},
		"a quality outside the list":              {changed(`"qualite":"assure"`, `"qualite":"cousin"`), ValueEnum, "qualite"},
		"an exemption code outside the list":      {changed(`"code":"MAT"`, `"code":"L324"`), ValueEnum, "code"},
		"a nature outside the list":               {changed(`"nature":"maladie"`, `"nature":"conge"`), ValueEnum, "nature"},
		"assure under somebody else":              {changed(`"ouvrant":"p1"`, `"ouvrant":"p2"`), QualiteSelf, "qualite"},
		"a child of oneself":                      {changed(`"qualite":"assure"`, `"qualite":"enfant"`), QualiteSelf, "qualite"},
		"C2S as basic cover":                      {changed(`"nature_assurance":"AMC"`, `"nature_assurance":"AMO"`), ContratNature, "code_type_contrat"},
		"maternity dates on another code":         {changed(`"code":"MAT"`, `"code":"LIS"`), MaterniteCode, "maternite"},
		"rank 0":                                  {changed(`"rang_naissance":1`, `"rang_naissance":0`), RankOutOfRange, "rang_naissance"},
		"rank 10":                                 {changed(`"rang_naissance":1`, `"rang_naissance":10`), RankOutOfRange, "rang_naissance"},
		"rank 1.5":                                {changed(`"rang_naissance":1`, `"rang_naissance":1.5`), RankOutOfRange, "rang_naissance"},
		"a caisse of four characters":             {changed(`"caisse":"01261"`, `"caisse":"0126"`), CodeInvalid, "caisse"},
		"a doctor's number of eight digits":       {changed(`999910000`, `99991000`), CodeInvalid, "numero_am"},
		"a caisse of another scheme":              {strings.Replace(fund, `"grand_regime":"01"`, `"grand_regime":"02"`, 1), CaisseRegime, "grand_regime"},
		"a sentinel with rights":                  {changed(`"servie":true`, `"servie":false`), SentinelRights, "servie"},
		"a fin in a complete load":                {`{"type":"fin","id":"p1","motif":"sortie","date":"2026-11-01"}` + "\n", FinInComplet, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := NewReader(strings.NewReader(head + c.line + fund))
			if err != nil {
				t.Fatal(err)
			}
			_, bad, err := r.Next()
			if err != nil || bad == nil || bad.Rule != c.rule || bad.Member != c.member || bad.Line != 2 {
				t.Fatalf("%+v %v, not %s %s", bad, err, c.rule, c.member)
			}
			if bad.Rule.Text() == "" {
				t.Error("the rule has no sentence")
			}
			if c.rule == IDLikeNIR && strings.ContainsAny(bad.ID, "0123456789") && bad.ID != "p1" {
				t.Error("R10 the reject repeats the number")
			}
			if row, bad, err := r.Next(); err != nil || bad != nil || row.Caisse == nil {
				t.Error("the line after a refused one is not read")
			}
		})
	}
}

func TestARowIsAcceptedAlthoughUnusual(t *testing.T) {
	for name, line := range map[string]string{
		"type comes last":                      `{"id":"p2","nir":"1850312047912","nom_famille":"X","prenoms":["Y"],"date_naissance":"1985-00-00","type":"personne"}` + "\n",
		"spaces everywhere and CRLF":           ` { "type" : "personne" , "id" : "p2" , "nir":"1850312047912","nom_famille":"X","prenoms":[ "Y" ],"date_naissance":"1985-03-14" } ` + "\r\n",
		"R12 a NIR that denies the sex":        changed(`"sexe":"M"`, `"sexe":"F"`),
		"R12 a NIR that denies the birth year": changed(`1985-03-14`, `2012-03-14`),
		"R12 a birth date without its day":     changed(`1985-03-14`, `1985-03-00`),
		"a surrogate pair in a name":           changed(`DURIEU`, `DU\ud835\udc00RIEU`),
		"R12 Corsica 2A":                       changed(`"12047"`, `"2A004"`),
		"a sentinel":                           `{"type":"personne","id":"s","nir":"1850312047912","nom_famille":"X","prenoms":["Y"],"prenoms_complets":true,"date_naissance":"1985-03-14","sexe":"M","servie":false}` + "\n",
		"R12 a child without a NIR":            `{"type":"personne","id":"e","nom_famille":"X","prenoms":["Y"],"date_naissance":"2026-11-01","rattachements":[{"ouvrant":"p1","qualite":"enfant","rang_naissance":2,"date_debut":"2026-11-01"}]}` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			r, err := NewReader(strings.NewReader(head + line))
			if err != nil {
				t.Fatal(err)
			}
			row, bad, err := r.Next()
			if err != nil || bad != nil || row.Personne == nil {
				t.Fatalf("%+v %v", bad, err)
			}
		})
	}
}

func TestAFileIsRefusedWhole(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		rule Rule
	}{
		"an empty file":                   {"", FileEmpty},
		"no header":                       {fund + person, HeaderMissing},
		"a header that is not the first":  {"\n" + head, HeaderMissing},
		"not JSON at all":                 {"PK\x03\x04 zip\n", HeaderMissing},
		"another format":                  {strings.Replace(head, "droits/1", "droits/9", 1), HeaderFormat},
		"a kind of load that is unknown":  {strings.Replace(head, "complet", "partiel", 1), HeaderInvalid},
		"a header without its date":       {`{"type":"entete","format":"droits/1","jeu":"delta"}` + "\n", HeaderInvalid},
		"a header with an unknown member": {strings.Replace(head, `"jeu"`, `"x":1,"jeu"`, 1), HeaderInvalid},
		"a header of tomorrow":            {strings.Replace(head, "2026-11-22", "2026-11-23", 1) + person, HeaderFuture},
		"cut in the middle of an object":  {head + fund + person[:200], FileTruncated},
		"cut just before the line's end":  {head + person[:len(person)-2], FileTruncated},
		"a long line without an end":      {head + strings.Repeat("x", maxLine+10), FileTruncated},
		"Latin-1":                         {head + strings.Replace(person, "L’Œuf", "L\xe9o", 1), FileNotUTF8},
		"UTF-16":                          {"\xff\xfe{\x00", FileTruncated},
		"nobody is accepted":              {head + fund, NothingAccepted},
		"sentinels only":                  {head + `{"type":"personne","id":"s","nir":"1850312047912","nom_famille":"X","prenoms":["Y"],"date_naissance":"1985-03-14","servie":false}` + "\n", NothingAccepted},
	} {
		t.Run(name, func(t *testing.T) {
			k := &keep{}
			_, err := Run(context.Background(), Options{Reader: strings.NewReader(c.file), Sink: k, Today: civil.MustParse("2026-11-22")})
			f := fault.From(err)
			if err == nil || f.Code() != fault.ParametreInvalide || f.Reason() != string(c.rule) {
				t.Fatalf("%v, not %s", err, c.rule)
			}
			if k.ended {
				t.Error("something of the load may be visible")
			}
			if c.rule.Text() == "" {
				t.Error("the rule has no sentence")
			}
		})
	}
}

func TestTheEndOfTheLastLineMayBeMissing(t *testing.T) {
	s, err := Run(context.Background(), Options{Reader: strings.NewReader("\ufeff" + head + strings.TrimSpace(person)), DryRun: true})
	if fault.From(err).Reason() != string(NothingAccepted) || s.Rejected != 1 || s.ByRule[CaisseUnknown] != 1 {
		t.Fatalf("%+v %v", s, err)
	}
}

func TestDelta(t *testing.T) {
	k := &keep{}
	s, err := Run(context.Background(), Options{Reader: strings.NewReader(delta + `{"type":"fin","id":"p1","motif":"deces","date":"2026-11-01"}` + "\n"), Sink: k})
	if err != nil || s.Fins != 1 || k.rows[0].Fin.Motif != MotifDeces || k.rows[0].Fin.On != civil.Of(2026, 11, 1) {
		t.Fatalf("%+v %v", s, err)
	}
}

func TestReferencesAreChecked(t *testing.T) {
	other := strings.NewReplacer(`"id":"p1"`, `"id":"p2"`, `"ouvrant":"p1"`, `"ouvrant":"p2"`, "1 85 03 12 047 912 74", "1850312047911").Replace(person)
	sentinel := `{"type":"personne","id":"s","nir":"1850312047910","nom_famille":"X","prenoms":["Y"],"date_naissance":"1985-03-14","servie":false}` + "\n"
	childOf := func(id string) string {
		return `{"type":"personne","id":"e","nom_famille":"X","prenoms":["Y"],"date_naissance":"2026-11-01","rattachements":[{"ouvrant":"` + id + `","qualite":"enfant","date_debut":"2026-11-01"}]}` + "\n"
	}
	for name, c := range map[string]struct {
		lines string
		rule  Rule
		line  string
	}{
		"a reference may point forward": {childOf("p1") + fund + person, "", ""},
		"an opener who is nowhere":      {fund + person + childOf("p9"), OuvrantUnknown, `"line":4`},
		"an opener who is a sentinel":   {fund + person + sentinel + childOf("s"), OuvrantUnknown, `"line":5`},
		"a caisse that is nowhere":      {person + childOf("p1"), CaisseUnknown, `"line":2`},
		"two people of one id":          {fund + person + strings.Replace(other, `"id":"p2"`, `"id":"p1"`, 1), QualiteSelf, `"line":4`},
		"the same line twice":           {fund + person + person, IDTwice, `"line":4`},
		"two people of one NIR":         {fund + person + strings.Replace(other, "1850312047911", "1850312047912", 1), NIRTwice, `"line":4`},
		"a caisse twice":                {fund + fund + person, IDTwice, `"line":3`},
		"two people and their caisse":   {fund + person + other, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			s, err := Run(context.Background(), Options{Reader: strings.NewReader(head + c.lines), DryRun: true, Rejects: &out})
			if err != nil && c.rule != CaisseUnknown {
				t.Fatal(err)
			}
			if c.rule == "" && s.Rejected != 0 || c.rule != "" && (s.ByRule[c.rule] != 1 || !strings.Contains(out.String(), c.line)) {
				t.Errorf("%+v %s", s, out.String())
			}
		})
	}
}

func TestTheSinkMayRefuse(t *testing.T) {
	t.Run("one row, which is counted and written", func(t *testing.T) {
		k := &keep{refuse: func(r Row) (Rule, error) {
			if r.Caisse != nil {
				return IDTwice, nil
			}
			return "", nil
		}}
		var out strings.Builder
		s, err := Run(context.Background(), Options{Reader: strings.NewReader(head + fund + person), Sink: k, Rejects: &out})
		if err != nil || s.Caisses != 0 || s.Personnes != 1 || s.Rejected != 1 || out.String() != `{"line":2,"type":"caisse","id":"01261","rule":"ID_TWICE","member":"id"}`+"\n" {
			t.Errorf("%+v %v %s", s, err, out.String())
		}
	})
	t.Run("rows at the end, which are no longer counted as accepted", func(t *testing.T) {
		k := &keep{late: []Reject{{Line: 3, Type: TypePersonne, ID: "p1", Rule: CaisseUnknown}}}
		s, err := Run(context.Background(), Options{Reader: strings.NewReader(head + fund + person), Sink: k})
		if err != nil || s.Personnes != 0 || s.Rejected != 1 {
			t.Errorf("%+v %v", s, err)
		}
	})
	t.Run("everything, and is aborted", func(t *testing.T) {
		full := errors.New("disk full")
		k := &keep{refuse: func(Row) (Rule, error) { return "", full }}
		if _, err := Run(context.Background(), Options{Reader: strings.NewReader(head + fund), Sink: k}); !errors.Is(err, full) || !k.aborted || k.ended {
			t.Errorf("%v", err)
		}
	})
	t.Run("a cancelled context aborts", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		k := &keep{}
		if _, err := Run(ctx, Options{Reader: strings.NewReader(head + fund), Sink: k}); !errors.Is(err, context.Canceled) || !k.aborted {
			t.Errorf("%v", err)
		}
	})
}

func TestRejectsHoldNoValue(t *testing.T) {
	t.Run("R10 the reject file and the errors repeat nothing of a line", func(t *testing.T) {
		lines := strings.NewReplacer("912 74", "912 75").Replace(person) + changed(`"id":"p1"`, `"id":"1850312047912"`) + changed("DURIEU", "DU\\u0001RIEU") + changed(`"sexe":"M"`, `"DURIEU":"M"`)
		var out strings.Builder
		_, err := Run(context.Background(), Options{Reader: strings.NewReader(head + lines), DryRun: true, Rejects: &out})
		text := out.String() + err.Error()
		for _, value := range []string{"DU", "1985", "85 03", "12047", "Cl", "uf"} {
			if strings.Contains(text, value) {
				t.Errorf("%q is repeated", value)
			}
		}
		if strings.Count(out.String(), "\n") != 4 {
			t.Error("one line a reject")
		}
	})
}

// write writes a file through a compressor and returns its path.
func write(t *testing.T, name string, compress func(io.Writer) io.WriteCloser, content string) string {
	t.Helper()
	var b bytes.Buffer
	w := compress(&b)
	if _, err := io.WriteString(w, content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func gz(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }
func zst(w io.Writer) io.WriteCloser {
	z, err := zstd.NewWriter(w)
	if err != nil {
		panic(err)
	}
	return z
}

type plain struct{ io.Writer }

func (plain) Close() error { return nil }

func TestCompressedFiles(t *testing.T) {
	for name, compress := range map[string]func(io.Writer) io.WriteCloser{"a.ndjson": func(w io.Writer) io.WriteCloser { return plain{w} }, "a.ndjson.gz": gz, "a.ndjson.zst": zst} {
		t.Run(name, func(t *testing.T) {
			path := write(t, name, compress, head+fund+person)
			var read, total int64
			var lines int
			s, err := Run(context.Background(), Options{Path: path, DryRun: true, Progress: func(p Progress) { read, total, lines = p.Done, p.Total, p.Lines }})
			if err != nil || s.Personnes != 1 || s.Rejected != 0 {
				t.Fatalf("%+v %v", s, err)
			}
			if read != total || total == 0 || lines != 3 {
				t.Errorf("progress ends at %d of %d bytes, %d lines", read, total, lines)
			}
			if strings.HasSuffix(name, "json") {
				return
			}
			b, _ := os.ReadFile(path)
			if err := os.WriteFile(path, b[:len(b)-12], 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Run(context.Background(), Options{Path: path, DryRun: true}); err == nil || fault.From(err).Reason() != string(FileUnreadable) {
				t.Errorf("a cut file: %v", err)
			}
		})
	}
	t.Run("a plain file named as compressed", func(t *testing.T) {
		for _, name := range []string{"a.gz", "a.zst"} {
			path := write(t, name, func(w io.Writer) io.WriteCloser { return plain{w} }, head)
			if _, err := Open(path); err == nil || fault.From(err).Reason() != string(FileUnreadable) {
				t.Errorf("%v", err)
			}
		}
	})
	t.Run("a compressed file named as plain", func(t *testing.T) {
		for _, compress := range []func(io.Writer) io.WriteCloser{gz, zst} {
			if _, err := Open(write(t, "a.ndjson", compress, head)); err == nil || fault.From(err).Reason() != string(FileCompressed) {
				t.Errorf("%v", err)
			}
		}
	})
	t.Run("a file that is not there, whose name is not repeated", func(t *testing.T) {
		_, err := Open(filepath.Join(t.TempDir(), "185031204791274.ndjson"))
		if err == nil || strings.Contains(err.Error(), "1850") || !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%v", err)
		}
	})
}

func TestEveryRuleIsExplainedOnce(t *testing.T) {
	seen := map[Rule]bool{}
	for _, r := range Rules() {
		if seen[r.Rule] || r.Text == "" || !strings.HasSuffix(r.Text, ".") || strings.ToUpper(string(r.Rule)) != string(r.Rule) {
			t.Errorf("%s", r.Rule)
		}
		seen[r.Rule] = true
	}
	if Rule("AUTRE").Text() != "" {
		t.Error("an unknown rule has a sentence")
	}
}

func FuzzReader(f *testing.F) {
	for _, s := range []string{head, head + fund + person, delta + `{"type":"fin","id":"p1","motif":"deces","date":"2026-11-01"}`, "", "\ufeff" + head, head + "{\"type\":\"personne\",\"a\":[1,-0.5e+9,true,null,{\"b\":\"\\u00e9\\ud83d\\ude00\"}]}\r\n", head + "\n\n\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := NewReader(bytes.NewReader(b))
		if err != nil {
			return
		}
		for lines := 0; ; lines++ {
			row, bad, err := r.Next()
			if err != nil {
				return
			}
			set := 0
			for _, is := range []bool{row.Caisse != nil, row.Personne != nil, row.Fin != nil, bad != nil} {
				if is {
					set++
				}
			}
			if set != 1 || lines > len(b) {
				t.Fatal("a line is exactly one row or one reject")
			}
			if bad != nil && bad.Rule.Text() == "" {
				t.Error("a reject without a rule")
			}
			if p := row.Personne; p != nil && (p.NomFamille == "" || len(p.Prenoms) == 0 || p.NaissanceOn.IsZero()) {
				t.Error("an accepted person without an identity")
			}
		}
	})
}

// FuzzLine checks one line against the standard library: what we accept is
// JSON, what is not JSON is refused as such.
func FuzzLine(f *testing.F) {
	for _, s := range []string{fund, person, `{"type":"fin","id":"p1","motif":"deces","date":"2026-11-01"}`, `{"type":"personne","a":[1,-0.5e+9,true,null,{"b":"\u00e9\ud83d\ude00"}]}`, `{"type":"entete"}`, `{"a":01}`, "{}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if !utf8.Valid(b) {
			return
		}
		row, bad := parse(b, 2, Header{Delta, civil.MustParse("2026-11-22")})
		switch {
		case (bad == nil) != (row != Row{}):
			t.Error("neither a row nor a reject")
		case bad == nil && !json.Valid(b):
			t.Error("what is not JSON is accepted")
		case bad != nil && !json.Valid(b) && bad.Rule != JSONInvalid:
			t.Errorf("what is not JSON is refused as %s", bad.Rule)
		}
		if bad != nil && bad.ID != "" {
			if _, rule := rowID(bad.ID); rule != "" {
				t.Error("R10 an id that is not one is repeated")
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	file := head + strings.Repeat(person, 1000)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		r, err := NewReader(strings.NewReader(file))
		if err != nil {
			b.Fatal(err)
		}
		for err == nil {
			_, _, err = r.Next()
		}
	}
}

func TestASinkThatFailsStopsTheReading(t *testing.T) {
	var b strings.Builder
	b.WriteString(head + fund)
	for range 2500 {
		b.WriteString(person)
	}
	path := write(t, "a.ndjson.zst", zst, b.String())
	full := errors.New("disk full")
	before := runtime.NumGoroutine()
	for i := range 21 {
		left := i % 7
		k := &keep{refuse: func(Row) (Rule, error) {
			if left--; left < 0 {
				return "", full
			}
			return "", nil
		}}
		if _, err := Run(context.Background(), Options{Path: path, Sink: k}); !errors.Is(err, full) {
			t.Fatal(err)
		}
	}
	if n := runtime.NumGoroutine(); n > before+2 {
		t.Errorf("%d goroutines, %d before", n, before)
	}
}

// growing is a sink that writes to the file being read.
type growing struct {
	keep
	path string
}

func (g *growing) Put(ctx context.Context, b Batch) ([]Reject, error) {
	f, err := os.OpenFile(g.path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := f.WriteString("\n"); err != nil {
		return nil, err
	}
	return g.keep.Put(ctx, b)
}

func TestAFileThatIsWrittenMeanwhileIsRefused(t *testing.T) {
	path := write(t, "a.ndjson", func(w io.Writer) io.WriteCloser { return plain{w} }, head+fund+person)
	g := &growing{path: path}
	if _, err := Run(context.Background(), Options{Path: path, Sink: g}); fault.From(err).Reason() != string(FileChanged) || g.ended || !g.aborted {
		t.Errorf("%v", err)
	}
}
