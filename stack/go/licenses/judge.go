package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/BurntSushi/toml"
	"github.com/google/licensecheck"
)

// The share of a licence file, in percent, that has to be the text of known licences: below, something else is said there too.
const leastKnown = 75

// Go and Python files about licences are code, LICENSE.docs is the licence of documentation, and LICENSE.minisig a signature: none is a licence of
// what is compiled.
var (
	licenseFile = regexp.MustCompile(`(?i)^(un)?licen[cs]e|^copying`)
	otherFile   = regexp.MustCompile(`(?i)\.(go|py|docs|minisig)$`)
)

// The head of a file that was taken from Go's own code, whose licence is BSD-3-Clause.
var (
	goHead = regexp.MustCompile(`^// Copyright \d{4} The Go Authors\. All rights reserved\.
// Use of this source code is governed by a BSD-style
// license that can be found in (the )?https://golang\.org/LICENSE( file)?\.?
`)
	goLicense = "BSD-3-Clause"
)

// judge names the licences of a module, and a fault when one of them is not allowed or cannot be told. A file with several licences
// needs all of them allowed.
func judge(m module, allowed []string) (licenses []string, fault error) {
	seen := map[string]bool{}
	for _, folder := range m.folders {
		licensed := false
		for dir := folder; ; dir = filepath.Dir(dir) {
			known, ok := seen[dir]
			if !ok {
				found, err := folderLicenses(dir, allowed)
				if err != nil && fault == nil {
					fault = err
				}
				licenses = append(licenses, found...)
				known = len(found) > 0
				seen[dir] = known
			}
			licensed = licensed || known
			if dir == m.dir || len(dir) <= len(m.dir) {
				break
			}
		}
		if !licensed && isGo(folder) {
			licenses, licensed = append(licenses, goLicense), true
			if !slices.Contains(allowed, goLicense) && fault == nil {
				fault = fmt.Errorf("%s is not allowed", goLicense)
			}
		}
		if !licensed && fault == nil {
			fault = fmt.Errorf("no licence file from %s up to the module's root", folder)
		}
	}
	slices.Sort(licenses)
	return slices.Compact(licenses), fault
}

// isGo tells whether every file of a package says that it was taken from Go's own code.
func isGo(folder string) bool {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(files) == 0 {
		return false
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil || !goHead.Match(text) {
			return false
		}
	}
	return true
}

func folderLicenses(dir string, allowed []string) (found []string, fault error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if entry.IsDir() || !licenseFile.MatchString(entry.Name()) || otherFile.MatchString(entry.Name()) {
			continue
		}
		file := filepath.Join(dir, entry.Name())
		text, err := os.ReadFile(file)
		if err != nil {
			return found, err
		}
		names, err := textLicenses(text, allowed)
		found = append(found, names...)
		if err != nil && fault == nil {
			fault = fmt.Errorf("%s: %w", file, err)
		}
	}
	return found, fault
}

func textLicenses(text []byte, allowed []string) (names []string, fault error) {
	coverage := licensecheck.Scan(text)
	for _, match := range coverage.Match {
		names = append(names, match.ID)
		if !slices.Contains(allowed, match.ID) && fault == nil {
			fault = fmt.Errorf("%s is not allowed", match.ID)
		}
	}
	if coverage.Percent < leastKnown && fault == nil {
		fault = fmt.Errorf("only %.0f %% of it is the text of a known licence", coverage.Percent)
	}
	return names, fault
}

// readAllowed reads what cargo-deny reads, so that there is one list.
func readAllowed(file string) ([]string, error) {
	var deny struct {
		Licenses struct{ Allow []string }
	}
	if _, err := toml.DecodeFile(file, &deny); err != nil {
		return nil, err
	}
	if len(deny.Licenses.Allow) == 0 {
		return nil, fmt.Errorf("%s has no [licenses] allow", file)
	}
	return deny.Licenses.Allow, nil
}
