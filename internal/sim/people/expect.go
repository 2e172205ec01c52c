package people

// Sentences that several people share. What a kind of partner gets is
// contract.md's, "Who receives what".

const (
	nobody     = "404 personne_non_identifiee sur toutes les opérations, sans autre indication."
	hopitalAll = "200 : identité, caisse, contrats et médecin traitant."
	mutuelleOK = "200 : identité, caisse et contrats ; /medecin-traitant répond 403 operation_reservee."
)

// usual is somebody with nothing special to see.
func usual() Expect { return Expect{hopitalAll, mutuelleOK} }

// unknown is somebody whom no partner can read.
func unknown() Expect { return Expect{nobody, nobody} }
