//! The two collectors: how each is started, and where it listens.

use std::fs::File;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bench_shared::send::Transport;
use bench_shared::usage::{self, Memory};

/// How long a collector may take until it listens.
const START: Duration = Duration::from_secs(20);

/// Resident memory that the overload case allows, in MiB.
pub(crate) const BUDGET: u64 = 512;

/// The CPU that collectors run on.
const CPU: &str = "0";

/// Which collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Subject {
    /// The OpenTelemetry Collector.
    Go,
    Signalbox,
}

/// Programs and configurations.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) go: PathBuf,
    pub(crate) signalbox: PathBuf,
    /// The folder with `go/collector.yaml` and `signalbox/*.toml`.
    pub(crate) folder: PathBuf,
    /// Where logs go.
    pub(crate) logs: PathBuf,
}

/// How much memory a collector may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allowance {
    /// More than it will need.
    Ample,
    /// [`BUDGET`].
    Tight,
}

/// A collector that runs. It ends when this is dropped, and when this process ends.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    host: [u8; 4],
    /// Before anything was sent.
    pub(crate) idle: Memory,
}

impl Subject {
    pub(crate) const BOTH: [Self; 2] = [Self::Go, Self::Signalbox];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::Signalbox => "signalbox",
        }
    }

    /// Each has a loopback address of its own, so that every port is the usual one.
    fn host(self) -> [u8; 4] {
        match self {
            Self::Go => [127, 97, 0, 1],
            Self::Signalbox => [127, 97, 0, 2],
        }
    }

    pub(crate) fn start(self, setup: &Setup, allowance: Allowance, case: &str) -> anyhow::Result<Running> {
        let log = setup.logs.join(format!("{case}-{}.log", self.name()));
        let log = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = Command::new("setpriv");
        // no collector outlives its measurement, whatever ends that
        command.args(["--pdeathsig", "KILL", "taskset", "--cpu-list", CPU]);
        match self {
            Self::Go => self.go(setup, allowance, &mut command),
            Self::Signalbox => self.signalbox(setup, allowance, &mut command),
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start setpriv, which is part of util-linux")?;
        let mut running = Running {
            child,
            host: self.host(),
            idle: Memory::default(),
        };
        running
            .wait_until_it_listens()
            .with_context(|| format!("the {} collector", self.name()))?;
        usage::settled_cpu(running.process())?;
        running.idle = running.memory()?;
        Ok(running)
    }

    fn address(self, port: u16) -> String {
        SocketAddr::from((self.host(), port)).to_string()
    }

    fn go(self, setup: &Setup, allowance: Allowance, command: &mut Command) {
        let (limit, spike) = match allowance {
            Allowance::Ample => (16_000, 1000),
            Allowance::Tight => (BUDGET, BUDGET / 4),
        };
        command
            .arg(&setup.go)
            .arg("--config")
            .arg(setup.folder.join("go/collector.yaml"))
            .env("GRPC", self.address(4317))
            .env("HTTP", self.address(4318))
            .env("DATA", self.address(8889))
            .env("SELF_HOST", std::net::IpAddr::from(self.host()).to_string())
            .env("SELF_PORT", "8888")
            .env("LIMIT_MIB", limit.to_string())
            .env("SPIKE_MIB", spike.to_string());
    }

    fn signalbox(self, setup: &Setup, allowance: Allowance, command: &mut Command) {
        let config = |name: &str| setup.folder.join("signalbox").join(name);
        command
            .arg(&setup.signalbox)
            .arg("--config")
            .arg(config("collector.toml"));
        if allowance == Allowance::Tight {
            command.arg("--config").arg(config("tight.toml"));
        }
        for (key, port) in [
            ("GRPC", 4317),
            ("HTTP", 4318),
            ("DATA", 8889),
            ("SELF_METRICS", 8888),
        ] {
            command.env(format!("SIGNALBOX_COLLECTOR__LISTEN__{key}"), self.address(port));
        }
    }
}

impl Running {
    pub(crate) fn process(&self) -> u32 {
        // setpriv and taskset have become the collector
        self.child.id()
    }

    pub(crate) fn memory(&self) -> anyhow::Result<Memory> {
        usage::memory(self.process())
    }

    /// Where it takes requests in.
    pub(crate) fn intake(&self, transport: Transport) -> SocketAddr {
        self.port(if transport.is_grpc() { 4317 } else { 4318 })
    }

    /// Where it is scraped.
    pub(crate) fn data(&self) -> SocketAddr {
        self.port(8889)
    }

    fn port(&self, port: u16) -> SocketAddr {
        (self.host, port).into()
    }

    fn wait_until_it_listens(&mut self) -> anyhow::Result<()> {
        let begin = Instant::now();
        let ports = [4317, 4318, 8889].map(|port| self.port(port));
        while !ports.iter().all(|port| TcpStream::connect(port).is_ok()) {
            if let Some(status) = self.child.try_wait()? {
                bail!("ended with {status}; see its log");
            }
            if begin.elapsed() > START {
                bail!("does not listen; see its log");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // nothing that it could still write is wanted
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
