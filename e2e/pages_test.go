//go:build e2e

package e2e

import (
	"net/url"
	"strings"
	"testing"
)

// Every public page of the platform is walked from the links of the others.
func TestPages(t *testing.T) {
	for _, v := range views {
		t.Run("R81 every page of the platform holds, "+v.name, func(t *testing.T) {
			p := tabFor(t, v.width, v.script)
			seen := map[string]bool{}
			queue := []string{demo.api + "/"}
			codes := 0
			for len(queue) > 0 {
				address := queue[0]
				queue = queue[1:]
				u, err := url.Parse(address)
				if err != nil || u.Scheme+"://"+u.Host != demo.api || seen[u.Path] || isFile(u.Path) {
					continue
				}
				seen[u.Path] = true
				switch u.Path {
				case "/mon-espace": // leads to the login
					queue = append(queue, demo.api+"/mon-espace/connexion")
					continue
				case "/mon-espace/connexion/franceconnect": // leads to the simulator
					continue
				}
				if strings.HasPrefix(u.Path, "/documentation/erreurs/") {
					if codes++; codes > 4 { // they are one template
						continue
					}
				}
				p.goTo(demo.api + u.Path)
				name := strings.Trim(strings.ReplaceAll(u.Path, "/", "-"), "-")
				if name == "" {
					name = "accueil"
				}
				p.check("web-" + name)
				queue = append(queue, p.links()...)
			}
			for _, must := range []string{"/", "/documentation", "/documentation/erreurs", "/documentation/erreurs/quota_depasse", "/documentation/jeu-d-essai", "/verifier", "/mon-espace/connexion", "/partenaire", "/instruction", "/composants", "/demo/messages"} {
				if !seen[must] {
					t.Errorf("no link leads to %s", must)
				}
			}
			p.goTo(demo.api + "/nulle-part")
			p.at("/nulle-part", "Page non trouvée", "Identifiant à citer au support")
			p.check("web-404")
		})
	}
	t.Run("R81 each door of the home page is reached by the keyboard", func(t *testing.T) {
		p := tabFor(t, 1280, true)
		p.goTo(demo.api + "/")
		p.press(keyTab, keyEnter, keyTab, keyEnter)
		p.waitFor(`a[href="/mon-espace/connexion/franceconnect"]`)
		p.at("/mon-espace/connexion")
		p.goTo(demo.api + "/")
		p.press(keyTab, keyEnter, keyTab, keyTab, keyEnter)
		p.waitFor(".hopital main h1")
		p.at("/hopital/preadmission")
	})
}

func isFile(path string) bool {
	return strings.HasSuffix(path, ".yaml") || strings.HasSuffix(path, ".json") || strings.HasPrefix(path, "/static/") || strings.HasPrefix(path, "/preuves/")
}
