use std::path::PathBuf;

/// A path that `run` has put into the environment.
pub(crate) fn path(name: &str) -> PathBuf {
    std::env::var_os(name)
        .unwrap_or_else(|| panic!("{name} is not set: these tests are run by vm-tests/systemd/run, as root"))
        .into()
}

/// The checkout.
pub(crate) fn checkout() -> PathBuf {
    path("SIGNALBOX_TEST_ROOT")
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    path("SIGNALBOX_TEST_TARGET")
}
