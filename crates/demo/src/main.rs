//! Runs the whole box on one machine.

use std::process::ExitCode;

fn main() -> ExitCode {
    signalbox_demo::main()
}
