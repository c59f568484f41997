use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use service::Settings;
use tempfile::TempDir;

use super::*;
use crate::config::RawConfig;
use crate::gate::generation::Generation;

/// Generations 1 to 3, of which 3 is the default and runs, and the way back from 3 to 2 is begun. They are activated by `program`.
struct Machine {
    folder: TempDir,
    config: Config,
}

impl Machine {
    fn new(occasion: Occasion, program: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = RawConfig::default().into_config().unwrap();
        config.system.profile = Some(folder.path().join("profiles/system"));
        config.gate.state_dir = folder.path().join("state");
        config.gate.run_dir = folder.path().join("run");
        let machine = Self { folder, config };
        for folder in ["profiles", "run", "state"] {
            fs::create_dir(machine.path(folder)).unwrap();
        }
        for number in 1..=3 {
            let bin = machine.path(&format!("store/system-{number}/bin"));
            fs::create_dir_all(&bin).unwrap();
            symlink(installed(program), bin.join("switch-to-configuration")).unwrap();
            symlink(
                machine.system(number),
                machine.path(&format!("profiles/system-{number}-link")),
            )
            .unwrap();
        }
        machine.switches(3);
        let rollback = Rollback {
            from: machine.generation(3),
            to: machine.generation(2),
            at: 1.0,
            boot_id: "b".to_owned(),
            occasion,
            red: vec!["dashboard-ready".to_owned()],
            attempts: 1,
            outcome: Outcome::Begun,
            detail: String::new(),
        };
        State::update(&machine.config.gate.state_dir, |state| {
            state.rollbacks.push(rollback);
        })
        .unwrap();
        machine
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(below)
    }

    fn system(&self, number: u32) -> PathBuf {
        self.path(&format!("store/system-{number}"))
    }

    fn generation(&self, number: u32) -> Generation {
        Generation {
            number: Some(number),
            system: self.system(number),
        }
    }

    /// As `nixos-rebuild switch` does.
    fn switches(&self, number: u32) {
        let running = self.path("run/current-system");
        let _ = fs::remove_file(&running);
        symlink(self.system(number), running).unwrap();
        generation::point(self.config.system.profile.as_ref().unwrap(), number).unwrap();
    }

    /// Why it failed, and what is left to do then.
    async fn fails(&self) -> (String, String) {
        let error = carry_out(&self.config).await.unwrap_err();
        let state = State::read(&self.config.gate.state_dir).unwrap().unwrap();
        let rollback = state.rollbacks.last().unwrap();
        assert_eq!(rollback.outcome, Outcome::Failed);
        let profile = self.config.system.profile.as_ref().unwrap();
        (error.to_string(), by_hand(profile, rollback))
    }

    fn default(&self) -> PathBuf {
        fs::read_link(self.path("profiles/system")).unwrap()
    }
}

fn installed(program: &str) -> PathBuf {
    let folders = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&folders)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
        .unwrap()
}

#[tokio::test]
async fn an_activation_that_failed_is_made_again_and_not_one_generation_further() {
    for (occasion, left) in [
        (Occasion::Switch, "switch`, mend what it says"),
        (
            Occasion::Boot,
            "boot`, mend what it says, and start the machine again",
        ),
    ] {
        let machine = Machine::new(occasion, "false");
        let (why, fix) = machine.fails().await;
        assert!(why.contains("ended with exit status: 1"), "{why}");
        assert_eq!(machine.default(), Path::new("system-2-link"));
        let program = machine
            .folder
            .path()
            .join("profiles/system/bin/switch-to-configuration");
        assert_eq!(
            fix,
            format!(
                "generation 2 ({}) is the default already: run `{} {left}",
                machine.system(2).display(),
                program.display()
            )
        );
    }
}

#[tokio::test]
async fn what_somebody_has_switched_to_meanwhile_is_not_undone() {
    let machine = Machine::new(Occasion::Switch, "true");
    machine.switches(1);
    let (why, fix) = machine.fails().await;
    assert_eq!(
        why,
        format!(
            "somebody has switched to {} meanwhile",
            machine.system(1).display()
        )
    );
    assert_eq!(machine.default(), Path::new("system-1-link"));
    let profile = machine.folder.path().join("profiles/system");
    assert_eq!(
        fix,
        format!(
            "nothing was changed; to activate another generation, choose one by `nixos-rebuild list-generations`, and run \
             `nix-env -p {0} --switch-generation N` and `{0}/bin/switch-to-configuration switch`",
            profile.display()
        )
    );
}

#[test]
fn the_way_back_finds_settings_and_programs() {
    let variables = [
        ("PATH", "/run/current-system/sw/bin"),
        ("LOCALE_ARCHIVE", "/run/locale-archive"),
        ("SIGNALBOX_HEALTH__GATE__WAIT", "1m"),
        ("INVOCATION_ID", "7"),
        ("NOTIFY_SOCKET", "/run/systemd/notify"),
    ];
    let variables = variables.map(|(key, value)| (key.into(), value.into()));
    let taken: Vec<_> = environment(variables.into_iter()).collect();
    assert_eq!(
        taken,
        [
            "--setenv=PATH=/run/current-system/sw/bin",
            "--setenv=LOCALE_ARCHIVE=/run/locale-archive",
            "--setenv=SIGNALBOX_HEALTH__GATE__WAIT=1m",
        ]
    );
}

#[tokio::test]
async fn an_activation_that_takes_long_is_not_killed() {
    let folder = tempfile::tempdir().unwrap();
    let (go, done) = (folder.path().join("go"), folder.path().join("done"));
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg("while [ ! -e \"$0\" ] && [ -d \"${0%/*}\" ]; do sleep 0.01; done; touch \"$1\"")
        .args([&go, &done]);
    let error = run(&mut command, Duration::from_millis(50), Late::GoesOn)
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "sh did not end within 0 s, and goes on");
    std::fs::write(go, "").unwrap();
    let ended = async {
        while !done.exists() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(30), ended).await.expect("it goes on");
}
