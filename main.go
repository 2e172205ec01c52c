// Command droits is the whole platform in one binary; see droits help.
package main

import (
	"os"

	"droits.example/droits/internal/cli"
)

func main() {
	os.Exit(cli.Main(cli.Process{Args: os.Args[1:], In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Environ: os.Environ()}))
}
