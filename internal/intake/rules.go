package intake

// Rule is the stable name of a rule that a line or a file breaks.
type Rule string

// The rules. Each has a sentence in Rules.
const (
	FileUnreadable  Rule = "FILE_UNREADABLE"
	FileCompressed  Rule = "FILE_COMPRESSED"
	FileNotUTF8     Rule = "FILE_NOT_UTF8"
	FileTruncated   Rule = "FILE_TRUNCATED"
	FileEmpty       Rule = "FILE_EMPTY"
	HeaderMissing   Rule = "HEADER_MISSING"
	HeaderInvalid   Rule = "HEADER_INVALID"
	HeaderFormat    Rule = "HEADER_FORMAT"
	HeaderFuture    Rule = "HEADER_FUTURE"
	NothingAccepted Rule = "NOTHING_ACCEPTED"
	FileChanged     Rule = "FILE_CHANGED"
	DeltaOnNothing  Rule = "DELTA_ON_NOTHING"
	DeltaTooLarge   Rule = "DELTA_TOO_LARGE"

	LineTooLong      Rule = "LINE_TOO_LONG"
	LineEmpty        Rule = "LINE_EMPTY"
	JSONInvalid      Rule = "JSON_INVALID"
	TypeMissing      Rule = "TYPE_MISSING"
	TypeUnknown      Rule = "TYPE_UNKNOWN"
	HeaderTwice      Rule = "HEADER_TWICE"
	MemberUnknown    Rule = "MEMBER_UNKNOWN"
	MemberTwice      Rule = "MEMBER_TWICE"
	MemberMissing    Rule = "MEMBER_MISSING"
	ValueNull        Rule = "VALUE_NULL"
	ValueType        Rule = "VALUE_TYPE"
	ValueEnum        Rule = "VALUE_ENUM"
	ValueTooMany     Rule = "VALUE_TOO_MANY"
	TextInvalid      Rule = "TEXT_INVALID"
	IDInvalid        Rule = "ID_INVALID"
	IDLikeNIR        Rule = "ID_LIKE_NIR"
	DateInvalid      Rule = "DATE_INVALID"
	PeriodReversed   Rule = "PERIOD_REVERSED"
	BirthOutOfRange  Rule = "BIRTH_OUT_OF_RANGE"
	DeathBeforeBirth Rule = "DEATH_BEFORE_BIRTH"
	DeathInFuture    Rule = "DEATH_IN_FUTURE"
	NIRInvalid       Rule = "NIR_INVALID"
	NIRMissing       Rule = "NIR_MISSING"
	PlaceInvalid     Rule = "PLACE_INVALID"
	PlaceDisagrees   Rule = "PLACE_DISAGREES"
	CodeInvalid      Rule = "CODE_INVALID"
	CaisseRegime     Rule = "CAISSE_REGIME"
	RankOutOfRange   Rule = "RANK_OUT_OF_RANGE"
	QualiteSelf      Rule = "QUALITE_SELF"
	ContratNature    Rule = "CONTRAT_NATURE"
	MaterniteCode    Rule = "MATERNITE_CODE"
	SentinelRights   Rule = "SENTINEL_RIGHTS"
	FinInComplet     Rule = "FIN_IN_COMPLET"

	IDTwice        Rule = "ID_TWICE"
	CaisseUnknown  Rule = "CAISSE_UNKNOWN"
	OuvrantUnknown Rule = "OUVRANT_UNKNOWN"
	NIRTwice       Rule = "NIR_TWICE"
	FinUnknown     Rule = "FIN_UNKNOWN"
)

// RuleText explains a rule. A rule of the file stops the load and nothing of
// it becomes visible; any other refuses its line only.
type RuleText struct {
	Rule   Rule
	OfFile bool
	Text   string
}

