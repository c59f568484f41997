use std::fs;

use crate::machine::Machine;
use crate::setting;

/// Our packages, as `run` has built them.
#[derive(Debug)]
pub struct Package;

impl Package {
    /// Puts the packages' files on a machine that has not booted.
    pub fn show(machine: &mut Machine) {
        machine.show(&setting::target().join("debug"), "/packages");
    }

    /// Installs packages.
    pub async fn install(machine: &Machine, names: &[&str]) {
        for name in names {
            machine
                .run(&format!("ln -sf /packages/{name} /usr/bin/{name}"))
                .await;
        }
        let units = setting::checkout().join("systemd");
        for unit in fs::read_dir(units).expect("units").map(Result::unwrap) {
            let file = unit.file_name().into_string().expect("text");
            if names.iter().any(|name| file.starts_with(name)) || file == "signalbox.target" {
                let text = fs::read_to_string(unit.path()).expect("a unit");
                machine.write(&format!("/usr/lib/systemd/system/{file}"), &text);
            }
        }
        machine.run("systemctl daemon-reload").await;
    }
}
