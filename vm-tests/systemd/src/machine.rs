use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use crate::setting;

/// A command in a machine may take so long, without KVM too.
const COMMAND: Duration = Duration::from_mins(5);

/// A machine. Dropping it destroys it; what is in a static is destroyed by `run`.
#[derive(Debug)]
pub struct Machine {
    kind: Kind,
    name: &'static str,
    address: Ipv4Addr,
    root: PathBuf,
    options: Vec<String>,
}

/// What it runs under: the name of the script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// systemd-nspawn: half a second to boot, this host's kernel.
    Nspawn,
    /// QEMU: a kernel, a disk, a memory and a clock of its own.
    Qemu,
}

impl Kind {
    fn script(self) -> PathBuf {
        let name = match self {
            Self::Nspawn => "machine",
            Self::Qemu => "vm",
        };
        setting::checkout().join("vm-tests/systemd").join(name)
    }
}

/// What a command said.
#[derive(Debug)]
pub struct Output {
    /// Its exit code, or 128 and the signal that ended it.
    pub code: i32,
    /// Its standard output, without the end of the last line.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Machine {
    /// A machine that has not booted yet.
    pub async fn create(kind: Kind, name: &'static str, address: Ipv4Addr) -> Self {
        let root = setting::path("SIGNALBOX_TEST_STATE").join(name).join("root");
        script(kind, &["create", name, &format!("{address}/24")]).await;
        Self {
            kind,
            name,
            address,
            root,
            options: Vec::new(),
        }
    }

    /// Its address on the cable.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Shows it a file or a folder of this host, to read.
    pub fn show(&mut self, path: &Path, at: &str) {
        let path = path
            .canonicalize()
            .unwrap_or_else(|error| panic!("failed to find {}: {error}", path.display()));
        match self.kind {
            Kind::Nspawn => self.options.push(format!("--bind-ro={}:{at}", path.display())),
            Kind::Qemu => copy(&path, &self.path(at)),
        }
    }

    /// Where a file of the machine is on this host; under QEMU, until it has booted.
    pub fn path(&self, file: &str) -> PathBuf {
        self.root.join(file.trim_start_matches('/'))
    }

    /// Writes a file that everybody on the machine may read, and the folders on the way; under QEMU, until it has booted.
    pub fn write(&self, file: &str, content: &str) {
        self.write_with_mode(file, content, 0o644);
    }

    /// Writes a file, and the folders on the way; under QEMU, until it has booted.
    pub fn write_with_mode(&self, file: &str, content: &str, mode: u32) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("make a folder");
        fs::write(&path, content)
            .unwrap_or_else(|error| panic!("failed to write {}: {error}", path.display()));
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set the mode of a file");
    }

    /// Boots it, and waits until systemd has started everything or has given up on it, but not for ever: the gate may wait for long.
    pub async fn boot(&self) {
        let mut arguments = vec!["start", self.name];
        arguments.extend(self.options.iter().map(String::as_str));
        script(self.kind, &arguments).await;
        self.run("timeout 20 systemctl is-system-running --wait || true")
            .await;
    }

    /// What a shell says to a command that succeeds.
    pub async fn run(&self, command: &str) -> String {
        let output = self.try_run(command).await;
        assert!(
            output.code == 0,
            "{}: {command}: exit code {}\n{}\n{}",
            self.name,
            output.code,
            output.stdout,
            output.stderr
        );
        output.stdout
    }

    /// What a shell says to a command.
    pub async fn try_run(&self, command: &str) -> Output {
        let mut process = Command::new(self.kind.script());
        process.args(["exec", self.name, "sh", "-c", command]);
        output(process, command).await
    }

    /// One property of a unit.
    pub async fn property(&self, unit: &str, property: &str) -> String {
        self.run(&format!("systemctl show --property={property} --value {unit}"))
            .await
    }

    /// The fields of a unit's newest entries in the journal that match, oldest first.
    pub async fn journal(&self, matches: &str) -> Vec<serde_json::Value> {
        self.run("journalctl --sync").await;
        self.run(&format!("journalctl --no-pager --output=json --all {matches}"))
            .await
            .lines()
            .map(|line| serde_json::from_str(line).expect("journalctl speaks JSON"))
            .collect()
    }

    /// As if its plug were pulled.
    pub async fn kill(&self) {
        script(self.kind, &["kill", self.name]).await;
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // a failed test has more to say than a failed end
        let _ = std::process::Command::new(self.kind.script())
            .args(["destroy", self.name])
            .status();
    }
}

async fn script(kind: Kind, arguments: &[&str]) {
    let mut process = Command::new(kind.script());
    process.args(arguments);
    let what = arguments.join(" ");
    let output = output(process, &what).await;
    assert!(output.code == 0, "{kind:?} {what}: {}", output.stderr);
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).expect("make a folder");
        for entry in fs::read_dir(from).expect("list a folder").map(Result::unwrap) {
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::create_dir_all(to.parent().expect("a file is in a folder")).expect("make a folder");
        fs::copy(from, to).unwrap_or_else(|error| panic!("failed to copy {}: {error}", from.display()));
    }
}

async fn output(mut process: Command, what: &str) -> Output {
    process.stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(COMMAND, process.output())
        .await
        .unwrap_or_else(|_| panic!("{what} took longer than {COMMAND:?}"))
        .unwrap_or_else(|error| panic!("failed to run {what}: {error}"));
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned();
    Output {
        code: output.status.code().unwrap_or(128),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}
