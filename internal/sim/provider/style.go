package provider

import _ "embed"

//go:embed simulator.css
var css []byte
