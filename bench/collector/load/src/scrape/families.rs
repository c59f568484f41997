//! Delimited protobuf: one `io.prometheus.client.MetricFamily` after another.

use std::io::{BufRead, Error, ErrorKind, Read};

use bench_shared::fields::{Fields, Value, unzigzag, varint};

use super::Seen;
use crate::body::Totals;
use crate::shape::Herd;

pub(super) fn look(mut body: impl BufRead) -> std::io::Result<Seen> {
    let mut seen = Seen {
        is_whole: true,
        ..Seen::default()
    };
    let mut family = Vec::new();
    while let Some(length) = length(&mut body)? {
        family.clear();
        (&mut body).take(length).read_to_end(&mut family)?;
        if (family.len() as u64) < length {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        look_at_family(&family, &mut seen);
    }
    Ok(seen)
}

/// The length in front of a message; `None` at the end.
fn length(body: &mut impl BufRead) -> std::io::Result<Option<u64>> {
    let mut bytes = Vec::new();
    for byte in body.by_ref().bytes().take(10) {
        let byte = byte?;
        bytes.push(byte);
        if byte & 0x80 == 0 {
            return Ok(varint(&mut &bytes[..]));
        }
    }
    if bytes.is_empty() {
        return Ok(None);
    }
    Err(Error::new(
        ErrorKind::InvalidData,
        "the length of a family is broken",
    ))
}

fn look_at_family(family: &[u8], seen: &mut Seen) {
    let is_known = Fields::new(family).any(|field| match field {
        (1, Value::Bytes(name)) => name.starts_with(Herd::Known.prefix().as_bytes()),
        _ => false,
    });
    if !is_known {
        return;
    }
    for field in Fields::new(family) {
        let (4, Value::Bytes(metric)) = field else {
            continue;
        };
        for field in Fields::new(metric) {
            match field {
                // gauge, counter, untyped
                (2 | 3 | 5, Value::Bytes(number)) => {
                    seen.totals.series += 1;
                    seen.totals.value += Fields::new(number).find_map(double).unwrap_or(0.0);
                }
                (7, Value::Bytes(histogram)) => look_at_histogram(histogram, seen),
                _ => {}
            }
        }
    }
}

/// The value of a gauge, a counter or an untyped metric.
fn double(field: (u64, Value<'_>)) -> Option<f64> {
    match field {
        (1, Value::Fixed64(value)) => Some(f64::from_bits(value)),
        _ => None,
    }
}

fn look_at_histogram(histogram: &[u8], seen: &mut Seen) {
    let mut found = Totals {
        series: 1,
        ..Totals::default()
    };
    let (mut has_buckets, mut deltas) = (false, Vec::new());
    for field in Fields::new(histogram) {
        match field {
            (1, Value::Number(count)) => found.count = count,
            (2, Value::Fixed64(sum)) => found.sum = f64::from_bits(sum),
            (3, Value::Bytes(bucket)) => {
                has_buckets = true;
                found.buckets += finite(bucket);
            }
            (7, Value::Number(zero)) => seen.native += zero,
            (13, Value::Number(delta)) => deltas.push(unzigzag(delta)),
            (13, Value::Bytes(mut packed)) => {
                deltas.extend(std::iter::from_fn(|| varint(&mut packed)).map(unzigzag));
            }
            _ => {}
        }
    }
    if has_buckets {
        // that of infinity may be left out
        found.buckets += found.count;
    }
    let mut count = 0;
    for delta in deltas {
        count += delta;
        seen.native += count as u64;
    }
    seen.totals += found;
}

/// The count of a bucket with a finite bound, 0 for the other.
fn finite(bucket: &[u8]) -> u64 {
    let mut count = 0;
    for field in Fields::new(bucket) {
        match field {
            (1, Value::Number(number)) => count = number,
            (2, Value::Fixed64(bound)) if f64::from_bits(bound).is_infinite() => return 0,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(field: u8, value: &[u8]) -> Vec<u8> {
        [&[field << 3 | 2, value.len() as u8][..], value].concat()
    }

    fn double(field: u8, value: f64) -> Vec<u8> {
        [&[field << 3 | 1][..], &value.to_le_bytes()].concat()
    }

    fn family(name: &str, metric: Vec<u8>) -> Vec<u8> {
        let family = [bytes(1, name.as_bytes()), vec![3 << 3, 0], bytes(4, &metric)].concat();
        [&[family.len() as u8][..], &family].concat()
    }

    #[test]
    fn families_are_added_up_by_what_they_are() {
        let bucket = |count, bound| bytes(3, &[vec![1 << 3, count], double(2, bound)].concat());
        let classic = [
            vec![1 << 3, 5],
            double(2, 2.5),
            bucket(2, 1.0),
            bucket(5, f64::INFINITY),
        ];
        let native = [
            vec![1 << 3, 9],
            double(2, 1.5),
            vec![7 << 3, 2],
            bytes(13, &[8, 5]),
        ]; // 4, then 3 fewer
        let body = [
            family("bench_x_total", bytes(3, &double(1, 7.5))),
            family("other", bytes(3, &double(1, 7.5))),
            family("bench_h", bytes(7, &classic.concat())),
            family("bench_n", bytes(7, &native.concat())),
        ];
        let seen = look(&body.concat()[..]).expect("families");
        let totals = Totals {
            series: 3,
            value: 7.5,
            count: 14,
            sum: 4.0,
            buckets: 7,
        };
        assert_eq!((seen.totals, seen.native), (totals, 2 + 4 + 1));
        assert!(look(&body.concat()[..20]).is_err());
    }
}
