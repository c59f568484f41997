//! OTLP in protobuf: nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use signalbox_collector::fuzzing;

fuzz_target!(|bytes: &[u8]| fuzzing::protobuf(bytes));
