package partners

import (
	"net/http"
	"strconv"
)

// motif is why the journey leads to the paper route. Again is the text of the
// link that tries again, empty where trying again would change nothing.
type motif struct{ Heading, Text, Again string }

const manual = "choix"

var motifs = map[string]motif{
	manual:    {"Continuer avec vos papiers", "Vous n'êtes pas obligé d'utiliser FranceConnect.", "Finalement, utiliser FranceConnect"},
	"accord":  {"Sans votre accord, rien n'est transmis", "Aucune donnée n'a été demandée à l'assurance maladie.", "Relire la demande d'accord"},
	"refus":   {"Vous n'avez pas continué avec FranceConnect", "Aucune donnée n'a été demandée à l'assurance maladie.", "Reprendre avec FranceConnect"},
	"fc":      {"La connexion par FranceConnect n'a pas abouti", "Nous n'avons pas pu vérifier votre identité de cette façon.", "Essayer à nouveau"},
	"panne":   {"Le service des droits ne répond pas", "Cela ne vient pas de vous, et votre démarche n'est pas refusée.", "Essayer à nouveau"},
	"quota":   {"Trop de demandes en ce moment", "Le service reçoit plus de demandes qu'il n'en accepte. Votre démarche n'est pas refusée.", "Essayer à nouveau"},
	"retire":  {"Vous avez retiré votre accord", "Vous avez demandé que vos données ne nous soient plus transmises. Ce choix est respecté et n'a pas d'effet sur votre démarche.", ""},
	"refuse":  {"Vos droits n'ont pas pu nous être transmis", "Le service ne nous a rien transmis. Cela ne peut pas, à soi seul, faire rejeter votre démarche.", ""},
	"inconnu": {"Nous n'avons pas retrouvé vos droits", "Vous relevez peut-être d'un autre régime que le régime général (la MSA, par exemple). Cela ne peut pas, à soi seul, faire rejeter votre démarche.", ""},
	"expire":  {"Votre connexion a expiré", "Une connexion FranceConnect ne vaut qu'une minute environ. Vos réponses n'ont pas été transmises.", "Se connecter à nouveau"},
	"session": {"Votre session s'est interrompue", "Nous avons perdu le fil de votre démarche\u00a0: elle était restée inactive, ou vos cookies sont bloqués.", "Recommencer"},
}

// paperRoute is the page that replaces every dead end.
type paperRoute struct {
	motif
	Bring     []string
	Wait      string
	RequestID string
}

func (a *app) toPaper(w http.ResponseWriter, r *http.Request, reason string) {
	http.Redirect(w, r, a.start+"/papier?motif="+reason, http.StatusSeeOther)
}

func (a *app) paper(w http.ResponseWriter, r *http.Request) {
	m, ok := motifs[r.URL.Query().Get("motif")]
	if !ok {
		m = motifs[manual]
	}
	d := paperRoute{motif: m, Bring: a.bring}
	if s := a.sessions.of(r); s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		d.RequestID = s.requestID
		if n := int(s.waitFor.Seconds()); n > 0 {
			d.Wait = strconv.Itoa(n) + " secondes"
		}
	}
	a.show(w, http.StatusOK, view{Page: "papier", Title: m.Heading, Data: d})
}
