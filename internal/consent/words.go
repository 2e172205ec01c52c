package consent

// Label is the act in plain French.
func (a Act) Label() string {
	switch a {
	case Given:
		return "accord donné"
	case Withdrawn:
		return "accord retiré"
	case Paused:
		return "partage mis en pause"
	case Allowed:
		return "partage de nouveau autorisé"
	case Chosen:
		return "choix des données et des ayants droit"
	case Contested:
		return "accord contesté"
	case Expired:
		return "accord arrivé à son terme"
	case Replaced:
		return "accord remplacé par un autre"
	case Asked:
		return "accord demandé par l'organisme"
	}
	return ""
}

// Label is the state in plain French.
func (s State) Label() string {
	switch s {
	case StateNone:
		return "aucun accord"
	case StateGiven:
		return "accord en cours"
	case StateExpired:
		return "accord terminé"
	case StatePaused:
		return "en pause"
	case StateWithdrawn:
		return "accord retiré"
	case StateReplaced:
		return "accord remplacé"
	}
	return ""
}

func channelLabel(c Channel) string {
	if c == ChannelSpace {
		return "dans l'espace personnel de la plateforme"
	}
	return "dans la démarche du partenaire"
}

func actorLabel(a Actor) string {
	if a == LegalRepresentative {
		return "la personne, pour elle-même et comme représentant légal des enfants mineurs concernés"
	}
	return "la personne elle-même"
}

func evidenceLabel(kind string) string {
	if kind == GivenInSpace {
		return "choix fait par la personne connectée sur cette plateforme"
	}
	return "déclaré par le partenaire ; la connexion FranceConnect et sa portée ont été vérifiées"
}

func shownLabel(shown bool) string {
	if shown {
		return "montrée par la plateforme"
	}
	return "que la convention oblige le partenaire à montrer ; non montrée par la plateforme"
}

func purposeLabel(p string) string {
	switch p {
	case "preadmission":
		return "préparer une admission dans un établissement de soins"
	case "adhesion":
		return "faciliter une adhésion à un organisme complémentaire"
	}
	return p
}
