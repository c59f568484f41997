// Licenses lists the licence of every Go module in the third-party programs that we ship, and fails when one is allowed neither by the
// project's deny.toml nor, for its tool, by exceptions.toml:
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
	"slices"
	"strings"
	"text/tabwriter"
)

func main() {
	deny := flag.String("deny", "../../../deny.toml", "file with [licenses] allow")
	exceptions := flag.String("exceptions", "exceptions.toml", "file of what single tools may have beside")
	tools := flag.String("tools", "..", "folder of the tools, each with its go.mod")
	flag.Parse()
	if err := run(os.Stdout, *deny, *exceptions, *tools); err != nil {
		fmt.Fprintf(os.Stderr, "licenses: %v\n", err)
		os.Exit(1)
	}
}

func run(out io.Writer, denyFile, exceptionsFile, toolsFolder string) error {
	allowed, err := readAllowed(denyFile)
	if err != nil {
		return err
	}
	exceptions, err := readExceptions(exceptionsFile)
	if err != nil {
		return err
	}
	tools, err := findTools(toolsFolder)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	permits := permits(exceptions)
	var used []permit
	modules, faults := 0, 0
	for _, folder := range tools {
		tool := filepath.Base(folder)
		packages, err := compiledPackages(folder)
		if err != nil {
			return fmt.Errorf("%s: %w", tool, err)
		}
		for _, module := range byModule(packages) {
			licenses, fault := judge(module, slices.Concat(allowed, permitted(permits, tool, module.path)))
			modules++
			note := ""
			for _, license := range permitted(permits, tool, module.path) {
				if slices.Contains(licenses, license) {
					used = append(used, permit{tool, module.path, license})
					note = " (exception)"
				}
			}
			fmt.Fprintf(table, "%s\t%s\t%s%s\n", tool, module.name, strings.Join(licenses, ", "), note)
			if fault != nil {
				faults++
				fmt.Fprintf(table, "%s\t%s\tREFUSED: %v\n", tool, module.name, fault)
			}
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if faults > 0 {
		return fmt.Errorf("%d of %d modules refused: replace the module, or allow its licence, in %s or for that tool in %s",
			faults, modules, denyFile, exceptionsFile)
	}
	if err := needed(permits, used); err != nil {
		return fmt.Errorf("%s: %w", exceptionsFile, err)
	}
	fmt.Fprintf(out, "%d tools, %d modules: every licence is allowed, %d of them as exceptions\n", len(tools), modules, len(used))
	return nil
}
