//! Proto3's JSON: names in camel case, 64-bit integers as text.

use std::fmt::Write;

use super::RETRY_INFO;
use crate::ingest::Outcome;
use crate::receive::Refusal;

pub(super) fn response(outcome: &Outcome) -> Vec<u8> {
    let rejected = outcome.rejections.points();
    if rejected == 0 {
        return b"{}".to_vec();
    }
    let mut response =
        format!("{{\"partialSuccess\":{{\"rejectedDataPoints\":\"{rejected}\",\"errorMessage\":");
    write_text(&mut response, &outcome.rejections.message());
    response.push_str("}}");
    response.into_bytes()
}

pub(super) fn status(refusal: &Refusal) -> Vec<u8> {
    let mut status = format!("{{\"code\":{},\"message\":", refusal.grpc_code() as i32);
    write_text(&mut status, &refusal.to_string());
    if let Some(seconds) = refusal.retry_after() {
        let details = format_args!("[{{\"@type\":\"{RETRY_INFO}\",\"retryDelay\":\"{seconds}s\"}}]");
        let _ = write!(status, ",\"details\":{details}");
    }
    status.push('}');
    status.into_bytes()
}

/// A text in quotes (RFC 8259, section 7).
fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\n' => out.push_str("\\n"),
            control if control < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}
