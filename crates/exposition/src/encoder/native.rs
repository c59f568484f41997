//! Exponential histograms as Prometheus' native ones: spans of buckets, and the difference of each to the one before.

use super::wire::{write_message, write_number, write_varint, write_zigzag};
use crate::points::Buckets;

/// The finest resolution that Prometheus knows. Finer ones are merged down to it.
const FINEST: i32 = 8;

/// The coarsest.
const COARSEST: i32 = -4;

/// Empty buckets that are written rather than begin a new span, which costs about as much.
const SMALL_GAP: i64 = 2;

/// The schema for a scale, and how many times two neighbours become one on the way there; `None` where Prometheus has
/// none that is as coarse.
pub(super) fn schema(scale: i32) -> Option<(i32, u32)> {
    let merges = u32::try_from(scale.saturating_sub(FINEST)).unwrap_or(0);
    // beyond that, all buckets of a sign are one, or two
    (scale >= COARSEST).then_some((scale.min(FINEST), merges.min(62)))
}

/// Writes the buckets of one sign: their spans to `out`, under `tag`, their deltas as varints to `deltas`. How many
/// measurements they hold.
pub(super) fn write_buckets(
    out: &mut Vec<u8>,
    tag: u8,
    deltas: &mut Vec<u8>,
    buckets: Buckets<'_>,
    merges: u32,
) -> u64 {
    deltas.clear();
    let mut side = Side {
        out,
        tag,
        deltas,
        span: None,
        next: 0,
        before: 0,
    };
    let mut total = 0_u64;
    let mut merged: Option<(i64, u64)> = None;
    for (nth, count) in buckets.counts.iter().enumerate() {
        // OpenTelemetry's buckets are known by their lower bound, Prometheus' by their upper one
        let index = ((i64::from(buckets.offset) + nth as i64) >> merges) + 1;
        total = total.saturating_add(*count);
        match &mut merged {
            Some((same, sum)) if *same == index => *sum = sum.saturating_add(*count),
            _ => {
                side.push(merged);
                merged = Some((index, *count));
            }
        }
    }
    side.push(merged);
    side.end_span();
    total
}

/// One sign's buckets on their way.
struct Side<'a> {
    out: &'a mut Vec<u8>,
    tag: u8,
    deltas: &'a mut Vec<u8>,
    /// The span under way: its offset from the end of the one before, and its length.
    span: Option<(i64, u64)>,
    /// The index after that of the last bucket.
    next: i64,
    /// The count of the last bucket.
    before: i64,
}

impl Side<'_> {
    /// Takes a bucket; nothing if it is empty.
    fn push(&mut self, bucket: Option<(i64, u64)>) {
        let Some((index, count @ 1..)) = bucket else {
            return;
        };
        let gap = index - self.next;
        if self.span.is_some() && gap <= SMALL_GAP {
            for _ in 0..gap {
                self.push_count(0);
            }
        } else {
            self.end_span();
            self.span = Some((gap, 0));
        }
        self.push_count(i64::try_from(count).unwrap_or(i64::MAX));
        self.next = index + 1;
    }

    fn push_count(&mut self, count: i64) {
        write_zigzag(self.deltas, count - self.before);
        self.before = count;
        if let Some((_, length)) = &mut self.span {
            *length += 1;
        }
    }

    fn end_span(&mut self) {
        if let Some((offset, length)) = self.span.take() {
            write_message(self.out, self.tag, 1, |out| {
                out.push(0x08);
                write_zigzag(out, offset.clamp(i32::MIN.into(), i32::MAX.into()));
                write_number(out, 0x10, length);
            });
        }
    }
}

/// Writes deltas, as one field.
pub(super) fn write_deltas(out: &mut Vec<u8>, tag: u8, deltas: &[u8]) {
    if !deltas.is_empty() {
        out.push(tag);
        write_varint(out, deltas.len() as u64);
        out.extend_from_slice(deltas);
    }
}
