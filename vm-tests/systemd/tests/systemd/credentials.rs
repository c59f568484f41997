//! Secrets are read by those whom they are for.

use systemd_tests::{SECRET, Site};

use crate::shared::site;

/// Services that are handed a secret, and its name.
const HANDED: &[(&str, &str)] = &[
    ("alertmanager", "webhook-url"),
    ("minio", "s3-credentials"),
    ("thanos-compact", "s3-credentials"),
    ("thanos-rule", "s3-credentials"),
    ("thanos-sidecar", "s3-credentials"),
    ("thanos-store", "s3-credentials"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_read_by_its_service_alone() {
    let site = site().await;
    let machine = &site.control.machine;
    for (service, name) in HANDED {
        let file = format!("/run/credentials/{service}.service/{name}");
        // it is there, as root sees
        machine.run(&format!("test -s {file}")).await;
        for reader in [
            "setpriv --reuid=nobody --regid=nogroup --clear-groups",
            // another service's user, made the same way
            "systemd-run --quiet --pipe --wait --collect --property=DynamicUser=yes",
            // and the user of another service of the box
            "setpriv --reuid=node-exporter --regid=node-exporter --clear-groups",
        ] {
            let read = machine.try_run(&format!("{reader} cat {file}")).await;
            assert_ne!(read.code, 0, "{reader} read {file}");
            assert!(
                read.stderr.contains("Permission denied"),
                "{reader}: {file}: {read:?}"
            );
        }
        // what they were copied from is root's
        let source = machine
            .run(&format!(
                "systemctl cat {service} | sed -n 's/^LoadCredential={name}://p'"
            ))
            .await;
        machine.run(&format!("test -s {source}")).await;
        let read = machine
            .try_run(&format!("setpriv --reuid=nobody --clear-groups cat {source}"))
            .await;
        assert!(
            read.stderr.contains("Permission denied"),
            "{source}: {}",
            read.stderr
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_in_no_argument_no_setting_of_a_unit_and_no_log() {
    let site = site().await;
    let machine = &site.control.machine;
    // in a file, so that this search does not find itself
    machine.write_with_mode(
        "/root/secrets",
        &format!("{SECRET}\n{}\n", key(&site).await),
        0o600,
    );
    for place in [
        "cat /proc/[0-9]*/cmdline",
        "systemctl show '*'",
        "systemctl cat '*.service'",
        "journalctl --no-pager --all",
        "cat /etc/systemd/system/*.service /etc/prometheus/*.yaml /nix/store/*.yaml",
    ] {
        let found = machine
            .run(&format!(
                "{place} 2>/dev/null | grep --text --fixed-strings --file=/root/secrets || true"
            ))
            .await;
        assert_eq!(found, "", "a secret is in {place}");
    }
}

/// What the object store's secret key was made to be.
async fn key(site: &Site) -> String {
    let text = site
        .control
        .machine
        .run("cat /var/lib/signalbox/secrets/s3-credentials")
        .await;
    let key = text
        .lines()
        .find_map(|line| line.strip_prefix("aws_secret_access_key = "));
    key.expect("a key was made").to_owned()
}