var rules = []RuleText{
	{FileUnreadable, true, "The file cannot be opened, read or decompressed."},
	{FileCompressed, true, "The file is compressed, and its name does not end in .gz or .zst."},
	{FileNotUTF8, true, "The file holds bytes that are not UTF-8."},
	{FileTruncated, true, "The file ends in the middle of a line."},
	{FileEmpty, true, "The file has no line."},
	{HeaderMissing, true, "The first line is not the header, {\"type\":\"entete\",…}."},
	{HeaderInvalid, true, "The header lacks a member, or one of its values is wrong: jeu is complet or delta, date_reference a full date."},
	{HeaderFormat, true, "The header's format is not droits/1."},
	{HeaderFuture, true, "The header's date_reference is later than today."},
	{NothingAccepted, true, "A complete load in which no person is accepted would empty the population."},
	{FileChanged, true, "The file was written or cut while it was read."},
	{DeltaOnNothing, true, "A delta changes a population, and none is loaded: load a whole one first."},
	{DeltaTooLarge, true, "A delta has 100,000 rows at most: load a whole population instead."},
	{LineTooLong, false, "The line is longer than 1 MiB."},
	{LineEmpty, false, "The line is empty."},
	{JSONInvalid, false, "The line is not one JSON object."},
	{TypeMissing, false, "The line has no member type."},
	{TypeUnknown, false, "The type is not one of entete, caisse, personne, fin."},
	{HeaderTwice, false, "A header is allowed on the first line only."},
	{MemberUnknown, false, "The object has a member that the format does not know."},
	{MemberTwice, false, "The object has the same member twice."},
	{MemberMissing, false, "A required member is absent."},
	{ValueNull, false, "null is refused: leave the member out."},
	{ValueType, false, "The value is not of the JSON type expected."},
	{ValueEnum, false, "The value is not one of those of the format."},
	{ValueTooMany, false, "The list has too many items, or none where one is needed."},
	{TextInvalid, false, "The text is blank, longer than 300 characters, or holds a control character."},
	{IDInvalid, false, "The id is not 1 to 64 characters among letters, digits, point, hyphen, underscore and colon."},
	{IDLikeNIR, false, "The id looks like a NIR; use an identifier that says nothing of the person."},
	{DateInvalid, false, "The date is not an existing day written YYYY-MM-DD; only a birth date may be incomplete."},
	{PeriodReversed, false, "date_fin comes before date_debut."},
	{BirthOutOfRange, false, "The birth date lies before 1850 or after date_reference."},
	{DeathBeforeBirth, false, "The date of death comes before the birth date."},
	{DeathInFuture, false, "The date of death comes after date_reference."},
	{NIRInvalid, false, "The NIR is not 13 characters, or 15 with an exact key."},
	{NIRMissing, false, "A person without a NIR needs a link to somebody else; a sentinel needs a NIR."},
	{PlaceInvalid, false, "The place of birth is not a code of the COG: five characters, 99xxx for a country."},
	{PlaceDisagrees, false, "A commune of birth is given with a country other than 99100."},
	{CodeInvalid, false, "The code does not have the length or the characters of its kind."},
	{CaisseRegime, false, "The caisse's id does not start with its grand_regime."},
	{RankOutOfRange, false, "rang_naissance is not a number from 1 to 9."},
	{QualiteSelf, false, "The quality assure goes with a link to oneself, and only with it."},
	{ContratNature, false, "BASE goes with AMO; CMUC, ACS, C2S and C2SP go with AMC."},
	{MaterniteCode, false, "The member maternite goes with the code MAT only."},
	{SentinelRights, false, "A sentinel (servie false) has identity members only."},
	{FinInComplet, false, "A line fin is allowed in a delta only."},
	{IDTwice, false, "Another caisse has this id already, or another line is about this person already."},
	{CaisseUnknown, false, "A link names a caisse that is nowhere: neither in the file nor, for a delta, in the population. The whole row is refused."},
	{OuvrantUnknown, false, "A link names an opener of rights who is nowhere, is a sentinel, or was refused too. The whole row is refused."},
	{NIRTwice, false, "Another person has this NIR already."},
	{FinUnknown, false, "The line fin names a person who is not known."},
}

// Rules lists every rule with its sentence, in the order in which they are met.
func Rules() []RuleText { return append([]RuleText(nil), rules...) }

// Text is the rule's sentence, or "" when the rule is unknown.
func (r Rule) Text() string {
	for _, t := range rules {
		if t.Rule == r {
			return t.Text
		}
	}
	return ""
}
