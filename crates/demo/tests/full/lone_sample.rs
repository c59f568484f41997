//! One sample of a time before the box was there, in a block of its own.

use std::path::Path;

use crate::back_fill::write_blocks;

#[derive(Debug, Clone, Copy)]
pub(crate) struct LoneSample {
    /// Unix seconds.
    pub(crate) time: u64,
}

impl LoneSample {
    pub(crate) const NAME: &'static str = "lone_sample";
    pub(crate) const VALUE: f64 = 42.0;

    pub(crate) fn at(time: u64) -> Self {
        Self { time }
    }

    /// Makes the block in `folder`, under `blocks`.
    pub(crate) async fn write(self, folder: &Path) {
        let (name, value) = (Self::NAME, Self::VALUE);
        let text = format!("# TYPE {name} gauge\n{name} {value} {}\n# EOF\n", self.time);
        write_blocks(&text, folder).await;
    }
}
