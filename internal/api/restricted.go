package api

import (
	"encoding/json"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/policy"
)

// DocumentFor is the OpenAPI document of one partner, in JSON, for a base path: the operations
// that its convention opens, the members that it can receive, and nothing else
// (aim 5 of requirements.md). It derives from the convention alone: the same
// convention gives the same bytes, and x-convention names it with its digest.
// An answer that holds a member too many is no answer of this document.
func DocumentFor(base string, c convention.Convention) ([]byte, error) {
	var doc map[string]any
	if err := yaml.Unmarshal(openAPI, &doc); err != nil {
		return nil, fault.Wrap(fault.ErreurInterne, "api: document", err)
	}
	d := c.Document
	restrictPaths(member(doc, "paths"), c)
	restrictProof(doc, d.Auth)
	for _, s := range doc["servers"].([]any) {
		s.(map[string]any)["url"] = base
	}
	schemas := member(doc, "components", "schemas")
	restrictSchemas(schemas, policy.Fields(c))
	if b := member(schemas, "Bloc"); len(b) > 0 {
		b["enum"] = d.Blocks
	}
	forgetUnused(doc, schemas)
	info := member(doc, "info")
	info["x-convention"] = map[string]any{
		"id": d.ID, "version": d.Version, "empreinte": c.Digest, "partenaire": d.Parties.Partner, "finalite": d.Purpose, "preuve": d.Auth,
		"par_seconde": d.Quota.PerSecond, "par_jour": d.Quota.PerDay,
	}
	b, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, fault.Wrap(fault.ErreurInterne, "api: document", err)
	}
	return b, nil
}

// member walks down a document; what is not there is empty.
func member(doc map[string]any, path ...string) map[string]any {
	for _, p := range path {
		next, ok := doc[p].(map[string]any)
		if !ok {
			return map[string]any{}
		}
		doc = next
	}
	return doc
}

// restrictPaths leaves the operations that the convention opens.
func restrictPaths(paths map[string]any, c convention.Convention) {
	g := policy.Grant{Convention: c, Scopes: []string{droits.ScopeUmbrella}}
	for _, op := range droits.Operations() {
		if policy.Admit(op.Op, g) != nil {
			delete(paths, op.Path)
		}
	}
	for p := range paths {
		if strings.HasPrefix(p, JournalPath+"/") && !c.Document.Journal {
			delete(paths, p)
		}
	}
}

// restrictProof leaves the header of the signed assertion, required, where the
// convention wants one, and takes it out elsewhere.
func restrictProof(doc map[string]any, auth string) {
	const name = "assertion"
	if auth == convention.AuthAssertion {
		member(doc, "components", "parameters", name)["required"] = true
		return
	}
	delete(member(doc, "components", "parameters"), name)
	for _, item := range member(doc, "paths") {
		operation := member(item.(map[string]any), "get")
		list, ok := operation["parameters"].([]any)
		if !ok {
			continue
		}
		operation["parameters"] = slices.DeleteFunc(list, func(x any) bool {
			return x.(map[string]any)["$ref"] == "#/components/parameters/"+name
		})
	}
}

// restrictSchemas leaves the members that can be received, and closes the
// objects that hold them.
func restrictSchemas(schemas map[string]any, fields []string) {
	known := map[string]bool{}
	for _, f := range droits.Champs() {
		name, property, _ := strings.Cut(f.Name, ".")
		schema := member(schemas, name)
		known[name] = true
		if slices.Contains(fields, f.Name) {
			continue
		}
		delete(member(schema, "properties"), property)
		if list, ok := schema["required"].([]any); ok {
			schema["required"] = slices.DeleteFunc(list, func(x any) bool { return x == property })
		}
	}
	for name := range known {
		if s := member(schemas, name); len(s) > 0 {
			s["additionalProperties"] = false
		}
	}
}

// forgetUnused drops the schemas that nothing refers to any more.
func forgetUnused(doc, schemas map[string]any) {
	used := map[string]bool{}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				name, found := strings.CutPrefix(ref, "#/components/schemas/")
				if found && !used[name] {
					used[name] = true
					walk(schemas[name])
				}
			}
			for _, x := range v {
				walk(x)
			}
		case []any:
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(doc["paths"])
	for name, part := range member(doc, "components") {
		if name != "schemas" {
			walk(part)
		}
	}
	for name := range schemas {
		if !used[name] {
			delete(schemas, name)
		}
	}
}
