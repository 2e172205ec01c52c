package fault

// Code is a stable error code: French snake_case, never renamed, listed in
// docs/generated/errors.md and documented at the URL in "type" (RFC 9457).
type Code string

// Entry is what the catalogue says of one code. Title and Detail are public
// French texts; Cause and Remedy are for the documentation page.
type Entry struct {
	Code   Code
	Kind   Kind
	Status int
	Title  string
	Detail string
	Cause  string
	Remedy string
	Retry  bool
	Spaces bool // answered by the spaces and the administration only, never by the API
}

// The codes of contract.md, in its order, and the ones split from them.
const (
	ParametreInvalide  Code = "parametre_invalide"
	RequeteMalformee   Code = "requete_malformee"
	EnteteTropLong     Code = "entete_trop_long"
	AdresseTropLongue  Code = "adresse_trop_longue"
	RequeteTropGrande  Code = "requete_trop_grande"
	NirAbsent          Code = "nir_absent"
	NirInvalide        Code = "nir_invalide"
	DateInvalide       Code = "date_invalide"
	PeriodeImpossible  Code = "periode_impossible"
	PeriodePassee      Code = "periode_passee"
	CleAbsente         Code = "cle_absente"
	CleInvalide        Code = "cle_invalide"
	JetonAbsent        Code = "jeton_absent"
	JetonInvalide      Code = "jeton_invalide"
	ConventionInactive Code = "convention_inactive"
	ClientNonRattache  Code = "client_non_rattache"

	OperationHorsConvention     Code = "operation_hors_convention"
	OperationReservee           Code = "operation_reservee"
	PorteeInsuffisante          Code = "portee_insuffisante"
	NiveauInsuffisant           Code = "niveau_insuffisant"
	AgentRequis                 Code = "agent_requis"
	ConsentementRetire          Code = "consentement_retire"
	ConsentementExpliciteRequis Code = "consentement_explicite_requis"
	DonneesIndisponibles        Code = "donnees_indisponibles"
	AdresseNonAutorisee         Code = "adresse_non_autorisee"
	PersonneNonIdentifiee       Code = "personne_non_identifiee"
	BeneficiaireInconnu         Code = "beneficiaire_inconnu"
	CaisseAbsente               Code = "caisse_absente"
	MedecinTraitantAbsent       Code = "medecin_traitant_absent"
	RessourceInconnue           Code = "ressource_inconnue"
	MethodeNonPermise           Code = "methode_non_permise"
	RangNaissanceRequis         Code = "rang_naissance_requis"
	QuotaDepasse                Code = "quota_depasse"
	FranceConnectIndisponible   Code = "franceconnect_indisponible"
	FranceConnectLent           Code = "franceconnect_lent"
	ServiceIndisponible         Code = "service_indisponible"
	ErreurInterne               Code = "erreur_interne"
	RoleInsuffisant             Code = "role_insuffisant"
	ActeImpossible              Code = "acte_impossible"
	TropDEssais                 Code = "trop_d_essais"
	SignatureManquante          Code = "signature_manquante"
	AssertionInvalide           Code = "assertion_invalide"
	CertificatInvalide          Code = "certificat_invalide"
	CleSuspendue                Code = "cle_suspendue"
	DelegationAbsente           Code = "delegation_absente"
	OrganisationAbsente         Code = "organisation_absente"
	IdentiteIndisponible        Code = "identite_indisponible"
	IdentiteLente               Code = "identite_lente"
)

// rappel is the sentence that contract.md wants wherever data are absent or
// refused; its ground is the partner's commitment in the terms of use
// (source 004, §4).
const rappel = " L'absence de cette donnée ne peut, à elle seule, motiver le rejet d'une demande : vous pouvez demander le justificatif papier."

