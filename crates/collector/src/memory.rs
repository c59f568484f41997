//! What the process takes of the machine's memory.

/// Bytes that are in memory; `None` where the kernel does not say.
pub(crate) fn resident_bytes() -> Option<usize> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let resident: usize = pages.split(' ').nth(1)?.parse().ok()?;
    Some(resident * rustix::param::page_size())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_process_takes_a_few_megabytes() {
        let resident = super::resident_bytes().expect("a kernel that says it");
        assert!((1 << 20..4 << 30).contains(&resident), "{resident}");
    }
}
