package web

import (
	"net/http"
	"strconv"
)

// failure is the content of an error page.
type failure struct {
	Heading   string
	Text      []string
	RequestID string
}

var failures = map[int]failure{
	http.StatusBadRequest:            {Heading: "Demande incomprise", Text: []string{"Votre navigateur a envoyé une demande que nous ne comprenons pas. Revenez à la page précédente, puis recommencez."}},
	http.StatusUnauthorized:          {Heading: "Connexion nécessaire", Text: []string{"Cette page demande de se connecter."}},
	http.StatusForbidden:             {Heading: "Accès refusé", Text: []string{"Le compte utilisé ne permet pas d'ouvrir cette page."}},
	http.StatusNotFound:              {Heading: "Page non trouvée", Text: []string{"Nous sommes désolés, la page que vous cherchez n'existe pas ou n'existe plus.", "Si vous avez saisi l'adresse, vérifiez qu'elle est complète."}},
	http.StatusMethodNotAllowed:      {Heading: "Action impossible", Text: []string{"Cette page se consulte, elle n'accepte pas d'envoi."}},
	http.StatusConflict:              {Heading: "Le dossier a changé", Text: []string{"Cette action n'est pas possible dans l'état actuel du dossier : il a pu changer depuis que votre page est ouverte. Rien n'a été fait.", "Revenez au dossier, relisez-le, puis recommencez si c'est encore utile."}},
	http.StatusRequestEntityTooLarge: {Heading: "Envoi trop volumineux", Text: []string{"Ce que vous avez envoyé dépasse la taille admise. Rien n'a été enregistré."}},
	http.StatusTooManyRequests:       {Heading: "Trop de demandes", Text: []string{"Vous avez envoyé beaucoup de demandes en peu de temps."}},
	http.StatusServiceUnavailable: {Heading: "Service momentanément indisponible", Text: []string{
		"Le service ne peut pas répondre pour l'instant. Aucune donnée n'a été transmise.", "Réessayez dans quelques minutes."}},
	http.StatusInternalServerError: {Heading: "Erreur inattendue", Text: []string{
		"Nous sommes désolés, le service a rencontré une difficulté.", "Réessayez dans quelques minutes ; si l'erreur revient, transmettez l'identifiant ci-dessous au support."}},
}

// Error answers a whole error page with the status: known statuses have their
// own text, any other 4xx reads as 400 and the rest as 500. The request id is
// taken from the answer's X-Request-Id and the delay from its Retry-After.
func (s *Site) Error(w http.ResponseWriter, r *http.Request, status int) {
	f, ok := failures[status]
	switch {
	case !ok && status >= 400 && status < 500:
		f = failures[http.StatusBadRequest]
	case !ok:
		f = failures[http.StatusInternalServerError]
	}
	if n, err := strconv.Atoi(w.Header().Get("Retry-After")); err == nil && n > 0 {
		text := append([]string(nil), f.Text...)
		f.Text = append(text, "Réessayez dans "+strconv.Itoa(n)+" secondes.")
	}
	f.RequestID = w.Header().Get("X-Request-Id")
	w.Header().Set("Cache-Control", "no-store")
	title := f.Heading + " – Erreur " + strconv.Itoa(status)
	s.render(w, r, status, page{
		Name: "failure", Title: title, Summary: f.Heading + ".",
		Crumbs: trail(link{Text: "Erreur " + strconv.Itoa(status)}), Data: f,
	})
}

// foreign answers a form that another site has sent.
func (s *Site) foreign(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	s.render(w, r, http.StatusForbidden, page{
		Name: "failure", Title: "Demande venue d'ailleurs – Erreur 403", Summary: "Demande refusée.", Crumbs: trail(link{Text: "Erreur 403"}),
		Data: failure{"Demande venue d'ailleurs", []string{"Cette demande n'a pas été faite depuis une page de ce site. Par sécurité, rien n'a été fait.", "Ouvrez la page vous-même, puis recommencez."}, w.Header().Get("X-Request-Id")},
	})
}
