//! A new generation stays only if the box is healthy.
//!
//! The profile and its generations stand in for NixOS': activating one puts its settings of the collector in force, as a switch does. Everything
//! else is real: the collector, the units of the gate, systemd, boots.

use std::net::Ipv4Addr;
use std::os::unix::fs::symlink;
use std::time::Duration;

use serde_json::Value;
use systemd_tests::{Kind, Machine, Package, eventually};

/// The gate waits for so long, then something is activated, and there may be a boot.
const SEEN: Duration = Duration::from_secs(90);

const HEALTH: &str = "\
canary.enabled = false
system.units = [\"signalbox-collector.service\"]
system.profile = \"/nix/var/nix/profiles/system\"
gate.wait = \"10s\"
gate.settle = \"2s\"
";

/// systemd-nspawn gives each boot of a machine an id of its own by a mount over the file in /proc, which a unit with a /proc of its own does not see.
const BOOT_ID: &str = "[Service]\nBindReadOnlyPaths=/run/boot-id:/proc/sys/kernel/random/boot_id\n";

/// What stands in for NixOS' `switch-to-configuration`.
const ACTIVATE: &str = "\
#!/bin/sh
set -e
system=$(dirname $(dirname $0))
exec 9>/run/nixos/switch-to-configuration.lock
flock 9
echo \"$system $1\" >>/var/log/activations
[ \"$1\" != boot ] || exit 0
ln -sfn $system /run/current-system
cp $system/collector.toml /etc/signalbox/collector.toml
systemctl restart signalbox-collector || true
# every active target again: it wants the gate, which has ended
systemctl start multi-user.target
systemctl is-failed --quiet signalbox-health-gate && exit 4 || exit 0
";

/// What stands in for the first stage of a boot.
const BOOT: &str = "\
[Unit]
DefaultDependencies=no
After=local-fs.target systemd-tmpfiles-setup.service
Before=sockets.target basic.target
[Service]
Type=oneshot
ExecStart=sh -c 'cp /proc/sys/kernel/random/boot_id /run/boot-id; mkdir -p /run/nixos; system=$(readlink -f /nix/var/nix/profiles/system); \\
    ln -s $system /run/booted-system; ln -s $system /run/current-system; cp $system/collector.toml /etc/signalbox/collector.toml'
[Install]
WantedBy=sysinit.target
";

const GOOD: &str = "environment = \"prod\"\ndata_plane_id = \"dp-prod-01\"\n";
const BAD: &str = "environment = \"prod\"\nno_such_setting = 1\n";

/// A machine with one generation, which has been booted.
async fn boot() -> Machine {
    let mut machine = Machine::create(Kind::Nspawn, "gate", Ipv4Addr::new(10, 20, 0, 30)).await;
    Package::show(&mut machine);
    machine.write("/etc/signalbox/health.toml", HEALTH);
    machine.write("/etc/systemd/system/first-stage.service", BOOT);
    machine.write(
        "/etc/systemd/system/signalbox-health-gate.service.d/boot-id.conf",
        BOOT_ID,
    );
    machine.write("/etc/systemd/system/sysinit.target.wants/.keep", "");
    symlink(
        "../first-stage.service",
        machine.path("/etc/systemd/system/sysinit.target.wants/first-stage.service"),
    )
    .unwrap();
    machine.write("/nix/var/nix/profiles/.keep", "");
    install(&machine, 1, GOOD);
    machine.boot().await;
    Package::install(&machine, &["signalbox-collector", "signalbox-health"]).await;
    machine
        .run("systemctl enable signalbox-health-gate && systemctl start multi-user.target")
        .await;
    machine
}

/// Makes a generation, and the default of it.
fn install(machine: &Machine, number: u32, settings: &str) {
    machine.write_with_mode(
        &format!("/nix/store/system-{number}/bin/switch-to-configuration"),
        ACTIVATE,
        0o755,
    );
    machine.write(&format!("/nix/store/system-{number}/collector.toml"), settings);
    let profiles = machine.path("/nix/var/nix/profiles");
    symlink(
        format!("/nix/store/system-{number}"),
        profiles.join(format!("system-{number}-link")),
    )
    .unwrap();
    let _ = std::fs::remove_file(profiles.join("system"));
    symlink(format!("system-{number}-link"), profiles.join("system")).unwrap();
}

async fn state(machine: &Machine) -> Result<Value, String> {
    let output = machine
        .try_run("cat /var/lib/signalbox-health-gate/state.json")
        .await;
    serde_json::from_str(&output.stdout).map_err(|error| format!("{error}: {output:?}"))
}

/// Waits until the gate has come to this verdict of a generation.
async fn verdict(machine: &Machine, generation: u32, green: bool) -> Value {
    eventually(
        &format!("a verdict of generation {generation}"),
        SEEN,
        async || {
            let state = state(machine).await?;
            let last = &state["last"];
            if last["generation"]["number"] == generation && last["green"] == green {
                Ok(state)
            } else {
                Err(state.to_string())
            }
        },
    )
    .await
}

async fn profile(machine: &Machine) -> String {
    machine.run("readlink /nix/var/nix/profiles/system").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_generation_is_left_again_after_a_switch_and_after_a_boot() {
    let machine = boot().await;
    verdict(&machine, 1, true).await;
    assert_eq!(profile(&machine).await, "system-1-link");

    // a switch to what is well
    install(&machine, 2, GOOD);
    machine
        .run("/nix/store/system-2/bin/switch-to-configuration switch")
        .await;
    verdict(&machine, 2, true).await;

    // a switch to what is not: it fails, and what was before comes back
    install(&machine, 3, BAD);
    let switch = machine
        .try_run("/nix/store/system-3/bin/switch-to-configuration switch")
        .await;
    assert_eq!(switch.code, 4, "{switch:?}");
    let rolled_back = eventually("the way back", SEEN, async || {
        let state = state(&machine).await?;
        if state["rollbacks"][0]["outcome"] == "done" {
            Ok(state)
        } else {
            Err(state.to_string())
        }
    })
    .await;
    let rollback = &rolled_back["rollbacks"][0];
    assert_eq!(rollback["from"]["number"], 3);
    assert_eq!(rollback["to"]["number"], 2);
    assert_eq!(rollback["occasion"], "switch");
    assert_eq!(profile(&machine).await, "system-2-link");
    assert_eq!(
        machine.run("readlink /run/current-system").await,
        "/nix/store/system-2"
    );
    verdict(&machine, 2, true).await;
    assert_eq!(
        machine.property("signalbox-collector", "ActiveState").await,
        "active"
    );
    let told = machine.journal("-u signalbox-health-gate PRIORITY=3").await;
    assert!(!told.is_empty());

    // a boot into what is not well
    install(&machine, 4, BAD);
    machine.run("systemctl --no-block reboot").await;
    eventually("generation 2 is booted again", SEEN, async || {
        let booted = machine.try_run("readlink /run/booted-system").await.stdout;
        let state = state(&machine).await?;
        let outcome = &state["rollbacks"][1];
        if booted == "/nix/store/system-2" && outcome["from"]["number"] == 4 {
            Ok(())
        } else {
            Err(format!("{booted}: {state}"))
        }
    })
    .await;
    let state = verdict(&machine, 2, true).await;
    assert_eq!(state["rollbacks"][1]["occasion"], "boot");
    assert_eq!(state["rollbacks"].as_array().map(Vec::len), Some(2));
    assert_eq!(profile(&machine).await, "system-2-link");
    assert_eq!(
        machine.property("signalbox-collector", "ActiveState").await,
        "active"
    );
    assert_eq!(
        machine
            .run("cat /var/log/activations")
            .await
            .lines()
            .collect::<Vec<_>>(),
        [
            "/nix/store/system-2 switch",
            "/nix/store/system-3 switch",
            "/nix/store/system-2 switch",
            "/nix/store/system-2 boot",
        ]
    );
}
