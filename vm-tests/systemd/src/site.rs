use std::net::Ipv4Addr;
use std::time::Duration;

use crate::eventually::eventually;
use crate::golden::Golden;
use crate::machine::{Kind, Machine};
use crate::package::Package;
use crate::webhook::{self, Webhook};

/// A box has so long until everything on it is ready, and everything that it scrapes was scraped.
const READY: Duration = Duration::from_secs(90);

/// The example customer acme: one box, and a data plane for each environment.
#[derive(Debug)]
pub struct Site {
    /// The control plane, as NixOS would set it up, with MinIO.
    pub control: Control,
    /// prod, dev and qa.
    pub planes: Vec<Plane>,
}

/// A box.
#[derive(Debug)]
pub struct Control {
    /// What it was made from.
    pub golden: Golden,
    /// The machine.
    pub machine: Machine,
}

/// The host of a data plane: Debian with our packages.
#[derive(Debug)]
pub struct Plane {
    /// Its environment.
    pub environment: &'static str,
    /// The machine.
    pub machine: Machine,
}

impl Site {
    /// Boots all of it, and waits until all of it is ready.
    pub async fn boot() -> Self {
        let (control, prod, dev, qa) = tokio::join!(
            Control::boot("acme", Golden::named("acme"), Ipv4Addr::new(10, 20, 0, 10)),
            Plane::boot(
                "prod",
                "prod",
                Ipv4Addr::new(10, 20, 0, 11),
                Some(Golden::named("acme-prod"))
            ),
            Plane::boot("dev", "dev", Ipv4Addr::new(10, 20, 0, 12), None),
            Plane::boot("qa", "qa", Ipv4Addr::new(10, 20, 0, 13), None),
        );
        let site = Self {
            control,
            planes: vec![prod, dev, qa],
        };
        site.is_ready().await;
        site
    }

    /// Waits until all parts are ready and everything that should be scraped is.
    pub async fn is_ready(&self) {
        self.control.is_ready().await;
        let machine = &self.control.machine;
        eventually("everything is scraped", READY, async || {
            let targets = machine
                .run("curl -sS --max-time 5 127.0.0.1:9090/api/v1/targets?state=active")
                .await;
            let targets: serde_json::Value =
                serde_json::from_str(&targets).map_err(|error| error.to_string())?;
            let active = targets["data"]["activeTargets"].as_array().ok_or("no targets")?;
            let down: Vec<_> = active
                .iter()
                .filter(|target| target["health"] != "up")
                .map(|target| format!("{}: {}", target["scrapeUrl"], target["lastError"]))
                .collect();
            if down.is_empty() {
                Ok(())
            } else {
                Err(down.join("\n"))
            }
        })
        .await;
    }

    /// The host of an environment.
    pub fn plane(&self, environment: &str) -> &Plane {
        self.planes
            .iter()
            .find(|plane| plane.environment == environment)
            .expect("one of prod, dev and qa")
    }
}

impl Control {
    /// Boots a box under systemd-nspawn.
    pub async fn boot(name: &'static str, golden: Golden, address: Ipv4Addr) -> Self {
        Self::on(Machine::create(Kind::Nspawn, name, address).await, golden).await
    }

    /// Boots a box on a machine.
    pub async fn on(mut machine: Machine, golden: Golden) -> Self {
        Package::show(&mut machine);
        golden.install(&mut machine);
        Webhook::listen();
        let [net @ .., _] = machine.address().octets();
        let host = Ipv4Addr::from([net[0], net[1], net[2], 1]);
        for secret in ["webhook-url", "kubeconfig", "remote-write-token"] {
            // with a word to look for
            let text = format!("http://{host}:{}/{SECRET}/{secret}\n", webhook::PORT);
            machine.write_with_mode(&format!("/var/lib/signalbox/secrets/{secret}"), &text, 0o600);
        }
        machine.write(
            "/etc/tmpfiles.d/secrets.conf",
            "L /run/secrets - - - - /var/lib/signalbox/secrets\n",
        );
        machine.boot().await;
        Package::install(&machine, &["signalbox-dashboard", "signalbox-health"]).await;
        if golden.units().iter().any(|unit| unit == GATE) {
            // as a switch does
            machine
                .run(&format!(
                    "systemctl enable {GATE} && systemctl start --no-block multi-user.target"
                ))
                .await;
        }
        Self { golden, machine }
    }

