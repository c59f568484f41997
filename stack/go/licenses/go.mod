module signalbox/stack/licenses

go 1.26.0

require (
	github.com/BurntSushi/toml v1.5.0
	github.com/google/licensecheck v0.3.1
)
