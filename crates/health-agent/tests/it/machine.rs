//! What the doctor says of the machine, before anything of the box runs and where systemd cannot be asked.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::Value;

use crate::programs::host;

/// The exit code, and the verdict and evidence of each check by its id.
fn doctor(folder: &Path, settings: &str, arguments: &[&str]) -> (i32, impl Fn(&str) -> (String, String)) {
    let file = folder.join("health.toml");
    fs::write(&file, settings).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_signalbox-health"))
        .arg("--config")
        .arg(&file)
        .args(["doctor", "--json"])
        .args(arguments)
        .env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus")
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let of = move |id: &str| {
        let checks = report["checks"].as_array().unwrap();
        let check = checks
            .iter()
            .find(|check| check["id"] == id)
            .unwrap_or_else(|| panic!("no {id}"));
        let text = |key: &str| check[key].as_str().unwrap().to_owned();
        (text("verdict"), text("evidence"))
    };
    (output.status.code().unwrap(), of)
}

fn seen(verdict: &str, evidence: String) -> (String, String) {
    (verdict.to_owned(), evidence)
}

#[test]
fn before_the_start_it_finds_what_would_be_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str, mode: u32| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path.display().to_string()
    };
    let token = file("token", "secret", 0o644);
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["box.example".to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2020, 6, 1);
    let certificate = file("box.crt", &params.self_signed(&key).unwrap().pem(), 0o644);
    let key = file("box.key", &key.serialize_pem(), 0o600);
    let socket = TcpListener::bind((host(), 9090)).unwrap();
    let address = socket.local_addr().unwrap();

    let settings = format!(
        "parts.prometheus = \"http://{address}\"\n\
         [system]\nmounts = [\"/nowhere\"]\nsecrets = [\"{token}\"]\n\
         certificates = [{{ cert_file = \"{certificate}\", key_file = \"{key}\" }}]\n"
    );
    let (code, of) = doctor(folder.path(), &settings, &["--pre"]);

    assert_eq!(code, 2);
    assert_eq!(
        of("secrets-private"),
        seen("down", format!("everyone may use {token} (mode 0644)"))
    );
    let (verdict, evidence) = of("certificates-valid");
    assert_eq!(verdict, "down");
    assert!(
        evidence.starts_with(&format!("{certificate} ended ")),
        "{evidence}"
    );
    assert_eq!(of("certificates-expiry").0, "ok");
    assert_eq!(
        of("disk-space"),
        seen(
            "unknown",
            "/nowhere cannot be seen: No such file or directory (os error 2)".to_owned()
        )
    );
    let program = fs::read_to_string("/proc/self/comm").unwrap();
    assert_eq!(
        of("ports-free"),
        seen(
            "degraded",
            format!(
                "{address} ({}, process {}) has the port of prometheus",
                program.trim_end(),
                std::process::id()
            )
        )
    );
}

#[test]
fn what_is_well_is_ok_and_not_merely_not_judged() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path.display().to_string()
    };
    let token = file("token", "secret");
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["box.example".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    let (certificate, key) = (
        file("box.crt", &certificate),
        file("box.key", &key.serialize_pem()),
    );
    // nobody listens there
    let settings = format!(
        "parts.prometheus = \"http://{}:9\"\n\
         [system]\nmounts = [\"{}\"]\nsecrets = [\"{token}\"]\n\
         certificates = [{{ cert_file = \"{certificate}\", key_file = \"{key}\", ca_file = \"{certificate}\" }}]\n",
        host(),
        folder.path().display()
    );
    let (_, of) = doctor(
        folder.path(),
        &settings,
        &["--pre", "--category", "security", "--category", "host"],
    );
    // the token and the key
    assert_eq!(of("secrets-private"), seen("ok", "2 files".to_owned()));
    assert_eq!(
        of("certificates-valid"),
        seen("ok", format!("{certificate} is CN=rcgen self signed cert"))
    );
    assert_eq!(of("certificates-expiry").0, "ok");
    assert_eq!(of("ports-free"), seen("ok", "1 port".to_owned()));
    // how much there is depends on the machine
    for id in ["disk-space", "memory-available", "file-systems-writable"] {
        let (verdict, evidence) = of(id);
        assert!(
            !["not_applicable", "unknown"].contains(&verdict.as_str()),
            "{id}: {verdict} {evidence}"
        );
    }
}

#[test]
fn a_systemd_that_cannot_be_asked_is_told_where_there_are_units() {
    let folder = tempfile::tempdir().unwrap();
    let settings = "[system]\nunits = [\"prometheus.service\"]\n";
    let (code, of) = doctor(folder.path(), settings, &["--category", "units"]);
    assert_eq!(code, 2);
    assert_eq!(
        of("systemd-answers"),
        seen(
            "unknown",
            "systemd cannot be asked: the system's D-Bus cannot be reached: failed to connect to \
             `unix:path=/nowhere/bus`: No such file or directory (os error 2)"
                .to_owned()
        )
    );
    assert_eq!(of("units-active").0, "not_applicable");
}
