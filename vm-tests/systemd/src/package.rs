use std::fmt::Write as _;

use crate::machine::Machine;
use crate::setting;

/// Our Debian packages, as `run` has built them.
#[derive(Debug)]
pub struct Package;

impl Package {
    /// Puts the packages on a machine that has not booted.
    pub fn show(machine: &mut Machine) {
        machine.show(&setting::target().join("debian"), "/packages");
    }

    /// Installs packages, and what they have in common. Settings that are there already stay.
    pub async fn install(machine: &Machine, names: &[&str]) {
        let mut command = "dpkg --install --force-confold /packages/signalbox-common_*.deb".to_owned();
        for name in names {
            let _ = write!(command, " /packages/{name}_*.deb");
        }
        machine.run(&command).await;
    }
}
