// Licenses lists the licence of every Go module in the third-party programs that we ship, and fails when one is not allowed by the
// project's deny.toml:
//
//	go run -C stack/go/licenses .
//
// It looks at what is compiled, as stack/go/compile does it: the packages under each tool's build tags, and for each package every
// licence file from its folder up to the root of its module.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
)

func main() {
	deny := flag.String("deny", "../../../deny.toml", "file with [licenses] allow")
	tools := flag.String("tools", "..", "folder of the tools, each with its go.mod")
	flag.Parse()
	if err := run(os.Stdout, *deny, *tools); err != nil {
		fmt.Fprintf(os.Stderr, "licenses: %v\n", err)
		os.Exit(1)
	}
}

func run(out io.Writer, denyFile, toolsFolder string) error {
	allowed, err := readAllowed(denyFile)
	if err != nil {
		return err
	}
	tools, err := findTools(toolsFolder)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	modules, faults := 0, 0
	for _, tool := range tools {
		packages, err := compiledPackages(tool)
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(tool), err)
		}
		for _, module := range byModule(packages) {
			licenses, fault := judge(module, allowed)
			modules++
			fmt.Fprintf(table, "%s\t%s\t%s\n", filepath.Base(tool), module.name, strings.Join(licenses, ", "))
			if fault != nil {
				faults++
				fmt.Fprintf(table, "%s\t%s\tREFUSED: %v\n", filepath.Base(tool), module.name, fault)
			}
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if faults > 0 {
		return fmt.Errorf("%d of %d modules refused: replace the module, or allow its licence in %s", faults, modules, denyFile)
	}
	fmt.Fprintf(out, "%d tools, %d modules: every licence is allowed\n", len(tools), modules)
	return nil
}