    /// Waits until all parts are ready.
    pub async fn is_ready(&self) {
        for (part, path) in READINESS {
            let address = self.address(part);
            eventually(part, READY, async || {
                let said = self
                    .machine
                    .try_run(&format!(
                        "curl -sS --fail --max-time 5 --output /dev/null http://{address}{path}"
                    ))
                    .await;
                if said.code == 0 { Ok(()) } else { Err(said.stderr) }
            })
            .await;
        }
    }

    /// The address of a part, by its name in the listing.
    pub fn address(&self, part: &str) -> String {
        let mut listeners = self.golden.listeners().into_iter();
        let (address, _) = listeners
            .find(|(_, who)| who == part)
            .unwrap_or_else(|| panic!("{part} listens nowhere"));
        address
    }
}

/// The unit that our package leaves to whoever has generations.
const GATE: &str = "signalbox-health-gate.service";

/// A word in secrets, which must be nowhere else.
pub const SECRET: &str = "sesame-6f1d";

/// Who says by HTTP whether it is ready, and where.
const READINESS: &[(&str, &str)] = &[
    ("Alertmanager", "/-/ready"),
    ("MinIO, S3", "/minio/health/ready"),
    ("Prometheus", "/-/ready"),
    ("Pushgateway", "/-/ready"),
    ("Thanos compact, http", "/-/ready"),
    ("Thanos query, http", "/-/ready"),
    ("Thanos query-frontend, http", "/-/ready"),
    ("Thanos rule, http", "/-/ready"),
    ("Thanos sidecar, http", "/-/ready"),
    ("Thanos store, http", "/-/ready"),
    ("dashboard", "/readyz"),
    ("health agent", "/readyz"),
    ("node_exporter", "/metrics"),
];

impl Plane {
    /// Boots the host of a data plane under systemd-nspawn.
    ///
    /// With what NixOS would give it where that is rendered, and else as an operator of Debian sets our packages up.
    pub async fn boot(
        name: &'static str,
        environment: &'static str,
        address: Ipv4Addr,
        golden: Option<Golden>,
    ) -> Self {
        Self::on(
            Machine::create(Kind::Nspawn, name, address).await,
            environment,
            golden,
        )
        .await
    }

    /// Boots the host of a data plane on a machine.
    pub async fn on(mut machine: Machine, environment: &'static str, golden: Option<Golden>) -> Self {
        let address = machine.address();
        Package::show(&mut machine);
        if let Some(golden) = golden {
            golden.install(&mut machine);
        } else {
            operate(&machine, environment, address);
        }
        machine.write(
            "/etc/signalbox/demo-api.toml",
            &format!(
                "listen = \"{address}:8080\"\nenvironment = \"{environment}\"\ndata_plane_id = \"dp-{environment}-01\"\n\
                 export.endpoint = \"http://{address}:4318\"\nexport.interval = \"5s\"\n"
            ),
        );
        machine.write(
            &format!("/etc/signalbox/load-gen-{environment}.toml"),
            &format!("target = \"{environment}=http://{address}:8080\"\n"),
        );
        machine.boot().await;
        Package::install(
            &machine,
            &["signalbox-collector", "signalbox-demo-api", "signalbox-load-gen"],
        )
        .await;
        machine
            .run(&format!(
                "systemctl enable --now signalbox-load-gen@{environment}"
            ))
            .await;
        Self { environment, machine }
    }
}

/// What the packages' own comments say about a collector that other machines send to.
fn operate(machine: &Machine, environment: &str, address: Ipv4Addr) {
    machine.write(
        "/etc/signalbox/collector.toml",
        &format!("environment = \"{environment}\"\ndata_plane_id = \"dp-{environment}-01\"\n"),
    );
    machine.write(
        "/etc/systemd/system/signalbox-collector.socket.d/addresses.conf",
        &format!(
            "[Socket]\nListenStream=\nListenStream={address}:4317\nListenStream={address}:4318\n\
             ListenStream={address}:8889\nListenStream={address}:8888\n"
        ),
    );
}
