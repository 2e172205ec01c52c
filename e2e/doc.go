// Package e2e walks the built program with a real browser; it hides Chromium.
//
// Run it with: go test -tags e2e ./... -count=1
//
// It needs Go and /usr/bin/chromium. Without Chromium the tests are skipped and
// say so, or fail under CI=true. Screenshots go to $OUT/shots, evidence for a
// reader and not goldens. To use a demonstration that already runs, set
// E2E_API, E2E_SIM and E2E_PARTNERS to its three origins.
package e2e
