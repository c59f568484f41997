package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const mit = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the
"Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish,
distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to
the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY
CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE
SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`

const isc = `Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted, provided that
the above copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY
DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION,
ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
`

const goFile = `// Copyright 2010 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the https://golang.org/LICENSE file.

package m
`

func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		files    map[string]string
		licenses []string
		fault    string
	}{
		"allowed":                       {map[string]string{"LICENSE": mit}, []string{"MIT"}, ""},
		"not allowed":                   {map[string]string{"COPYING": isc}, []string{"ISC"}, "ISC is not allowed"},
		"none":                          {map[string]string{"README": mit}, nil, "no licence file"},
		"unknown text":                  {map[string]string{"LICENSE.txt": "All rights reserved by their holders, every one of them."}, nil, "only 0 %"},
		"known text and much besides":   {map[string]string{"LICENSE": mit + strings.Repeat("and pay us a coin each time ", 60)}, []string{"MIT"}, "only"},
		"two files":                     {map[string]string{"LICENSE-MIT": mit, "LICENSE-ISC": isc}, []string{"ISC", "MIT"}, "ISC is not allowed"},
		"another one beside a package":  {map[string]string{"LICENSE": mit, "inner/LICENSE": isc}, []string{"ISC", "MIT"}, "ISC is not allowed"},
		"beside what is not compiled":   {map[string]string{"LICENSE": mit, "unused/LICENSE": isc}, []string{"MIT"}, ""},
		"of the documentation":          {map[string]string{"LICENSE": mit, "LICENSE.docs": isc}, []string{"MIT"}, ""},
		"only beside the other package": {map[string]string{"unused/LICENSE": mit}, nil, "no licence file"},
		"its signature":                 {map[string]string{"LICENSE": mit, "LICENSE.minisig": "untrusted comment"}, []string{"MIT"}, ""},
		"a program about licences":      {map[string]string{"LICENSE": mit, "licenseheaders.py": "import re"}, []string{"MIT"}, ""},
		"taken from Go":                 {map[string]string{"a.go": goFile, "inner/b.go": goFile}, []string{"BSD-3-Clause"}, "BSD-3-Clause is not allowed"},
		"taken from Go in part":         {map[string]string{"a.go": goFile, "b.go": "package m\n", "inner/LICENSE": mit}, []string{"MIT"}, "no licence file"},
		"changed after it was taken":    {map[string]string{"a.go": "// Changed.\n" + goFile, "inner/LICENSE": mit}, []string{"MIT"}, "no licence file"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for file, text := range c.files {
				path := filepath.Join(root, file)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			inner := filepath.Join(root, "inner")
			if err := os.MkdirAll(inner, 0o755); err != nil {
				t.Fatal(err)
			}
			licenses, fault := judge(module{name: "m", dir: root, folders: []string{root, inner}}, []string{"MIT"})
			if !slices.Equal(licenses, c.licenses) {
				t.Errorf("licenses are %v, not %v", licenses, c.licenses)
			}
			if (fault == nil) != (c.fault == "") || fault != nil && !strings.Contains(fault.Error(), c.fault) {
				t.Errorf("fault is %v, not %q", fault, c.fault)
			}
		})
	}
}

func TestGoCodeIsAllowedWhereItsLicenceIs(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "a.go"), []byte(goFile), 0o644); err != nil {
		t.Fatal(err)
	}
	licenses, fault := judge(module{name: "m", dir: root, folders: []string{root}}, []string{"BSD-3-Clause"})
	if !slices.Equal(licenses, []string{"BSD-3-Clause"}) || fault != nil {
		t.Errorf("got %v, %v", licenses, fault)
	}
}

func TestReadAllowed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "deny.toml")
	for text, want := range map[string][]string{
		"[licenses]\nallow = [\n  \"MIT\", # a comment\n  \"ISC\",\n]\n": {"MIT", "ISC"},
		"[licenses]\n": nil,
	} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		allowed, err := readAllowed(file)
		if !slices.Equal(allowed, want) || (err == nil) != (want != nil) {
			t.Errorf("%q gives %v, %v", text, allowed, err)
		}
	}
}
