//! What is shown of what comes in.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawDebug {
    /// So many data points per second are written into the log, as they were taken. 0: none.
    pub(super) datapoints_per_second: u32,
}
