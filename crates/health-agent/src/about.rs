use clap::Subcommand;
use service::About;

use crate::{doctor, gate, manifest, verify};

/// What `--help` and `--version` say.
pub const ABOUT: About = About {
    name: "signalbox-health",
    env_prefix: "SIGNALBOX_HEALTH__",
    version: env!("CARGO_PKG_VERSION"),
    summary: "Judges whether the box is healthy, and says so",
    help: "\
Without a command it serves: it asks every part of the box again and again, and shows the verdicts on /status, /metrics and a \
page for people. It sends canaries through the whole pipeline, and tidies up what batch jobs left in the Pushgateway.

doctor, gate and verify take the settings of this machine, /etc/signalbox/health.toml, if --config names no others; serve and \
check-config take those that --config names, and else the defaults.

Examples:
  signalbox-health doctor                       what is wrong with this box, and what to do
  signalbox-health doctor --wait 120s           wait until all is well, for two minutes at most
  signalbox-health doctor --category thanos --json
  signalbox-health --config /etc/signalbox/health.toml check-config
  signalbox-health gate --maintenance on --for 4h   nothing is rolled back meanwhile
  signalbox-health manifest --root ./result --secret-key vendor.key --out box.manifest
  signalbox-health verify --manifest box.manifest --public-key vendor-1:…",
};

/// What it does beside serving.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check everything once, and say what is wrong and what to do: 0 all is well, 1 with warnings, 2 something is broken
    Doctor(doctor::Options),

    /// Wait until the required checks are green, and go back to the generation before if they stay red: 0 it stays, 1 it is not healthy
    Gate(gate::Options),

    /// Compare what is installed and what runs with the signed manifest: 0 as it was built, 2 something is not, 1 it could not be compared, 75 it was cut short
    Verify(verify::Options),

    /// Write down what a system consists of, where it is built, so that verify can compare
    Manifest(manifest::Options),
}
