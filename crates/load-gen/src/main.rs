//! The life of the load generator, from its command line to its exit code.

use std::io::Write as _;
use std::process::ExitCode;

use signalbox_load_gen::{ABOUT, RawConfig};

fn main() -> ExitCode {
    service::run::<RawConfig, _, _>(&ABOUT, |config, life| async move {
        let (report, outcome) = signalbox_load_gen::run(config, life).await;
        // whoever closed standard output does not want to read it
        let _ = write!(std::io::stdout(), "{report}");
        outcome
    })
}
