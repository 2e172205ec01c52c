package api

import (
	"bytes"
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Document is the OpenAPI document as served here, in YAML and in JSON: the
// embedded text with the configured base path in its server URL.
func (a *API) Document() (asYAML, asJSON []byte, err error) {
	asYAML = bytes.ReplaceAll(openAPI, []byte("url: "+DefaultBase+"\n"), []byte("url: "+a.Base+"\n"))
	var v any
	if err := yaml.Unmarshal(asYAML, &v); err != nil {
		return nil, nil, fmt.Errorf("api: document: %w", err)
	}
	asJSON, err = json.MarshalIndent(v, "", "  ")
	return asYAML, asJSON, err
}
