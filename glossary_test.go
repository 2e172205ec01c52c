package main

import (
	"go/ast"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// worded are the packages whose exported names speak of the field.
var worded = []string{"internal/nir", "internal/droits", "internal/intake", "internal/policy", "internal/convention", "internal/consent", "internal/partner"}

// english are the words of their exported names that are not of the field. A
// word that is neither here nor in docs/glossary.md is new: it goes to one.
var english = strings.Fields(`
	Abort Accepted Accord ACR Act Active Activity Actor Added Addr Addresses Admit After Age Agent Agreement Alarm Alert All Allowed Allows Answered
	Altered Ambiguous Announced Any Apply As Ask Asked Asserted Assertion At Auth
	Basis Batch Become Before Begin Below Between Birth Block Blocks By Bytes
	Call Calls Can Candidate Canonical Certificate Certificates Change Changed Channel Check Choice Chosen Cited Client Clients Close Closed
	Code Codes Collection Compare Compared Compressed Conflict Consent Contested Count Counted Covered Created Current Cursor
	Data Date Day Days Death Decide Decided Decision Declared Delegation Delta Dependants Digest Disagrees Document Done Draft Drain Draw Drawn Dry
	Editeur Effect Effective Empty End Ended Ends Enum Enumeration Environment Error Event Events Evidence Exact Excluded Expired Expires
	Facts Family FC FCClient FCClients Field Fields File First Fixed Flying Fold For Force Format Former Free From Future
	Given Go Goes Grant Ground Grounds Grouped
	Has Have Header Held Hidden Holder Holds Horizon Hours
	ID Id In Index Info Information Invalid Is Issued
	Journal JSON
	Key Keys Kind Kinds
	Label Language Large Last Late Latency Lease Least Leaves Left Legal Let Lets Like Limit Line Lines Live Log Logged Long Looks
	Mail Male Many Margin Mark Marshal Mask Masks Match Max Me Member Members Minor Missing Month Most MTLS Must
	Name Names Narrow Needs Networks New Next Night No None Not Nothing Notice Notices Notify Null Number
	Of On Once Op Open Opened Operation Operations Operator Options Organisation Other Out Outcome Over Overtaken Own
	Parse Parties Partner Party Path Paused Per Period Periods Person Place Prefix Prepare Prepared Processing Production Profile Profiles
	Progress Public Purpose Put
	Query Quota
	Range Rank Read Reader Reading Reason Receipt Record Ref Reference Refusals Refused Registered Registering Reject Rejected Rejects Release
	Remind Reminder Removed Repeat Replaced Replay Representative Request Requests Required Restricted Restriction Restrictions Result Resume
	Resumed Resumer Retention Return Reveal Reversed Revoked Rights Role Row Rows Rule Rules Run
	Sandbox Saw Schema Scope Scopes Sealed Second Secret Seen Select Self Sensitive Sentinel Served Settings Settle Several Sex SHA Shown Side Sighting Sign
	Signature Signatures Signed Since Sink Slowest Slug Sort Source Space Speaks Stage Standing State Stop Stopped String Subject Sum Summary
	Suspended Suspends
	Table Teller Term Terms Text Tick Ticks Time Times To Today Token Tolerances Too Took Total Trace Truncated Twice Type
	Umbrella Unchanged Under Unfinished Unknown Unknowns Unmarshal Unreadable Unsettled Unsigned Unsorted Until Unusual Use Usual UTF
	Valid Value Vendor Verify Version View Visible Volume
	Want Watch Who Whole Wildcard Window With Withdrawal Withdrawn Withheld Wording
	Year
	Zero
`)

var word = regexp.MustCompile(`C2SP?|CMUC|[A-Z]+(?:[a-z]+|$)|[A-Z]`)

// initials splits what stands before a capitalised word: NIRPrecedents.
var initials = regexp.MustCompile(`^(NIR|ID|JSON|FC|UTF|AM|SHA)([A-Z][a-z]+)$`)

func words(name string) []string {
	var out []string
	for _, w := range word.FindAllString(name, -1) {
		if m := initials.FindStringSubmatch(w); m != nil {
			out = append(out, m[1], m[2])
			continue
		}
		out = append(out, w)
	}
	return out
}

func TestGlossary(t *testing.T) {
	page, err := os.ReadFile("docs/glossary.md")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, line := range strings.Split(string(page), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) != 6 {
			continue
		}
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[4], -1) {
			known[m[1]] = true
		}
	}
	for _, s := range sources(t) {
		if s.test || !slices.Contains(worded, s.folder) {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			for _, id := range declared(n) {
				if !id.IsExported() {
					continue
				}
				for _, w := range words(id.Name) {
					if len(w) > 1 && !known[w] && !slices.Contains(english, w) {
						t.Errorf("%s: %s holds the word %s, which is not in docs/glossary.md", s.at(id), id.Name, w)
					}
				}
			}
			return true
		})
	}
}

// declared are the names that a node declares.
func declared(n ast.Node) []*ast.Ident {
	switch x := n.(type) {
	case *ast.FuncDecl:
		return []*ast.Ident{x.Name}
	case *ast.TypeSpec:
		return []*ast.Ident{x.Name}
	case *ast.ValueSpec:
		return x.Names
	case *ast.Field:
		return x.Names
	}
	return nil
}
