// Command geo writes the extract of the official geographic code that
// internal/geo embeds: which codes of communes became which.
//
// Usage: geo OUT [PACKAGE.tgz]
//
// Without a tarball it asks npm for the one named below, from the registry that
// npm is configured with. A tarball of another hash is refused: a new version is
// a change of this file, of THIRD_PARTY.md and of the extract, read together.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// source is the only package that is read.
var source = struct{ name, version, sha256, file string }{
	"@etalab/decoupage-administratif", "6.0.0",
	"c189ffd5b33fe40c2f19e1a923ce557f190622f39228745d3195d746dfe00c4a",
	"package/data/communes.json",
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "geo:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	var tarball []byte
	var err error
	switch len(args) {
	case 1:
		tarball, err = pack()
	case 2:
		tarball, err = os.ReadFile(args[1])
	default:
		return errors.New("usage: geo OUT [PACKAGE.tgz]")
	}
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(tarball); hex.EncodeToString(sum[:]) != source.sha256 {
		return fmt.Errorf("the package is not %s %s: its sha256 differs", source.name, source.version)
	}
	raw, err := member(tarball, source.file)
	if err != nil {
		return err
	}
	text, err := extract(raw)
	if err != nil {
		return err
	}
	return os.WriteFile(args[0], text, 0o644)
}

// pack lets npm fetch the tarball.
func pack() ([]byte, error) {
	dir, err := os.MkdirTemp("", "geo")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	cmd := exec.Command("npm", "pack", "--silent", "--pack-destination", dir, source.name+"@"+source.version)
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("npm pack %s@%s: %w", source.name, source.version, err)
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(found) != 1 {
		return nil, errors.New("npm pack left no tarball")
	}
	return os.ReadFile(found[0])
}

func member(tarball []byte, name string) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(tarball))
	if err != nil {
		return nil, err
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if h.Name == name {
			return io.ReadAll(r)
		}
	}
}

// commune is what is read of one entry of the package.
type commune struct {
	Code         string   `json:"code"`
	Type         string   `json:"type"`
	Commune      string   `json:"commune"` // of an arrondissement: its city
	AnciensCodes []string `json:"anciensCodes"`
}

const (
	current        = "commune-actuelle"
	arrondissement = "arrondissement-municipal"
)

// extract writes one line a commune that has former codes or arrondissements:
// its code, then theirs, all sorted, so that a new version reads as a difference.
func extract(raw []byte) ([]byte, error) {
	var all []commune
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, err
	}
	became := map[string][]string{}
	parent := map[string]string{}
	add := func(code, into string) error {
		if len(code) != 5 || len(into) != 5 || code == into || parent[code] != "" {
			return fmt.Errorf("%s became %s: not two codes, or %s became something else already", code, into, code)
		}
		parent[code] = into
		became[into] = append(became[into], code)
		return nil
	}
	for _, c := range all {
		switch c.Type {
		case current:
			for _, old := range c.AnciensCodes {
				if err := add(old, c.Code); err != nil {
					return nil, err
				}
			}
		case arrondissement:
			if err := add(c.Code, c.Commune); err != nil {
				return nil, err
			}
		}
	}
	if len(parent) == 0 {
		return nil, errors.New("no former code in the package: has its shape changed?")
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Made by tools/geo from %s %s (Insee, code officiel géographique; Licence Ouverte). Do not edit.\n", source.name, source.version)
	fmt.Fprintln(&b, "# One line a commune: its code, then its former codes and its arrondissements.")
	for _, into := range slices.Sorted(maps.Keys(became)) {
		slices.Sort(became[into])
		fmt.Fprintf(&b, "%s %s\n", into, strings.Join(became[into], " "))
	}
	return b.Bytes(), nil
}
