//! The gate on a machine made of folders: a profile, `/run`, firmware variables, and a dashboard that is ready or not.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::Command;

/// Whose manifests would be believed.
const KEY: &str = "vendor-1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

const COUNT_PATH: &str = "LoaderBootCountPath-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

struct Machine {
    folder: TempDir,
    ready: Arc<AtomicBool>,
    dashboard: SocketAddr,
}

impl Machine {
    /// Generations 1 to 3 are installed, 3 is the default, has been booted and runs.
    async fn new() -> Self {
        let ready = Arc::new(AtomicBool::new(true));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let dashboard = listener.local_addr().unwrap();
        let answer = ready.clone();
        let router = Router::new().fallback(async move || {
            if answer.load(Ordering::SeqCst) {
                StatusCode::OK
            } else {
                StatusCode::SERVICE_UNAVAILABLE
            }
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        let machine = Self {
            folder: tempfile::tempdir().unwrap(),
            ready,
            dashboard,
        };
        for folder in ["profiles", "run/nixos", "efivars", "store"] {
            fs::create_dir_all(machine.path(folder)).unwrap();
        }
        for number in 1..=3 {
            machine.install(number);
        }
        machine.boots(3);
        machine
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    fn system(&self, number: u32) -> PathBuf {
        self.path(&format!("store/system-{number}"))
            .canonicalize()
            .unwrap()
    }

    /// A generation whose activation notes how it was called, and then is what runs.
    fn install(&self, number: u32) {
        let system = self.path(&format!("store/system-{number}"));
        fs::create_dir_all(system.join("bin")).unwrap();
        let script = format!(
            "#!/bin/sh\n\
             echo \"{number} $1\" >> {log}\n\
             [ \"$1\" = boot ] || ln -sfn {system} {run}\n\
             exit $(cat {folder}/exit-code 2>/dev/null || echo 0)\n",
            log = self.path("activations").display(),
            system = system.display(),
            run = self.path("run/current-system").display(),
            folder = system.display(),
        );
        let program = system.join("bin/switch-to-configuration");
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        symlink(&system, self.path(&format!("profiles/system-{number}-link"))).unwrap();
        self.relink("profiles/system", Path::new(&format!("system-{number}-link")));
    }

    /// As a boot with this default does.
    fn boots(&self, number: u32) {
        self.relink("run/booted-system", &self.system(number));
        self.relink("run/current-system", &self.system(number));
    }

    /// As `nixos-rebuild switch` does.
    fn switches(&self, number: u32) {
        self.relink("profiles/system", Path::new(&format!("system-{number}-link")));
        self.relink("run/current-system", &self.system(number));
    }

    fn relink(&self, link: &str, target: &Path) {
        let link = self.path(link);
        let _ = fs::remove_file(&link);
        symlink(target, link).unwrap();
    }

    fn is_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::SeqCst);
    }

    fn counted_by_the_loader(&self, entry: &str) {
        let mut bytes = vec![6, 0, 0, 0];
        bytes.extend(entry.encode_utf16().flat_map(u16::to_le_bytes));
        bytes.extend([0, 0]);
        fs::write(self.path("efivars").join(COUNT_PATH), bytes).unwrap();
    }

    async fn gate(&self, arguments: &[&str]) -> Output {
        let output = self.program().arg("gate").args(arguments).output();
        tokio::time::timeout(Duration::from_mins(1), output)
            .await
            .expect("the gate ends")
            .unwrap()
    }

    /// The program with this machine's settings, and without a command.
    fn program(&self) -> Command {
        let text = |path: &str| format!("{:?}", self.path(path).to_str().unwrap());
        let settings = [
            format!("parts.dashboard=http://{}", self.dashboard),
            "system.mounts=[]".to_owned(),
            format!("system.profile={}", text("profiles/system")),
            "canary.enabled=false".to_owned(),
            "gate.wait=1s".to_owned(),
            "gate.settle=200ms".to_owned(),
            format!("gate.state_dir={}", text("state")),
            format!("gate.red_file={}", text("red.json")),
            format!("gate.run_dir={}", text("run")),
            format!("gate.efivars={}", text("efivars")),
            format!("gate.reboot=[\"touch\", {}]", text("rebooted")),
        ];
        let mut command = Command::new(env!("CARGO_BIN_EXE_signalbox-health"));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        for setting in settings {
            command.args(["--set", &setting]);
        }
        command
    }

    /// The gate's exit code.
    async fn judged(&self) -> i32 {
        let output = self.gate(&[]).await;
        output.status.code().unwrap()
    }

    fn state(&self) -> Value {
        serde_json::from_slice(&fs::read(self.path("state/state.json")).unwrap()).unwrap()
    }

    /// How activations were called, one a line.
    fn activations(&self) -> String {
        fs::read_to_string(self.path("activations")).unwrap_or_default()
    }

    fn default(&self) -> PathBuf {
        fs::read_link(self.path("profiles/system")).unwrap()
    }

    fn has_rebooted(&self) -> bool {
        fs::remove_file(self.path("rebooted")).is_ok()
    }

    /// Another boot, as far as the gate can tell.
    fn forget_this_boot(&self) {
        let mut state = self.state();
        state["last"]["boot_id"] = "another".into();
        fs::write(self.path("state/state.json"), state.to_string()).unwrap();
    }
}

#[tokio::test]
async fn what_is_healthy_stays_and_is_remembered() {
    let machine = Machine::new().await;
    assert_eq!(machine.judged().await, 0);
    let state = machine.state();
    assert_eq!(state["last"]["green"], true);
    assert_eq!(state["last"]["occasion"], "boot");
    assert_eq!(state["last"]["action"], "kept");
    assert_eq!(state["last"]["generation"]["number"], 3);
    assert_eq!(state["good"][0]["system"].as_str(), machine.system(3).to_str());
    assert!(state["good"][0]["boot"].is_f64());
    assert_eq!(machine.activations(), "");
    // good: whatever breaks later is not its fault
    machine.is_ready(false);
    assert_eq!(machine.judged().await, 1);
    let state = machine.state();
    assert_eq!(state["last"]["occasion"], "switch");
    assert_eq!(state["last"]["action"], "reported");
    assert_eq!(state["last"]["red"], serde_json::json!(["dashboard-ready"]));
    assert_eq!(machine.activations(), "");
}

#[tokio::test]
async fn a_bad_switch_is_taken_back_once() {
    let machine = Machine::new().await;
    machine.boots(1);
    machine.switches(3);
    machine.is_ready(false);
    let output = machine.gate(&[]).await;
    assert_eq!(output.status.code(), Some(1));
    let log = String::from_utf8_lossy(&output.stderr);
    for said in [
        "required check stays red",
        "dashboard-ready",
        "this generation is not healthy, the one before comes back",
        "rolled back",
    ] {
        assert!(log.contains(said), "{said:?} is missing in:\n{log}");
    }
    assert_eq!(machine.activations(), "2 switch\n");
    assert_eq!(machine.default(), Path::new("system-2-link"));
    assert!(!machine.has_rebooted());
    let rollback = &machine.state()["rollbacks"][0];
    assert_eq!(rollback["from"]["number"], 3);
    assert_eq!(rollback["to"]["number"], 2);
    assert_eq!(rollback["outcome"], "done");
    assert_eq!(rollback["detail"], "it runs");

    // the one that came back is as red, and is the last
    assert_eq!(machine.judged().await, 1);
    // somebody insists on the bad one
    machine.switches(3);
    assert_eq!(machine.judged().await, 1);
    assert_eq!(machine.activations(), "2 switch\n");
    assert_eq!(machine.default(), Path::new("system-3-link"));
    let state = machine.state();
    assert_eq!(state["rollbacks"].as_array().unwrap().len(), 1);
    let why = state["last"]["why"].as_str().unwrap();
    assert!(why.ends_with("was rolled back once already"), "{why}");
}

#[tokio::test]
async fn a_bad_boot_makes_the_one_before_the_default_and_starts_again() {
    let machine = Machine::new().await;
    machine.is_ready(false);
    assert_eq!(machine.judged().await, 1);
    assert_eq!(machine.activations(), "2 boot\n");
    assert_eq!(machine.default(), Path::new("system-2-link"));
    assert!(machine.has_rebooted());
    assert_eq!(machine.state()["rollbacks"][0]["occasion"], "boot");

    machine.boots(2);
    machine.forget_this_boot();
    assert_eq!(machine.judged().await, 1);
    assert_eq!(machine.activations(), "2 boot\n");
    assert!(!machine.has_rebooted());
}

#[tokio::test]
async fn a_boot_entry_that_cannot_be_written_is_no_reason_to_start_again() {
    let machine = Machine::new().await;
    machine.is_ready(false);
    fs::write(machine.system(2).join("exit-code"), "5").unwrap();
    assert_eq!(machine.judged().await, 1);
    assert_eq!(machine.activations(), "2 boot\n");
    assert!(!machine.has_rebooted());
    let rollback = &machine.state()["rollbacks"][0];
    assert_eq!(rollback["outcome"], "failed");
    let detail = rollback["detail"].as_str().unwrap();
    assert!(detail.ends_with("boot ended with exit status: 5"), "{detail}");
}

#[tokio::test]
async fn units_that_fail_while_it_comes_back_do_not_undo_it() {
    let machine = Machine::new().await;
    machine.boots(1);
    machine.switches(3);
    machine.is_ready(false);
    // as switch-to-configuration ends when units failed
    fs::write(machine.system(2).join("exit-code"), "4").unwrap();
    assert_eq!(machine.judged().await, 1);
    let rollback = &machine.state()["rollbacks"][0];
    assert_eq!(rollback["outcome"], "done");
    assert_eq!(
        rollback["detail"],
        "it runs; its activation ended with exit status: 4"
    );
}

#[tokio::test]
async fn a_switch_that_is_under_way_is_waited_for() {
    let machine = Machine::new().await;
    machine.boots(1);
    machine.switches(3);
    machine.is_ready(false);
    let lock = fs::File::create(machine.path("run/nixos/switch-to-configuration.lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let release = async {
        // on record, and not begun
        while !machine.path("state/state.json").exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(machine.state()["rollbacks"][0]["outcome"], "begun");
        assert_eq!(machine.activations(), "");
        drop(lock);
    };
    let (code, ()) = tokio::join!(machine.judged(), release);
    assert_eq!(code, 1);
    assert_eq!(machine.activations(), "2 switch\n");
}

#[tokio::test]
async fn the_loader_counts_where_it_can() {
    let machine = Machine::new().await;
    machine.is_ready(false);
    machine.counted_by_the_loader("/loader/entries/nixos-generation-3+2-1.conf");
    assert_eq!(machine.judged().await, 1);
    assert!(machine.has_rebooted());
    assert_eq!(machine.activations(), "", "the loader falls back by itself");
    let state = machine.state();
    assert_eq!(state["last"]["action"], "rebooted");
    assert_eq!(
        state["counted"]["entry"],
        "/loader/entries/nixos-generation-3+2-1.conf"
    );

    // the same counters again: it cannot write to its partition
    machine.forget_this_boot();
    assert_eq!(machine.judged().await, 1);
    assert!(machine.has_rebooted());
    assert_eq!(machine.activations(), "2 boot\n");
}

#[tokio::test]
async fn in_maintenance_it_only_reports() {
    let machine = Machine::new().await;
    machine.is_ready(false);
    let output = machine.gate(&["--maintenance", "on", "--for", "1h"]).await;
    assert!(output.status.success());
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.starts_with("until 20"), "{said}");
    assert_eq!(machine.judged().await, 1);
    assert_eq!(machine.activations(), "");
    assert!(!machine.has_rebooted());
    assert_eq!(
        machine.state()["last"]["why"],
        "somebody works on this box (maintenance)"
    );

    assert!(machine.gate(&["--maintenance", "off"]).await.status.success());
    machine.switches(3);
    assert_eq!(machine.judged().await, 1);
    assert_eq!(machine.activations(), "2 switch\n");
}

#[tokio::test]
async fn without_an_older_generation_or_a_readable_memory_it_stays() {
    let machine = Machine::new().await;
    machine.is_ready(false);
    machine.boots(1);
    machine.switches(1);
    assert_eq!(machine.judged().await, 1);
    let why = machine.state()["last"]["why"].as_str().unwrap().to_owned();
    assert!(
        why.starts_with("there is nothing to go back to from generation 1"),
        "{why}"
    );

    machine.switches(3);
    fs::write(machine.path("state/state.json"), "torn").unwrap();
    for _ in 0..2 {
        let output = machine.gate(&[]).await;
        assert_eq!(output.status.code(), Some(1));
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(
            log.contains("it is not known what was rolled back before"),
            "{log}"
        );
    }
    assert_eq!(machine.activations(), "");
    // what is healthy gives it a new memory, and the old one is kept for whoever can read it
    machine.is_ready(true);
    assert_eq!(machine.judged().await, 0);
    assert_eq!(machine.state()["good"][0]["number"], 3);
    assert_eq!(
        fs::read_to_string(machine.path("state/state.json.unreadable")).unwrap(),
        "torn"
    );
}

#[tokio::test]
async fn what_was_red_before_it_came_does_not_count() {
    let machine = Machine::new().await;
    machine.boots(1);
    machine.switches(3);
    machine.is_ready(false);
    let red = |number: u32, checks: &[&str]| serde_json::json!({"system": machine.system(number), "checks": checks});
    let write = |now: Value, before: Value| {
        let text = serde_json::json!({"now": now, "before": before}).to_string();
        fs::write(machine.path("red.json"), text).unwrap();
    };
    write(red(3, &[]), red(1, &["dashboard-ready"]));
    let output = machine.gate(&[]).await;
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(machine.state()["last"]["action"], "kept");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(log.contains("red under the system before"), "{log}");

    // what is red under this one alone is its doing
    fs::remove_file(machine.path("state/state.json")).unwrap();
    write(red(3, &["dashboard-ready"]), red(1, &["thanos-ready"]));
    assert_eq!(machine.judged().await, 1);
    assert_eq!(machine.activations(), "2 switch\n");
}

/// The settings that the gate's unit has beside its file, on a box with an object store.
fn environment_of_the_unit() -> Vec<(String, String)> {
    let drop_in = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../nixos/golden/acme/units/signalbox-health-gate.service.d/overrides.conf");
    let variables: Vec<_> = fs::read_to_string(drop_in)
        .unwrap()
        .lines()
        .filter_map(|line| {
            let (name, value) = line
                .strip_prefix("Environment=\"SIGNALBOX_")?
                .strip_suffix('"')?
                .split_once('=')?;
            Some((
                format!("SIGNALBOX_{name}"),
                value.replace("%d", "/run/credentials/signalbox-health-gate.service"),
            ))
        })
        .collect();
    assert_eq!(
        variables,
        [(
            "SIGNALBOX_HEALTH__OBJECT_STORE__CREDENTIALS_FILE".to_owned(),
            "/run/credentials/signalbox-health-gate.service/s3-credentials".to_owned()
        )]
    );
    variables
}

#[tokio::test]
async fn settings_that_are_wrong_go_with_their_generation() {
    let machine = Machine::new().await;
    machine.boots(1);
    machine.switches(3);
    let settings = machine.path("health.toml");
    fs::write(&settings, "no_such_key = 1\n").unwrap();
    let arguments = ["--config", settings.to_str().unwrap()];
    let gate = async |more: &[&str]| {
        let mut program = machine.program();
        program.envs(environment_of_the_unit()).arg("gate");
        let output = program.args(arguments).args(more).output();
        tokio::time::timeout(Duration::from_mins(1), output)
            .await
            .expect("the gate ends")
            .unwrap()
    };
    // what somebody mistypes is nobody's doing but theirs
    let output = gate(&["--set", "gate.wait=soon"]).await;
    assert_eq!(output.status.code(), Some(78));
    assert_eq!(machine.activations(), "");
    assert!(!machine.path("state/state.json").exists());

    let output = gate(&[]).await;
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(machine.activations(), "2 switch\n");
    let state = machine.state();
    assert_eq!(
        state["rollbacks"][0]["red"],
        serde_json::json!(["settings-right"])
    );
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(log.contains("no_such_key"), "{log}");

    // the unit in which the way back is gone has the same settings
    let mut state = machine.state();
    state["rollbacks"][0]["outcome"] = "begun".into();
    fs::write(machine.path("state/state.json"), state.to_string()).unwrap();
    machine.switches(3);
    let output = gate(&["--carry-out"]).await;
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(machine.activations(), "2 switch\n2 switch\n");
    assert_eq!(machine.state()["rollbacks"][0]["outcome"], "done");

    // who serves, and who asks, is told as ever
    let doctor = machine.program().arg("doctor").args(arguments).output().await;
    assert_eq!(doctor.unwrap().status.code(), Some(78));
}

#[tokio::test]
async fn a_full_disk_does_not_keep_a_bad_generation_nor_take_a_good_one() {
    let machine = Machine::new().await;
    assert_eq!(machine.judged().await, 0);
    machine.boots(1);
    machine.switches(2);
    // no new file can be made
    fs::create_dir(machine.path("state/state.json.new")).unwrap();
    machine.is_ready(false);
    assert_eq!(machine.judged().await, 1);
    assert_eq!(machine.activations(), "1 switch\n");
    assert_eq!(machine.state()["rollbacks"][0]["from"]["number"], 2);

    let machine = Machine::new().await;
    // nothing can be written at all
    fs::write(machine.path("state"), "").unwrap();
    let output = machine.gate(&[]).await;
    assert_eq!(output.status.code(), Some(0));
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(log.contains("the verdict is not remembered"), "{log}");
    machine.is_ready(false);
    assert_eq!(machine.judged().await, 1);
    assert_eq!(machine.activations(), "", "it might be done for ever");
}

#[tokio::test]
async fn a_way_back_that_the_power_ended_is_taken_at_the_next_boot() {
    let machine = Machine::new().await;
    machine.is_ready(false);
    assert_eq!(machine.judged().await, 1);
    assert!(machine.has_rebooted());
    assert_eq!(machine.activations(), "2 boot\n");
    let mut state = machine.state();
    state["rollbacks"][0]["outcome"] = "begun".into();
    fs::write(machine.path("state/state.json"), state.to_string()).unwrap();
    machine.forget_this_boot();
    // the loader has not learnt of it
    machine.boots(3);
    assert_eq!(machine.judged().await, 1);
    assert_eq!(machine.activations(), "2 boot\n2 boot\n");
    assert!(machine.has_rebooted());
    let rollbacks = &machine.state()["rollbacks"];
    assert_eq!(rollbacks.as_array().unwrap().len(), 1);
    assert_eq!(rollbacks[0]["attempts"], 2);
    assert_eq!(rollbacks[0]["outcome"], "done");

    let mut state = machine.state();
    state["rollbacks"][0]["outcome"] = "begun".into();
    fs::write(machine.path("state/state.json"), state.to_string()).unwrap();
    machine.forget_this_boot();
    assert_eq!(machine.judged().await, 1);
    assert_eq!(machine.activations(), "2 boot\n2 boot\n", "and not a third time");
}

#[tokio::test]
async fn maintenance_may_outlive_a_boot_and_has_an_end() {
    let machine = Machine::new().await;
    machine.is_ready(false);
    let output = machine.gate(&["--maintenance", "on", "--for", "9000y"]).await;
    assert_eq!(output.status.code(), Some(64));
    assert!(!machine.path("run/signalbox").exists());

    let on = ["--maintenance", "on", "--for", "1h", "--through-reboot"];
    assert!(machine.gate(&on).await.status.success());
    // whatever is in /run is gone
    assert!(!machine.path("run/signalbox").exists());
    assert_eq!(machine.judged().await, 1);
    assert_eq!(machine.activations(), "");
    assert!(!machine.has_rebooted());
    assert!(machine.gate(&["--maintenance", "off"]).await.status.success());
    machine.forget_this_boot();
    assert_eq!(machine.judged().await, 1);
    assert_eq!(machine.activations(), "2 boot\n");
}

#[tokio::test]
async fn the_agent_shows_its_verdict_and_keeps_what_is_red_for_it() {
    let machine = Machine::new().await;
    assert_eq!(machine.judged().await, 0);
    let listen = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listen.local_addr().unwrap();
    drop(listen);
    let record = serde_json::json!({"at": 7.5, "took_seconds": 2.5, "outcome": "changed", "paths": 3, "bytes_read": 9, "findings_total": 2});
    fs::write(machine.path("last_verify.json"), record.to_string()).unwrap();
    let mut agent = machine
        .program()
        .args(["--set", &format!("verify.state_dir={:?}", machine.path(""))])
        .args([
            "--set",
            &format!("verify.manifest={:?}", machine.path("manifests")),
        ])
        .args(["--set", &format!("verify.public_keys=[\"{KEY}\"]")])
        .args(["--listen", &address.to_string(), "serve"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let page = async {
        loop {
            let page = reqwest::get(format!("http://{address}/metrics")).await;
            if let Ok(page) = page {
                let page = page.text().await.unwrap();
                if page.contains("signalbox_verify_sound ") && machine.path("red.json").exists() {
                    return page;
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let page = tokio::time::timeout(Duration::from_secs(30), page)
        .await
        .expect("it shows them");
    for line in [
        "signalbox_gate_green 1",
        "signalbox_gate_rolled_back 0",
        "signalbox_gate_maintenance 0",
        "signalbox_verify_sound 0",
        "signalbox_verify_findings 2",
        "signalbox_verify_store_paths 3",
        "signalbox_verify_read_bytes 9",
        "signalbox_verify_duration_seconds 2.5",
    ] {
        assert!(
            page.lines().any(|said| said == line),
            "{line:?} is missing in:\n{page}"
        );
    }
    let red: Value = serde_json::from_slice(&fs::read(machine.path("red.json")).unwrap()).unwrap();
    assert_eq!(red["now"]["system"].as_str(), machine.system(3).to_str());
    assert_eq!(red["now"]["checks"], serde_json::json!([]));
    agent.kill().await.unwrap();
}
