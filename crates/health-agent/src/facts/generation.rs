//! What was installed: whether it could stay, and whether it is what was built.

use crate::facts::{Answer, Timestamp};

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Generation {
    /// The gate's memory. `None`: it has never come to a verdict here.
    pub gate: Option<Answer<Gate>>,
    /// `None`: nothing can be compared with what was built.
    pub verified: Option<Answer<Verified>>,
}

/// What the gate remembers.
#[derive(Debug, Clone, Default)]
pub struct Gate {
    /// Its newest verdict.
    pub last: Option<Judged>,
    /// How what runs came back, if it did.
    pub rolled_back: Option<RolledBack>,
    /// Whether somebody works on the box, and until when; `Some(None)`: until the next boot.
    pub maintenance: Option<Option<Timestamp>>,
}

/// A verdict of the gate.
#[derive(Debug, Clone, Default)]
pub struct Judged {
    /// When.
    pub at: Timestamp,
    /// Whether the required checks were green.
    pub green: bool,
    /// What followed from it: a sentence.
    pub why: String,
    /// Checks that stayed red.
    pub red: Vec<String>,
}

/// What runs in place of something that was not healthy.
#[derive(Debug, Clone, Default)]
pub struct RolledBack {
    /// When.
    pub at: Timestamp,
    /// What was left.
    pub from: String,
    /// What runs.
    pub to: String,
    /// Checks that had stayed red.
    pub red: Vec<String>,
}

/// How the comparisons with what was built went.
#[derive(Debug, Clone, Default)]
pub struct Verified {
    /// Since when this box has something to compare with. `None`: it has nothing yet.
    pub since: Option<Timestamp>,
    /// The newest that came to its end. `None`: there was none yet.
    pub last: Option<Comparison>,
    /// The newest, if it could compare nothing.
    pub failed: Option<Failed>,
}

/// A comparison that came to its end.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// When it ended.
    pub at: Timestamp,
    /// How long it took, seconds.
    pub took: f64,
    /// How much was read for it.
    pub read_bytes: u64,
    /// How many store paths were compared.
    pub paths: usize,
    /// What was not as it was built: the first of them, each with what is wrong with it.
    pub findings: Vec<String>,
    /// All of them.
    pub findings_total: usize,
}

/// A comparison that was none.
#[derive(Debug, Clone, Default)]
pub struct Failed {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub error: String,
}
