package web

import (
	"time"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/support"
)

// partnerStories are the components of the partner space.
func partnerStories(at time.Time) []story {
	served := partner.LoggedCall{Call: partner.Call{At: at, Partner: "hopital", Key: "cle_1", Operation: "getMe", Outcome: partner.Served, RequestID: "01K9Z3T0QX", Latency: 3200 * time.Microsecond, Count: 1}, Cursor: 7}
	refused := served
	refused.Outcome, refused.Count, refused.Cursor = string(fault.QuotaDepasse), 40, 8
	use := usageOf([]partner.Usage{{Operation: "getMe", Outcome: partner.Served, Calls: 412, Took: 2 * time.Second, Slowest: 80 * time.Millisecond}, {Operation: "getMe", Outcome: string(fault.QuotaDepasse), Calls: 9}})
	incident := support.File{ID: "V-2026-0001", Kind: support.Incident, State: support.Waiting, Subject: "Poste volé", ChangedAt: at, KnownAt: at.Add(-60 * time.Hour)}
	return []story{
		{"jauge", "Jauge d'un quota", "Ce qui est consommé, le seuil de 80 %, les mêmes nombres en mots.", []storyCase{
			{"Presque atteint", "gauge", quotaLine{Convention: "hopital-1", Purpose: "Préparer une admission", State: tag{"ok", "en vigueur"}, PerSecond: 20, PerDay: 1000, Used: 850, Left: 150, Percent: 85, Width: 255}},
		}},
		{"appels", "Appels", "Sans aucune donnée des personnes.", []storyCase{{"Servi et refusé", "calls", []callLine{callLineOf(served), callLineOf(refused)}}}},
		{"consommation", "Consommation", "Par résultat et par opération.", []storyCase{{"Par résultat", "usage-tables", use.Outcomes}, {"Par opération", "usage-operations", use.Operations}}},
		{"conventions", "Conventions", "Leur état, et ce qu'elles attendent.", []storyCase{{"À signer", "followed", []followLine{{Href: storiesPath, ID: "hopital-1", Partner: "Hôpital de démonstration", SIRET: "00000000000018", Why: "Préparer une admission", Version: 2, State: tag{"warn", "à signer"}, Until: "22/11/2029", Task: tag{"warn", "à signer par nous"}}}}}},
		{"dossiers", "Questions et incidents", "À qui le tour, et le délai d'un incident.", []storyCase{{"Un incident", "files", filesData{Lines: []fileLine{fileLineOf(incident, storiesPath, at)}}}, {"Rien", "files", filesData{}}}},
	}
}
