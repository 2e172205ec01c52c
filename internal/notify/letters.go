package notify

// Letter is a message to a person. It holds no datum of anybody and names no
// organisation: whoever reads it over a shoulder learns nothing.
type Letter struct{ Subject, Text string }

// closing ends every letter.
const closing = `

Ce message ne contient aucune information sur vos droits et n'attend pas de réponse. Nous ne vous demandons jamais de mot de passe ni de numéro de sécurité sociale par courriel. Pour ne plus recevoir ces messages, modifiez vos réglages dans votre espace personnel, page « Sécurité ».
`

// LetterOf is the letter of a type of message; space is the address of the
// citizen space. ok is false for a type that is no letter.
func LetterOf(t Type, space string) (l Letter, ok bool) {
	switch t {
	case MailRead:
		return Letter{
			"Un organisme a consulté vos droits",
			"Bonjour,\n\nUn organisme a consulté vos droits à l'assurance maladie. Pour savoir lequel, quand et pour quelle démarche, connectez-vous à votre espace personnel :\n\n" + space + "\n\nSi vous n'êtes pas à l'origine de cette démarche, vous pouvez le signaler et retirer votre accord depuis la même page." + closing,
		}, true
	case MailReminder:
		return Letter{
			"Un de vos accords arrive à son terme",
			"Bonjour,\n\nUn accord que vous avez donné pour la transmission de vos droits à un organisme prend fin dans les prochains jours. Vous n'avez rien à faire : à son terme, cet organisme ne pourra plus rien lire. Pour le consulter, le retirer dès maintenant ou en donner un nouveau, connectez-vous à votre espace personnel :\n\n" + space + closing,
		}, true
	}
	return Letter{}, false
}

// About is what a letter to a professional is about: a public number or a
// version, and a day, never a person.
type About struct {
	Object string `json:"objet,omitempty"`
	On     string `json:"le,omitempty"` // YYYY-MM-DD
}

// Places are the addresses that letters lead to.
type Places struct{ Space, Partners string }

// proClosing ends every letter to a professional.
const proClosing = `

Ce message n'attend pas de réponse. Nous ne vous demandons jamais de mot de passe, de clé ni de donnée personnelle par courriel.
`

// Letter is the letter of a delivery. ok is false for what is no letter.
func (d Delivery) Letter(p Places) (l Letter, ok bool) {
	if AboutKey(d.Type) {
		return Letter{d.Subject, d.Text}, d.Subject != ""
	}
	switch d.Type {
	case MailDecided:
		return Letter{
			"Votre demande " + d.About.Object + " a reçu une réponse",
			"Bonjour,\n\nVotre demande d'accès " + d.About.Object + " a reçu une réponse de l'instruction. Elle est à lire, avec son motif s'il y en a un, dans l'espace partenaire :\n\n" + p.Partners + "/demandes/" + d.About.Object + proClosing,
		}, true
	case MailWritten:
		return Letter{
			"Un message vous attend au sujet de votre demande " + d.About.Object,
			"Bonjour,\n\nL'instruction vous a écrit au sujet de votre demande d'accès " + d.About.Object + ". Pour lire ce message et y répondre, ouvrez l'espace partenaire :\n\n" + p.Partners + "/demandes/" + d.About.Object + proClosing,
		}, true
	case MailTerms:
		return Letter{
			"Les modalités d'utilisation changent le " + frenchDay(d.About.On),
			"Bonjour,\n\nUne nouvelle version des modalités d'utilisation du service (" + d.About.Object + ") s'appliquera à partir du " + frenchDay(d.About.On) + ". Lisez-la dès maintenant dans l'espace partenaire :\n\n" + p.Partners + "\n\nSi votre organisme ne l'accepte pas, il peut partir avec un préavis de quinze jours, depuis la page de sa convention." + proClosing,
		}, true
	}
	return LetterOf(d.Type, p.Space)
}

// frenchDay writes 2027-02-01 as 01/02/2027.
func frenchDay(s string) string {
	if len(s) != 10 {
		return s
	}
	return s[8:] + "/" + s[5:7] + "/" + s[:4]
}
