package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/BurntSushi/toml"
)

// An exception is a licence that some modules of one tool may have although it is not allowed.
type exception struct {
	Tool    string
	License string
	Modules []string
	Reason  string
}

func readExceptions(file string) ([]exception, error) {
	var text struct{ Exception []exception }
	read, err := toml.DecodeFile(file, &text)
	if err != nil {
		return nil, err
	}
	if unknown := read.Undecoded(); len(unknown) > 0 {
		return nil, fmt.Errorf("%s: unknown key %s", file, unknown[0])
	}
	for i, e := range text.Exception {
		if e.Tool == "" || e.License == "" || len(e.Modules) == 0 || e.Reason == "" {
			return nil, fmt.Errorf("%s: exception %d needs tool, license, modules and reason", file, i+1)
		}
	}
	return text.Exception, nil
}

// A permit is what one exception says of one module of a tool.
type permit struct{ tool, module, license string }

func permits(exceptions []exception) []permit {
	var all []permit
	for _, e := range exceptions {
		for _, module := range e.Modules {
			all = append(all, permit{e.Tool, module, e.License})
		}
	}
	return all
}

// permitted names the licences that a module of a tool may have beside the allowed ones.
func permitted(all []permit, tool, module string) (licenses []string) {
	for _, p := range all {
		if p.tool == tool && p.module == module {
			licenses = append(licenses, p.license)
		}
	}
	return licenses
}

// needed fails when there is a permit that no module made use of: what is excepted is what is compiled, and no more.
func needed(all, used []permit) error {
	var faults []error
	for _, p := range all {
		if !slices.Contains(used, p) {
			faults = append(faults, fmt.Errorf("the exception for %s in %s is not needed: there is no such module under %s", p.module, p.tool, p.license))
		}
	}
	return errors.Join(faults...)
}
