package web

import "time"

// The components that pages are made of. Each has a template of its name in
// templates/parts and its stories in stories.go; a page fills one and says
// {{template "field" .Data.Mail}}.

// field is one labelled entry of a form. Kind is the type of the input, or
// "textarea". Its error is told beside it and in the summary.
type field struct {
	Name, Label, Hint, Error string
	Kind, Value              string
	Autocomplete, Inputmode  string
	Max                      int
	Optional                 bool
}

// Described is the list of ids that explain the field.
func (f field) Described() string {
	s := ""
	if f.Hint != "" {
		s = f.Name + "-aide"
	}
	if f.Error != "" {
		s += " " + f.Name + "-erreur"
	}
	return s
}

// option is one box, radio or line of a list.
type option struct {
	Value, Label, Hint string
	Checked            bool
	Locked             string // why it cannot be chosen, "" when it can
}

// choices is a group of boxes or radios (Kind), or a drop-down list.
type choices struct {
	Name, Legend, Hint, Error string
	Kind                      string // checkbox | radio | select
	Options                   []option
}

// mistake is one line of the summary of errors; it leads to its field.
type mistake struct{ Field, Text string }

// mistakes gathers the errors of fields for the summary.
func mistakes(fields ...field) (out []mistake) {
	for _, f := range fields {
		if f.Error != "" {
			out = append(out, mistake{f.Name, f.Error})
		}
	}
	return out
}

// notice is a box that says something aside. Kind: "" | ok | warn | error.
type notice struct {
	Kind, Title string
	Text        []string
}

// tag is a state in one or two words; its colour says nothing alone. Kind: "" |
// ok | warn | error.
type tag struct{ Kind, Text string }

// pair is a term and what is said of it.
type pair struct {
	Term  string
	Text  []string
	Href  string // makes a link of the first text
	State tag
}

// coverTable is rights in force, under the title that names the table.
type coverTable struct {
	Title string
	Lines []coverLine
}

// pager leads to the neighbouring pages of a list read by cursor.
type pager struct{ First, Next string }

// action is a button that changes something: its own small form. Consequence is
// told before the button.
type action struct {
	Address, Label, Consequence string
	Second                      bool
	Fields                      []hidden
}

// hidden is a value that goes along with an action.
type hidden struct{ Name, Value string }

// instantOf is a moment that <time> and people read.
type instantOf struct{ At time.Time }

// Machine is the moment for the attribute datetime.
func (i instantOf) Machine() string { return i.At.UTC().Format(time.RFC3339) }

// Human is the moment for people.
func (i instantOf) Human() string { return instant(i.At) }
