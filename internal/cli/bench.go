package cli

import "github.com/spf13/cobra"

func benchCommand(p Process) *cobra.Command {
	return group("bench", "Measure, against a yardstick run in the same minute")
}
