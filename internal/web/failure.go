package web

import (
	"net/http"
	"strconv"
	"strings"
)

// failure is the content of an error page.
type failure struct {
	Heading   string
	Text      []string
	RequestID string
	Back      link // where the space goes on, "" outside of the spaces
}

var failures = map[int]failure{
	http.StatusBadRequest:            {Heading: "Demande incomprise", Text: []string{"Votre navigateur a envoyé une demande que nous ne comprenons pas. Revenez à la page précédente, puis recommencez."}},
	http.StatusUnauthorized:          {Heading: "Connexion nécessaire", Text: []string{"Cette page demande de se connecter."}},
	http.StatusForbidden:             {Heading: "Accès refusé", Text: []string{"Le compte utilisé ne permet pas d'ouvrir cette page."}},
	http.StatusNotFound:              {Heading: "Page non trouvée", Text: []string{"Nous sommes désolés, la page que vous cherchez n'existe pas ou n'existe plus.", "Si vous avez saisi l'adresse, vérifiez qu'elle est complète."}},
	http.StatusMethodNotAllowed:      {Heading: "Action impossible", Text: []string{"Cette adresse ne s'ouvre pas de cette façon : elle ne reçoit que l'envoi d'un formulaire, ou ne se laisse que consulter. Rien n'a été fait.", "Revenez à la page d'où vous venez, puis recommencez."}},
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
	f.RequestID, f.Back = w.Header().Get("X-Request-Id"), backFrom(r.URL.Path, status)
	w.Header().Set("Cache-Control", "no-store")
	title := f.Heading + " – Erreur " + strconv.Itoa(status)
	s.render(w, r, status, page{
		Name: "failure", Title: title, Summary: f.Heading + ".",
		Crumbs: trail(link{Text: "Erreur " + strconv.Itoa(status)}), Data: f,
	})
}

// backFrom is where somebody goes on from an error in one of the spaces: the
// file whose state did not allow an act, which exists, or the space.
func backFrom(path string, status int) link {
	for _, x := range doors {
		if path != x.path && !strings.HasPrefix(path, x.path+"/") {
			continue
		}
		for _, list := range []string{requestsPath, queuePath} {
			if id, _, found := strings.Cut(strings.TrimPrefix(path, list+"/"), "/"); status == http.StatusConflict && found && strings.HasPrefix(path, list+"/") {
				return link{Text: "Revenir au dossier", Href: list + "/" + id}
			}
		}
		return link{Text: "Revenir à l'espace : " + x.name, Href: x.path}
	}
	return link{}
}

// foreign answers a form that another site has sent.
func (s *Site) foreign(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	s.render(w, r, http.StatusForbidden, page{
		Name: "failure", Title: "Demande venue d'ailleurs – Erreur 403", Summary: "Demande refusée.", Crumbs: trail(link{Text: "Erreur 403"}),
		Data: failure{Heading: "Demande venue d'ailleurs", Text: []string{"Cette demande n'a pas été faite depuis une page de ce site. Par sécurité, rien n'a été fait.", "Ouvrez la page vous-même, puis recommencez."}, RequestID: w.Header().Get("X-Request-Id")},
	})
}
