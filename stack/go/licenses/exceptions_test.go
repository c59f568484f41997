package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const minio = `[[exception]]
tool = "minio"
license = "AGPL-3.0"
modules = ["example.org/a", "example.org/b"]
reason = "a program of its own"
`

func exceptionsFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "exceptions.toml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestAnExceptionIsForItsModulesInItsToolAlone(t *testing.T) {
	exceptions, err := readExceptions(exceptionsFile(t, minio))
	if err != nil {
		t.Fatal(err)
	}
	all := permits(exceptions)
	for _, c := range []struct {
		tool, module string
		licenses     []string
	}{
		{"minio", "example.org/a", []string{"AGPL-3.0"}},
		{"minio", "example.org/b", []string{"AGPL-3.0"}},
		{"minio", "example.org/c", nil},
		{"minio", "example.org/a/v2", nil},
		{"thanos", "example.org/a", nil},
	} {
		if licenses := permitted(all, c.tool, c.module); !slices.Equal(licenses, c.licenses) {
			t.Errorf("%s in %s may have %v, not %v", c.module, c.tool, licenses, c.licenses)
		}
	}
}

func TestAnExceptionThatNothingNeedsIsRefused(t *testing.T) {
	a, b := permit{"minio", "example.org/a", "AGPL-3.0"}, permit{"minio", "example.org/b", "AGPL-3.0"}
	if err := needed([]permit{a, b}, []permit{b, a}); err != nil {
		t.Errorf("both are needed, but: %v", err)
	}
	err := needed([]permit{a, b}, []permit{a})
	if err == nil || !strings.Contains(err.Error(), "example.org/b in minio is not needed") || strings.Contains(err.Error(), "example.org/a") {
		t.Errorf("got %v", err)
	}
}

func TestAnExceptionIsWhole(t *testing.T) {
	for _, line := range strings.Split(strings.TrimSpace(minio), "\n")[1:] {
		text := strings.Replace(minio, line+"\n", "", 1)
		if _, err := readExceptions(exceptionsFile(t, text)); err == nil || !strings.Contains(err.Error(), "exception 1 needs") {
			t.Errorf("without %s: got %v", line, err)
		}
	}
	if _, err := readExceptions(exceptionsFile(t, minio+"version = \"1\"\n")); err == nil || !strings.Contains(err.Error(), "unknown key") {
		t.Errorf("with another key: got %v", err)
	}
}
