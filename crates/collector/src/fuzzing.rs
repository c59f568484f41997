//! What `fuzz/` reaches of the rooms inside. Each panics if something is not as promised.

use std::time::{Instant, UNIX_EPOCH};

use service::Settings;

use crate::config::RawConfig;
use crate::ingest::restore;
use crate::otlp::json::to_protobuf;
use crate::otlp::walk::{walk, walk_points};
use crate::series::Store;
use crate::state::file::{End, HEADER, read_frames_of, write_frame};

/// Any bytes are read as a request and as a point of every kind.
pub fn protobuf(bytes: &[u8]) {
    walk(bytes);
    walk_points(bytes);
}

/// Any text is refused, or becomes a request that can be read: the same one each time, and no bomb. Whether it did.
pub fn json(text: &[u8]) -> bool {
    let mut request = Vec::new();
    let mut again = b"before".to_vec();
    let result = to_protobuf(text, &mut request);
    assert_eq!(result, to_protobuf(text, &mut again));
    assert_eq!(again, [b"before", &*request].concat());
    match result {
        Ok(()) => {
            assert!(walk(&request), "{request:?}");
            assert!(request.len() <= 4 * text.len(), "{} bytes", request.len());
            true
        }
        Err(error) => {
            assert!(request.is_empty() && !error.to_string().is_empty());
            false
        }
    }
}

/// Any bytes are read as a state file, and as what stands in one: what comes of them is written down and read again
/// without a difference. Whether anything came of them.
pub fn state(bytes: &[u8]) -> bool {
    let read = |file: &[u8]| {
        let mut frames = Vec::new();
        let end = read_frames_of(file, file.len() as u64, |frame| frames.push(frame.to_owned()));
        (frames, end.expect("memory can be read"))
    };
    let (frames, end) = read(bytes);
    // what stands before a tear is a whole file
    if let End::Torn { at } = end {
        assert_eq!(read(&bytes[..at as usize]), (frames.clone(), End::Whole));
    }
    let restored = frames.iter().any(|frame| !written(&store(frame)).is_empty());

    let kept = store(bytes);
    let mut once = written(&kept);
    let mut file = HEADER.to_vec();
    for frame in &once {
        write_frame(&mut file, frame);
    }
    let (mut frames, end) = read(&file);
    assert_eq!(end, End::Whole);
    assert_eq!(frames, once);
    // a cut is a tear, wherever it is, and nothing before it is lost
    let cut = file.len() - 1 - bytes.len() % (file.len() - HEADER.len()).max(1);
    let (before, _) = read(&file[..cut]);
    assert!(before.len() < frames.len().max(1) && frames.starts_with(&before));

    let mut twice: Vec<_> = written(&store(&frames.concat()));
    for frames in [&mut once, &mut frames, &mut twice] {
        frames.sort_unstable();
    }
    assert_eq!(once, twice);
    restored || !once.is_empty()
}

/// What a frame makes of an empty store, whatever its age.
fn store(frame: &[u8]) -> Store {
    let config = RawConfig::default().into_config().expect("defaults are valid");
    let store = Store::new(config.rules, Instant::now());
    restore(frame, &store, Instant::now(), UNIX_EPOCH);
    store
}

/// The frames that a snapshot of it has.
fn written(store: &Store) -> Vec<Vec<u8>> {
    let groups = store.families().into_iter().flat_map(|family| family.groups());
    let frames = groups.map(|group| {
        let mut frame = Vec::new();
        group.record(&mut frame);
        frame
    });
    frames.filter(|frame| !frame.is_empty()).collect()
}
