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
