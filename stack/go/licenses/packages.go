package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A goPackage is what we read of `go list -json`.
type goPackage struct {
	ImportPath string
	Dir        string
	Standard   bool
	Module     *struct {
		Path, Version, Dir string
		Replace            *struct{ Path, Version string }
	}
}

// A module is one module of a program: its path, its name with version, its folder, and the folders of its packages that are compiled.
type module struct {
	path    string
	name    string
	dir     string
	folders []string
}

// The tools are the folders whose go.mod names programs.
func findTools(folder string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*", "go.mod"))
	if err != nil {
		return nil, err
	}
	names := regexp.MustCompile(`(?m)^tool `)
	var tools []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if names.Match(text) {
			tools = append(tools, filepath.Dir(file))
		}
	}
	if len(tools) == 0 {
		return nil, fmt.Errorf("no tools in %s", folder)
	}
	return tools, nil
}

func compiledPackages(tool string) ([]goPackage, error) {
	tags, err := os.ReadFile(filepath.Join(tool, "tags"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	// -e: a module may embed a file that only the tool's overlay/ has
	list := exec.Command("go", "list", "-e", "-deps", "-mod=readonly", "-tags="+strings.Join(strings.Fields(string(tags)), ","),
		"-json=ImportPath,Dir,Standard,Module", "tool")
	list.Dir = tool
	list.Env = append(os.Environ(), "CGO_ENABLED=0", "GOTOOLCHAIN=local", "GOWORK=off", "GOOS=linux")
	var problems bytes.Buffer
	list.Stderr = &problems
	output, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, problems.String())
	}
	var packages []goPackage
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var found goPackage
		if err := decoder.Decode(&found); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		if found.Standard {
			continue
		}
		if found.Module == nil || found.Dir == "" {
			return nil, fmt.Errorf("package %s was not found: is its module downloaded? %s", found.ImportPath, problems.String())
		}
		packages = append(packages, found)
	}
}

func byModule(packages []goPackage) []module {
	modules := map[string]*module{}
	for _, p := range packages {
		name := p.Module.Path + " " + p.Module.Version
		if r := p.Module.Replace; r != nil {
			name += " => " + r.Path + " " + r.Version
		}
		if modules[name] == nil {
			modules[name] = &module{path: p.Module.Path, name: name, dir: p.Module.Dir}
		}
		modules[name].folders = append(modules[name].folders, p.Dir)
	}
	var sorted []module
	for _, m := range modules {
		sorted = append(sorted, *m)
	}
	slices.SortFunc(sorted, func(a, b module) int { return strings.Compare(a.name, b.name) })
	return sorted
}