var catalogue = []Entry{
	{ParametreInvalide, Invalid, 400, "Paramètre invalide", "Un paramètre ou un en-tête n'a pas la forme attendue. Corrigez celui que nomme le membre « champ », puis recommencez.", "Un en-tête est présent deux fois, un bloc de « champs » est inconnu, un rang de naissance n'est pas un nombre de 1 à 9, ou « date-naissance » accompagne un NIR qui n'est pas celui de la personne connectée.", "Comparez l'appel à la référence de l'opération ; le membre « champ » du problème nomme l'élément en cause.", false, false},
	{RequeteMalformee, Invalid, 400, "Requête malformée", "La requête ne respecte pas le protocole HTTP. Vérifiez le client ou l'intermédiaire qui l'a émise.", "La ligne de requête ou un en-tête ne peut pas être lu.", "Émettez la requête avec une bibliothèque HTTP courante et vérifiez les serveurs mandataires.", false, false},
	{EnteteTropLong, Invalid, 431, "En-têtes trop longs", "Les en-têtes de la requête dépassent la taille admise. Retirez les en-têtes inutiles, puis recommencez.", "La somme des en-têtes, ou l'un d'eux, dépasse la limite du service.", "N'envoyez que les en-têtes du contrat ; retirez les cookies et en-têtes de débogage.", false, false},
	{AdresseTropLongue, Invalid, 414, "Adresse trop longue", "L'adresse appelée est trop longue. Les opérations n'attendent que « dateDebut », « dateFin » et « champs ».", "Le chemin et ses paramètres dépassent 2 048 caractères.", "Retirez les paramètres inutiles ; aucune donnée de personne ne doit figurer dans une adresse.", false, false},
	{RequeteTropGrande, Invalid, 413, "Requête trop grande", "Le corps de la requête est trop grand. Les opérations de lecture n'attendent aucun corps.", "Un corps accompagne une opération qui n'en attend pas.", "Appelez en GET, sans corps.", false, false},
	{NirAbsent, Invalid, 400, "NIR absent", "L'en-tête « nir » est requis pour cette opération. Envoyez les 13 caractères, ou les 15 avec la clé, du bénéficiaire concerné.", "L'en-tête « nir » manque ou est vide.", "Reprenez le « nir » rendu par « /me » ou « /me/beneficiaires ».", false, false},
	{NirInvalide, Invalid, 400, "NIR invalide", "L'en-tête « nir » n'a pas la forme d'un NIR : 13 caractères, ou 15 avec une clé exacte. Vérifiez la saisie.", "Longueur, caractère, mois, département, commune, rang ou clé incorrects.", "Corrigez la saisie ; la clé vaut 97 moins le reste de la division par 97 des 13 premiers caractères.", false, false},
	{DateInvalide, Invalid, 400, "Date invalide", "Une date n'a pas la forme AAAA-MM-JJ ou n'existe pas au calendrier. Corrigez celle que nomme le membre « champ ».", "« dateDebut », « dateFin » ou « date-naissance » est illisible.", "Écrivez la date sur dix caractères, par exemple 2027-01-31.", false, false},
	{PeriodeImpossible, Invalid, 400, "Période impossible", "La période demandée ne peut pas être servie : « dateFin » précède « dateDebut », ou « dateDebut » est à plus d'un an.", "Les bornes sont inversées ou trop lointaines.", "Choisissez une période qui commence entre aujourd'hui et dans un an.", false, false},
	{PeriodePassee, Invalid, 400, "Période passée", "« dateDebut » est antérieure à aujourd'hui : seuls les droits présents et à venir sont servis.", "La date de début précède la date de l'appel (heure de Paris).", "Omettez « dateDebut » ou indiquez une date à partir d'aujourd'hui.", false, false},
	{CleAbsente, Unauthenticated, 401, "Clé d'API absente", "L'en-tête « X-API-Key » est requis, avec le jeton FranceConnect de la personne.", "L'appel ne porte pas de clé.", "Ajoutez la clé de votre convention dans « X-API-Key ».", false, false},
	{CleInvalide, Unauthenticated, 401, "Clé d'API invalide", "La clé d'API n'est pas reconnue ici. Vérifiez sa valeur, sa date de fin et l'environnement appelé.", "La clé est inconnue, révoquée, expirée ou d'un autre environnement (test ou production).", "Utilisez une clé en cours de validité de cet environnement.", false, false},
	{JetonAbsent, Unauthenticated, 401, "Jeton FranceConnect absent", "L'en-tête « Authorization: Bearer » avec le jeton FranceConnect de la personne est requis, avec la clé d'API.", "L'appel ne porte pas de jeton.", "Joignez le jeton d'accès obtenu de FranceConnect.", false, false},
	{JetonInvalide, Unauthenticated, 401, "Jeton FranceConnect invalide", "Le jeton FranceConnect n'est pas, ou n'est plus, valable. La personne doit se connecter à nouveau.", "Le jeton est inconnu, expiré, révoqué, ou n'a pas été émis pour ce service.", "Relancez la connexion FranceConnect ; un jeton vit environ une minute.", false, false},
	{ConventionInactive, Forbidden, 403, "Convention inactive", "La convention liée à cette clé n'est pas en vigueur. Rapprochez-vous du gestionnaire des conventions.", "La convention est en projet, suspendue, terminée, ou hors de ses dates.", "Consultez « /v1/partenaire/moi » dès que la convention est en vigueur, ou demandez sa reprise.", false, false},
	{ClientNonRattache, Forbidden, 403, "Client FranceConnect non rattaché", "Le jeton a été émis pour un client FranceConnect que votre convention ne nomme pas.", "Le client FranceConnect du jeton n'est pas un de ceux de la convention.", "Utilisez le jeton du client FranceConnect déclaré, ou faites ajouter celui-ci à la convention.", false, false},
	{OperationHorsConvention, Forbidden, 403, "Opération hors convention", "Votre convention n'ouvre pas cette opération." + rappel, "Le bloc de données principal de l'opération n'est pas dans la convention.", "Demandez un avenant si votre finalité le justifie.", false, false},
	{OperationReservee, Forbidden, 403, "Opération réservée", "Cette opération est réservée à une autre catégorie de partenaires." + rappel, "La catégorie du partenaire n'a pas accès à ce bloc de données.", "Aucun avenant ne peut l'ouvrir ; demandez la donnée à la personne.", false, false},
	{PorteeInsuffisante, Forbidden, 403, "Portée insuffisante", "Le jeton FranceConnect n'ouvre pas cette opération : la portée correspondante n'a pas été accordée." + rappel, "Les scopes du jeton n'ouvrent pas l'opération.", "Demandez le scope lors de la connexion FranceConnect.", false, false},
	{NiveauInsuffisant, Forbidden, 403, "Niveau de garantie insuffisant", "Le niveau de garantie de la connexion FranceConnect est inférieur à celui qui est exigé.", "Le niveau eIDAS du jeton est absent, inconnu ou trop faible.", "Demandez un niveau plus élevé dans « acr_values ».", false, false},
	{AgentRequis, Forbidden, 403, "Agent non désigné", "Votre convention exige l'en-tête « X-Agent », pseudonyme stable de l'agent qui consulte.", "L'en-tête « X-Agent » manque ou n'a pas la forme attendue.", "Envoyez un pseudonyme de 1 à 64 caractères parmi lettres non accentuées, chiffres, point, tiret et tiret bas.", false, false},
	{ConsentementRetire, Forbidden, 403, "Accord retiré", "La personne a retiré ou mis en pause son accord à la transmission de ses données à votre organisme." + rappel, "Un retrait ou une pause est en cours pour cette personne et ce partenaire, ou le jeton date d'avant.", "Proposez la voie papier ; la personne peut autoriser à nouveau depuis son espace.", false, false},
	{ConsentementExpliciteRequis, Forbidden, 403, "Accord explicite requis", "L'accord explicite d'une personne habilitée à le donner est requis avant cette transmission. La personne peut le donner dans son espace personnel, à la page « Partages » de votre organisme ; pour une personne de moins de seize ans, son représentant légal fait la démarche." + rappel, "La convention exige une case cochée par la personne elle-même pour ces données, ou la personne connectée a moins de seize ans.", "Invitez la personne à cocher ces données dans son espace personnel (« /mon-espace/partages »), puis recommencez avec un nouveau jeton ; ou proposez la voie papier.", false, false},
	{DonneesIndisponibles, Forbidden, 403, "Données indisponibles", "Ces données ne peuvent pas être transmises." + rappel, "Les données ne sont pas communicables ; le motif n'est pas indiqué.", "Demandez le justificatif papier à la personne.", false, false},
	{AdresseNonAutorisee, Forbidden, 403, "Adresse non autorisée", "L'appel vient d'une adresse réseau que la convention n'autorise pas.", "L'adresse de l'appelant est hors des plages de la convention.", "Appelez depuis une adresse déclarée ou faites modifier les plages.", false, false},
	{PersonneNonIdentifiee, NotFound, 404, "Personne non identifiée", "La personne connectée n'a pas pu être identifiée avec certitude parmi les assurés du régime général et des régimes hébergés (CNMSS, CAMIEG, MNH, CAVIMAC et assimilés). Les autres régimes ne sont pas couverts. Demandez le justificatif papier : cette réponse ne peut, à elle seule, motiver un rejet.", "Personne inconnue, plusieurs personnes possibles, ou régime hors périmètre : la réponse est la même dans les trois cas.", "Demandez l'attestation de droits à la personne.", false, false},
	{BeneficiaireInconnu, NotFound, 404, "Bénéficiaire inconnu", "Ce NIR ne désigne aucun bénéficiaire rattaché à la personne connectée pendant la période demandée." + rappel, "Le NIR n'est pas celui d'un membre de la famille rattaché dans la période ; la réponse est la même qu'il existe ou non.", "Reprenez un « nir » rendu par « /me/beneficiaires » ; pour un enfant sans NIR, ajoutez « date-naissance ».", false, false},
	{CaisseAbsente, NotFound, 404, "Caisse absente", "Aucune caisse gestionnaire n'est connue pour ce bénéficiaire pendant la période demandée." + rappel, "Aucun rattachement à une caisse dans la période.", "Élargissez la période ou demandez le justificatif.", false, false},
	{MedecinTraitantAbsent, NotFound, 404, "Médecin traitant absent", "Aucun médecin traitant n'est déclaré pour ce bénéficiaire pendant la période demandée." + rappel, "Aucune déclaration de médecin traitant dans la période.", "Élargissez la période ou interrogez la personne.", false, false},
	{RessourceInconnue, NotFound, 404, "Ressource inconnue", "Cette adresse n'existe pas. Vérifiez le chemin dans la documentation.", "Le chemin n'est pas une opération du service.", "Comparez le chemin à la liste des opérations.", false, false},
	{MethodeNonPermise, Invalid, 405, "Méthode non permise", "Seule la méthode GET est admise ici.", "La méthode HTTP n'est pas admise sur cette adresse.", "Appelez en GET.", false, false},
	{RangNaissanceRequis, Conflict, 409, "Rang de naissance requis", "Plusieurs enfants sans NIR sont nés ce jour-là : précisez l'en-tête « rang-naissance ». À défaut, demandez le justificatif papier.", "Des jumeaux sans NIR propre ne peuvent pas être distingués.", "Ajoutez « rang-naissance », rendu par « /me/beneficiaires ».", false, false},
	{QuotaDepasse, TooMany, 429, "Quota dépassé", "Le quota de votre convention est atteint. Attendez le délai indiqué par « Retry-After ».", "Trop d'appels dans la seconde ou dans la journée (heure de Paris).", "Respectez « RateLimit-Remaining » et « RateLimit-Reset » ; demandez un avenant si le volume le justifie.", true, false},
	{FranceConnectIndisponible, Upstream, 502, "FranceConnect indisponible", "FranceConnect ne permet pas de vérifier le jeton pour l'instant. Réessayez après le délai indiqué, ou proposez la voie papier.", "FranceConnect est en panne, a répondu de façon inexploitable ou a refusé nos identifiants.", "Attendez « Retry-After » ; le jeton sera peut-être à renouveler.", true, false},
	{FranceConnectLent, Upstream, 504, "FranceConnect trop lent", "FranceConnect n'a pas répondu à temps. Réessayez après le délai indiqué, ou proposez la voie papier.", "Le délai de réponse de FranceConnect est dépassé.", "Attendez « Retry-After » ; le jeton sera peut-être à renouveler.", true, false},
	{ServiceIndisponible, Unavailable, 503, "Service indisponible", "Le service ne peut pas répondre pour l'instant ; aucune donnée n'a été transmise. Réessayez après le délai indiqué, ou proposez la voie papier.", "La base ou la trace ne peut pas être lue ou écrite.", "Attendez « Retry-After ».", true, false},
	{RoleInsuffisant, Forbidden, 403, "Rôle insuffisant", "Votre rôle ne permet pas cette action. Le détail dit quel rôle la permet.", "Le compte n'a pas le rôle que l'action demande.", "Adressez-vous à une personne de votre organisme qui a ce rôle.", false, true},
	{ActeImpossible, Conflict, 409, "Action impossible", "Cette action n'est pas possible dans l'état actuel du dossier, qui a pu changer entre-temps. Relisez-le, puis recommencez.", "L'état du dossier n'admet pas cette action, ou quelqu'un d'autre vient d'agir.", "Rechargez le dossier.", false, true},
	{TropDEssais, TooMany, 429, "Trop d'essais", "Trop de codes faux ont été saisis. Attendez le délai indiqué, puis recommencez.", "Cinq codes faux de suite pour un second facteur.", "Attendez un quart d'heure, puis réglez l'horloge du téléphone.", true, true},
	{AssertionInvalide, Unauthenticated, 401, "Preuve du logiciel invalide", "Votre convention exige l'en-tête « X-Client-Assertion », signé par la clé déposée pour cette clé d'API, valable une minute au plus et une seule fois.", "L'assertion manque, sa signature, son émetteur, son destinataire ou ses dates ne conviennent pas, ou elle a déjà servi.", "Signez une assertion neuve (JWT, ES256 ou EdDSA) pour chaque appel : iss et sub valent l'identifiant de la clé d'API, aud l'adresse de base ; réglez l'horloge.", false, false},
	{CertificatInvalide, Unauthenticated, 401, "Certificat du logiciel invalide", "Votre convention exige un certificat client TLS rattaché à votre clé d'API et en cours de validité, présenté à l'adresse réservée à cet usage.", "Aucun certificat n'est présenté, il est expiré, n'est pas encore valable, n'est pas rattaché à cette clé d'API, ou n'a pas été émis par une autorité admise.", "Appelez l'adresse qui demande un certificat, sans mandataire qui termine TLS, et faites rattacher le nouveau certificat à votre clé avant la fin de l'ancien.", false, false},
	{CleSuspendue, Forbidden, 403, "Clé d'API suspendue", "Cette clé d'API est suspendue à la suite d'un usage inhabituel. Votre contact technique a reçu les identifiants des requêtes en cause : vérifiez-les, puis demandez la reprise au gestionnaire des conventions.", "La clé a été suspendue automatiquement (une suite de NIR inconnus) ou par le gestionnaire.", "Recherchez ce qui a émis ces requêtes ; la reprise se demande au gestionnaire des conventions, ou demandez une autre clé si celle-ci a pu être copiée.", false, false},
	{DelegationAbsente, Forbidden, 403, "Délégation absente", "Cette clé d'API est celle d'un éditeur de logiciel : elle n'agit que pour un organisme qui lui a donné délégation. Nommez-le par son SIRET dans l'en-tête « X-Delegation ».", "L'en-tête « X-Delegation » manque, ne nomme aucun organisme dont la délégation est en cours, ou en désigne plusieurs conventions ; la réponse est la même dans tous les cas.", "Envoyez le SIRET de l'organisme, suivi de « / » et de l'identifiant de sa convention s'il en a délégué plusieurs ; demandez-lui sa délégation si elle a pris fin.", false, false},
	{SignatureManquante, Conflict, 409, "Signature manquante", "La convention n'est pas signée des deux parties : elle ne peut pas entrer en vigueur.", "Une des deux signatures manque, ne vérifie pas, ou vient d'une clé que la partie n'a pas déposée.", "Faites signer le document canonique par la partie que nomme le motif, puis recommencez.", false, true},
	{OrganisationAbsente, Forbidden, 403, "Organisme inconnu du fournisseur d'identité", "Votre fournisseur d'identité ne dit pas pour quel organisme vous agissez. Demandez-lui de transmettre le SIRET de votre organisme.", "Le SIRET manque dans l'identité reçue, ou sa clé est fausse.", "Faites corriger votre fiche chez votre fournisseur d'identité, puis recommencez.", false, true},
	{IdentiteIndisponible, Upstream, 502, "Fournisseur d'identité indisponible", "Le fournisseur d'identité ne permet pas de vous connecter pour l'instant. Réessayez dans quelques minutes.", "Le fournisseur d'identité est en panne, a répondu de façon inexploitable ou a refusé nos identifiants.", "Réessayez plus tard ; l'exploitant vérifie la section « login » de la configuration.", true, true},
	{IdentiteLente, Upstream, 504, "Fournisseur d'identité trop lent", "Le fournisseur d'identité n'a pas répondu à temps. Réessayez dans quelques minutes.", "Le délai de réponse du fournisseur d'identité est dépassé.", "Réessayez plus tard.", true, true},
	{ErreurInterne, Internal, 500, "Erreur interne", "Une erreur imprévue est survenue. Indiquez l'identifiant de la requête au support.", "Erreur non prévue.", "Transmettez l'identifiant de requête au support ; proposez la voie papier.", true, false},
}

var byCode = func() map[Code]Entry {
	m := make(map[Code]Entry, len(catalogue))
	for _, e := range catalogue {
		m[e.Code] = e
	}
	return m
}()

// Catalogue returns every code with its texts, in the contract's order.
func Catalogue() []Entry { return append([]Entry(nil), catalogue...) }

// Entry returns the code's line of the catalogue; an unknown code is answered
// as erreur_interne.
func (c Code) Entry() Entry {
	if e, ok := byCode[c]; ok {
		return e
	}
	return byCode[ErreurInterne]
}
