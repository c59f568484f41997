//! Exit codes. A unit file tells them apart: `RestartPreventExitStatus=64 78`, because a wrong command line or
//! configuration does not get better by trying again. The numbers are those of sysexits.h.

use std::process::ExitCode;

/// The service ran and ended as it was asked to.
pub const SUCCESS: ExitCode = ExitCode::SUCCESS;

/// The service could not start, or failed while it ran.
pub const FAILURE: ExitCode = ExitCode::FAILURE;

/// The command line does not parse (`EX_USAGE`).
pub fn usage() -> ExitCode {
    ExitCode::from(64)
}

/// The configuration is wrong (`EX_CONFIG`).
pub fn configuration() -> ExitCode {
    ExitCode::from(78)
}
