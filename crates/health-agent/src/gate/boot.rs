//! This boot: which one it is, and whether the boot loader counts it.

use std::fs;
use std::io;
use std::path::Path;

use super::state::{Occasion, State};

/// The loader's entry of this boot, where it has counters (`LoaderBootCountPath`): such as
/// `/loader/entries/nixos-generation-42+2-1.conf`, two attempts left, one made.
const COUNT_PATH: &str = "LoaderBootCountPath-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

/// The kernel's name for this boot.
pub(super) fn id() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?
        .trim()
        .to_owned())
}

/// The first verdict of a boot is on the boot, if what was booted still runs; all others are on switches.
pub(super) fn occasion(
    memory: Option<&State>,
    boot_id: &str,
    booted: Option<&Path>,
    running: Option<&Path>,
) -> Occasion {
    let seen = memory
        .and_then(|state| state.last.as_ref())
        .is_some_and(|last| last.boot_id == boot_id);
    if seen || booted.is_some_and(|booted| Some(booted) != running) {
        Occasion::Switch
    } else {
        Occasion::Boot
    }
}

/// `None` where the loader does not count this boot, or does not count at all.
pub(super) fn counted_entry(efivars: &Path) -> Option<String> {
    let bytes = fs::read(efivars.join(COUNT_PATH)).ok()?;
    // four bytes of attributes, then UTF-16 with a zero at the end
    let units = bytes.get(4..)?.chunks_exact(2);
    let units: Vec<_> = units.map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let entry = String::from_utf16_lossy(&units);
    let entry = entry.trim_end_matches('\0');
    (!entry.is_empty()).then(|| entry.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::state::{Done, Verdict};

    #[test]
    fn the_first_verdict_of_a_boot_is_on_the_boot() {
        let (a, b) = (Path::new("/a"), Path::new("/b"));
        let judged = State {
            last: Some(Verdict {
                at: 1.0,
                boot_id: "this".to_owned(),
                occasion: Occasion::Boot,
                generation: None,
                green: true,
                action: Done::Kept,
                why: String::new(),
                red: vec![],
            }),
            ..State::default()
        };
        for (memory, boot_id, booted, running, expected) in [
            (None, "this", Some(a), Some(a), Occasion::Boot),
            (None, "this", None, None, Occasion::Boot),
            (None, "this", Some(a), Some(b), Occasion::Switch),
            (Some(&judged), "this", Some(a), Some(a), Occasion::Switch),
            (Some(&judged), "next", Some(a), Some(a), Occasion::Boot),
            (Some(&judged), "next", Some(a), Some(b), Occasion::Switch),
        ] {
            assert_eq!(
                occasion(memory, boot_id, booted, running),
                expected,
                "{boot_id} {booted:?} {running:?}"
            );
        }
    }

    #[test]
    fn the_loaders_entry_is_utf_16_behind_its_attributes() {
        let efivars = tempfile::tempdir().unwrap();
        assert_eq!(counted_entry(efivars.path()), None);
        let mut bytes = vec![6, 0, 0, 0];
        for unit in "/loader/entries/nixos-generation-42+2-1.conf\0".encode_utf16() {
            bytes.extend(unit.to_le_bytes());
        }
        fs::write(efivars.path().join(COUNT_PATH), bytes).unwrap();
        assert_eq!(
            counted_entry(efivars.path()).as_deref(),
            Some("/loader/entries/nixos-generation-42+2-1.conf")
        );
        for empty in [&[][..], &[6, 0, 0, 0], &[6, 0, 0, 0, 0, 0]] {
            fs::write(efivars.path().join(COUNT_PATH), empty).unwrap();
            assert_eq!(counted_entry(efivars.path()), None);
        }
    }
}
