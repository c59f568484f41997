//! OTLP in JSON: what is accepted becomes a request that can be read, and is JSON in the eyes of another parser too.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use signalbox_collector::fuzzing;

fuzz_target!(|text: &[u8]| {
    if fuzzing::json(text) {
        serde_json::from_slice::<IgnoredAny>(text).expect("JSON");
    }
});
