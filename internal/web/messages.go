package web

import (
	"context"
	"net/http"

	"droits.example/droits/internal/notify"
)

// messagesPath is where the demonstration shows what it would send.
const messagesPath = "/demo/messages"

// Outbox lists the last messages, newest first.
type Outbox func(ctx context.Context, limit int) ([]notify.Line, error)

// messageLine is a message of the outbox.
type messageLine struct {
	Made    instantOf
	How     string
	To      string
	Subject string
	State   tag
	Tries   int
	Last    string
	Text    string
}

// shownMessages is how many messages the page shows.
const shownMessages = 100

func (s *Site) messages(w http.ResponseWriter, r *http.Request) {
	list, err := s.cfg.Outbox(r.Context(), shownMessages)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	s.render(w, r, http.StatusOK, page{
		Name: "messages", Title: "Messages", Section: messagesPath, Summary: "Les messages que la démonstration enverrait.",
		Crumbs: trail(link{Text: "Messages"}), Data: messageLines(list),
	})
}

func messageLines(list []notify.Line) (out []messageLine) {
	for _, l := range list {
		m := messageLine{Made: instantOf{l.MadeAt}, How: "Appel d'un partenaire", To: l.Partner, Subject: string(l.Type), Tries: l.Attempts, Last: l.Last, Text: l.Text, State: tag{"", "en attente"}}
		if l.Channel == notify.Mail {
			m.How, m.To, m.Subject = "Courriel", l.To, l.Subject
		}
		switch l.State {
		case notify.Sent:
			m.State = tag{"ok", "envoyé"}
		case notify.Dead:
			m.State = tag{"error", "abandonné"}
		}
		out = append(out, m)
	}
	return out
}
