package web

import (
	"net/http"
	"time"

	"droits.example/droits/internal/civil"
)

// storiesPath is the book of components: what pages are made of, shown with
// invented values and without a database. It is served in the demonstration
// only, and executed by a test.
const storiesPath = "/composants"

// story is one component and its cases.
type story struct {
	Slug, Name, What string
	Cases            []storyCase
}

// storyCase is one state of a component: Part is its template, Data what it is
// given.
type storyCase struct {
	Name, Part string
	Data       any
}

// stories are the components in the order in which a page meets them.
func stories() []story {
	at := time.Date(2026, 11, 22, 13, 5, 0, 0, time.UTC)
	today := civil.On(at)
	wrong := field{Name: "courriel", Label: "Adresse électronique", Hint: "Par exemple nom@exemple.fr.", Error: "Écrivez une adresse complète, par exemple nom@exemple.fr.", Kind: "email", Value: "nom@", Autocomplete: "email"}
	return append([]story{
		{"champ", "Champ", "Étiquette au-dessus, aide et erreur entre elle et la saisie.", []storyCase{
			{"Obligatoire", "field", field{Name: "nom", Label: "Nom de naissance", Hint: "Tel qu'il figure sur votre pièce d'identité.", Kind: "text", Autocomplete: "family-name"}},
			{"Optionnel", "field", field{Name: "texte", Label: "Ce que vous voulez préciser", Kind: "textarea", Optional: true, Max: 1000}},
			{"En erreur", "field", wrong},
			{"Date", "field", field{Name: "jour", Label: "Voir la situation au", Kind: "date", Value: "2026-11-22"}},
		}},
		{"choix", "Choix", "Cases à cocher, boutons radio et liste.", []storyCase{
			{"Cases", "choices", choices{Name: "blocs", Legend: "Ce que vous laissez lire", Kind: "checkbox", Hint: "Décochez ce que vous voulez garder pour vous.", Options: []option{{Value: "a", Label: "Votre caisse", Checked: true}, {Value: "b", Label: "Le motif de l'exonération", Hint: "Donnée de santé"}, {Value: "c", Label: "Léa", Locked: "elle a plus de seize ans, elle seule décide"}}}},
			{"Radios", "choices", choices{Name: "duree", Legend: "Pour combien de temps ?", Kind: "radio", Error: "Choisissez une durée.", Options: []option{{Value: "7", Label: "Une semaine"}, {Value: "30", Label: "Un mois"}}}},
			{"Liste", "choices", choices{Name: "issue", Legend: "Résultat", Kind: "select", Options: []option{{Label: "Tous"}, {Value: "refuse", Label: "Refus", Checked: true}}}},
		}},
		{"erreurs", "Résumé des erreurs", "En tête de page ; il reçoit le focus et mène à chaque champ.", []storyCase{{"Une erreur", "summary", mistakes(wrong)}}},
		{"action", "Action", "Un bouton qui change quelque chose, sa conséquence dite avant.", []storyCase{
			{"Principale", "action", action{Address: storiesPath, Label: "Retirer mon accord", Consequence: "Dès maintenant, cet organisme ne reçoit plus rien."}},
			{"Secondaire", "action", action{Address: storiesPath, Label: "Mettre en pause", Second: true, Fields: []hidden{{"jours", "30"}}}},
		}},
		{"encadre", "Encadré", "Ce qui se dit à part. La couleur ne dit rien seule.", []storyCase{
			{"Information", "notice", notice{"", "Le traitement de certaines données est limité.", []string{"Elles ne sont transmises à personne."}}},
			{"Réussite", "notice", notice{"ok", "C'est fait.", nil}},
			{"Attention", "notice", notice{"warn", "Vos droits se terminent le 2 décembre 2026.", []string{"Rapprochez-vous de votre caisse."}}},
			{"Erreur", "notice", notice{"error", "L'envoi n'a pas abouti.", []string{"Réessayez dans quelques minutes."}}},
		}},
		{"etiquette", "Étiquette", "Un état en un ou deux mots.", []storyCase{
			{"Neutre", "tag", tag{"", "votre visite"}}, {"Réussite", "tag", tag{"ok", "droits ouverts"}}, {"Attention", "tag", tag{"warn", "se termine bientôt"}}, {"Erreur", "tag", tag{"error", "altérée"}},
		}},
		{"paires", "Liste de définitions", "Un terme, ce qu'on en dit.", []storyCase{{"Complète", "pairs", []pair{{Term: "Quand", Text: []string{longInstant(at)}}, {Term: "Résultat", State: tag{"ok", "Données transmises"}}, {Term: "Votre accord", Text: []string{"n° 1234"}, Href: storiesPath}, {Term: "Vide"}}}}},
		{"tableau", "Tableau", "Il s'empile quand l'écran est étroit.", []storyCase{
			{"Consultations", "lines", []readingLine{{Href: storiesPath, At: instantOf{at}, Who: "Hôpital de démonstration", Why: "Préparer une admission", What: "La caisse", Concern: "vous", Outcome: tag{"ok", "Données transmises"}}, {Href: storiesPath, At: instantOf{at}, Who: "Organisme complémentaire", Why: "Faciliter une adhésion", What: "Les exonérations", Outcome: outcomeOf("consentement_retire"), Report: true}}},
			{"Droits", "cover", coverTable{"Droits ouverts", []coverLine{{"Droits de base", "La part que l'assurance maladie rembourse.", civil.Period{From: today.AddYears(-3), To: today.AddDays(20)}, tag{"warn", "se termine bientôt"}}}}},
		}},
		{"reponses", "Réponses", "Ce qu'un formulaire a reçu, page par page.", []storyCase{{"Une page", "answered", []answeredStep{{Title: "Votre projet", Edit: storiesPath, Gaps: 1, Pairs: []pair{{Term: "Nom du projet", Text: []string{"Préadmission"}}, {Term: "Description"}}}}}}},
		{"evenements", "Événements", "Ce qui s'est passé sur un dossier, le plus récent d'abord.", []storyCase{{"Un dossier", "events", []eventLine{
			{At: instantOf{at}, What: "Modification demandée", Who: "L'instruction", Text: []string{"Précisez les destinataires."}, New: true},
			{At: instantOf{at}, What: "Saisie modifiée", Who: "Camille Essai", Changes: []changeLine{{"Nom du projet", "Essai", "Préadmission"}}, Ours: true},
		}}}},
		{"differences", "Différences", "Ce qui a changé d'une version à l'autre, champ par champ.", []storyCase{{"Trois champs", "changes", []changeLine{{"Nom du projet", "Essai", "Préadmission"}, {"Description", "", "À quoi il sert"}, {"Adresse du texte", "https://texte.example/", ""}}}}},
		{"pages", "Pages d'une liste", "Par curseur : les plus récents d'abord.", []storyCase{{"Au milieu", "pager", pager{storiesPath, storiesPath}}}},
		{"frise", "Frise", "Des périodes dans le temps, et le même tableau.", []storyCase{{"Une famille de droits", "timeline", newTimeline(caption{"frise", "Deux années de droits"}, around(today), today, []lane{
			{"Droits de base", []span{{"Droits de base", civil.Period{From: today.AddYears(-1)}}}},
			{"C2S", []span{{"C2S", civil.Period{From: today.AddMonths(-8), To: today.AddMonths(-2)}}, {"C2S avec participation", civil.Period{From: today.AddMonths(-1), To: today.AddMonths(5)}}}},
			{"Médecin traitant", nil},
		})}}},
		{"colonnes", "Colonnes", "Des nombres par mois, et le même tableau.", []storyCase{
			{"Douze mois", "bars", newBars(caption{"mois", "Consultations par mois"}, "Mois", sampleMonths(today))},
			{"Rien", "bars", newBars(caption{"vide", "Consultations par mois"}, "Mois", nil)},
		}},
	}, partnerStories(at)...)
}

func sampleMonths(today civil.Date) (out []tally) {
	for i := range 12 {
		out = append(out, monthTally(civil.Of(today.Year(), today.Month(), 1).AddMonths(i-11), i*i%7, i%3))
	}
	return out
}

func (s *Site) stories(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, page{
		Name: "composants", Title: "Composants", Section: storiesPath, Summary: "Ce dont les pages sont faites.",
		Crumbs: trail(link{Text: "Composants"}), Data: stories(),
	})
}

func (s *Site) story(w http.ResponseWriter, r *http.Request) {
	for _, x := range stories() {
		if x.Slug == r.PathValue("name") {
			s.render(w, r, http.StatusOK, page{
				Name: "composant", Title: x.Name, Space: "Composants", Section: storiesPath, Summary: x.What,
				Crumbs: trail(link{"Composants", storiesPath}, link{Text: x.Name}), Data: x,
			})
			return
		}
	}
	s.Error(w, r, http.StatusNotFound)
}
