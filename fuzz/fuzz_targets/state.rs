//! State files and what stands in them: nothing panics, and what was read is written down as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use signalbox_collector::fuzzing;

fuzz_target!(|bytes: &[u8]| {
    fuzzing::state(bytes);
});
