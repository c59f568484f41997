//! How many files, and how large.

use rand::RngExt as _;
use rand::rngs::StdRng;

/// Files in a store.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    /// As it stands in the report.
    pub(crate) name: &'static str,
    /// How many.
    pub(crate) files: usize,
    /// How large.
    pub(crate) size: Size,
}

/// Sizes of files, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Size {
    /// All the same.
    Of(usize),
    /// Log-normal: many small ones, a few that hold most of the bytes.
    LogNormal {
        /// Half of them are smaller.
        median: f64,
        /// Of the logarithm.
        deviation: f64,
        /// None is larger.
        most: usize,
    },
}

/// From few large files to many small ones.
pub(crate) const CASES: [Case; 3] = [
    Case {
        name: "large",
        files: 16,
        size: Size::Of(64 << 20),
    },
    // 20 KiB on average
    Case {
        name: "mixed",
        files: 30_000,
        size: Size::LogNormal {
            median: 2048.0,
            deviation: 2.2,
            most: 64 << 20,
        },
    },
    Case {
        name: "small",
        files: 50_000,
        size: Size::Of(1024),
    },
];

impl Case {
    /// The same with a tenth of the files.
    pub(crate) fn tenth(self) -> Self {
        Self {
            files: self.files.div_ceil(10),
            ..self
        }
    }
}

impl Size {
    /// Of the next file.
    pub(crate) fn next(self, random: &mut StdRng) -> usize {
        match self {
            Self::Of(size) => size,
            Self::LogNormal {
                median,
                deviation,
                most,
            } => {
                // twelve uniform numbers make a normal one, nearly
                let normal = (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
                ((median * (deviation * normal).exp()) as usize).min(most)
            }
        }
    }
}
