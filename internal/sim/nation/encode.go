package nation

import (
	"strconv"

	"droits.example/droits/internal/civil"
)

// line is a line of the file being appended. No text of a nation holds a
// character that JSON escapes.
type line struct{ b []byte }

// next writes the comma that the last member or item needs.
func (l *line) next() {
	if c := l.b[len(l.b)-1]; c != '{' && c != '[' {
		l.b = append(l.b, ',')
	}
}

func (l *line) key(name string) {
	l.next()
	l.b = append(l.b, '"')
	l.b = append(l.b, name...)
	l.b = append(l.b, '"', ':')
}

func (l *line) text(name, value string) {
	l.key(name)
	l.quote(value)
}

func (l *line) quote(value string) {
	l.b = append(l.b, '"')
	l.b = append(l.b, value...)
	l.b = append(l.b, '"')
}

func (l *line) name(name, value string, st style) {
	l.key(name)
	l.b = append(appendName(append(l.b, '"'), value, st), '"')
}

func (l *line) number(name string, n int) {
	l.key(name)
	l.b = strconv.AppendInt(l.b, int64(n), 10)
}

// id writes the identifier of a person of the nation.
func (l *line) id(name string, person int) {
	l.key(name)
	l.b = append(strconv.AppendInt(append(l.b, '"', 'p'), int64(person)+1, 10), '"')
}

// digits writes n figures.
func (l *line) digits(name string, n, value int) {
	l.key(name)
	l.b = append(l.b, '"')
	at := len(l.b)
	for range n {
		l.b = append(l.b, '0')
	}
	for i := at + n - 1; i >= at; i-- {
		l.b[i], value = byte('0'+value%10), value/10
	}
	l.b = append(l.b, '"')
}

func (l *line) nir(name string, d *digits) {
	l.key(name)
	l.b = append(d.append(append(l.b, '"')), '"')
}

// quoteNIR writes an item of a list.
func (l *line) quoteNIR(d *digits) {
	l.next()
	l.b = append(d.append(append(l.b, '"')), '"')
}

func (l *line) truth(name string, v bool) {
	l.key(name)
	l.b = strconv.AppendBool(l.b, v)
}

// date writes a day, unless there is none.
func (l *line) date(name string, d civil.Date) {
	if d != 0 {
		l.key(name)
		l.b = append(d.Append(append(l.b, '"')), '"')
	}
}

func (l *line) period(p civil.Period) {
	l.date("date_debut", p.From)
	l.date("date_fin", p.To)
}

func (l *line) open() {
	l.next()
	l.b = append(l.b, '{')
}

func (l *line) shut() { l.b = append(l.b, '}') }

// list begins a list; shutList ends it, and takes it back when it is empty.
func (l *line) list(name string) (mark int) {
	mark = len(l.b)
	l.key(name)
	l.b = append(l.b, '[')
	return mark
}

func (l *line) shutList(mark int) {
	if l.b[len(l.b)-1] == '[' {
		l.b = l.b[:mark]
		return
	}
	l.b = append(l.b, ']')
}

func appendHeader(dst []byte, jeu string, on civil.Date) []byte {
	l := line{append(dst, '{')}
	l.text("type", "entete")
	l.text("format", "droits/1")
	l.text("jeu", jeu)
	l.date("date_reference", on)
	return append(l.b, '}', '\n')
}

func appendFund(dst []byte, f *fund) []byte {
	l := line{append(dst, '{')}
	l.text("type", "caisse")
	l.text("id", f.id)
	l.text("code_centre", "0000")
	l.text("grand_regime", f.id[:2])
	l.text("organisme", f.organisme)
	l.text("libelle", f.libelle)
	l.key("adresse")
	l.b = append(l.b, '{')
	l.text("destinataire", f.organisme+" FICTIVE")
	l.text("complement_adresse", "BÂTIMENT IMAGINAIRE")
	l.text("numero_voie", strconv.Itoa(f.number))
	if f.number%9 == 0 {
		l.text("indice_repetition", "B")
	}
	l.text("type_voie", "RUE")
	l.text("nom_voie", "DE L'EXEMPLE")
	l.text("mention_distribution", "CS 99999")
	l.text("code_postal", f.post)
	l.text("commune", "VILLE-FICTIVE CEDEX")
	l.shut()
	return append(l.b, '}', '\n')
}
