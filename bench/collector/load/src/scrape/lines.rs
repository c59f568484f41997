//! Text and OpenMetrics, line by line, so that a scrape of any size is looked at in little memory.

use std::io::BufRead;

use super::Seen;
use crate::shape::Herd;

pub(super) fn look(mut body: impl BufRead) -> std::io::Result<Seen> {
    let mut seen = Seen {
        // text 0.0.4 has no end of its own
        is_whole: true,
        ..Seen::default()
    };
    let mut line = Vec::new();
    while body.read_until(b'\n', &mut line)? > 0 {
        seen.is_whole = line.last() == Some(&b'\n');
        sample(&line, &mut seen);
        line.clear();
    }
    Ok(seen)
}

fn sample(line: &[u8], seen: &mut Seen) {
    if !line.starts_with(Herd::Known.prefix().as_bytes()) {
        return;
    }
    let Some((name, value)) = split(line.trim_ascii_end()) else {
        return;
    };
    let totals = &mut seen.totals;
    if name.ends_with(b"_bucket") {
        totals.buckets += value as u64;
    } else if name.ends_with(b"_count") {
        totals.series += 1;
        totals.count += value as u64;
    } else if name.ends_with(b"_sum") {
        totals.sum += value;
    } else if !name.ends_with(b"_created") {
        totals.series += 1;
        totals.value += value;
    }
}

/// Name and value of a sample's line. No label of ours has a brace, nor is there a time behind the value.
fn split(line: &[u8]) -> Option<(&[u8], f64)> {
    let name = line.iter().position(|byte| matches!(byte, b'{' | b' '))?;
    let value = line.iter().rposition(|byte| *byte == b' ')?;
    let value = std::str::from_utf8(&line[value + 1..]).ok()?.parse().ok()?;
    Some((&line[..name], value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::Totals;

    #[test]
    fn samples_are_added_up_by_what_they_are() {
        let text = "# HELP bench_x_total What.\n# TYPE bench_x_total counter\n\
            bench_x_total{a=\"1 2\"} 1e+06\nbench_x_total{a=\"2\"} 25\nother_total 7\nfresh_x_total{a=\"1\"} 9\n\
            bench_h_bucket{le=\"1\"} 2\nbench_h_bucket{le=\"+Inf\"} 5\nbench_h_sum 2.5\nbench_h_count 5\n\
            bench_h_created 1763700000.5\n";
        let seen = look(text.as_bytes()).expect("text");
        let totals = Totals {
            series: 3,
            value: 1_000_025.0,
            count: 5,
            sum: 2.5,
            buckets: 7,
        };
        assert_eq!((seen.totals, seen.is_whole), (totals, true));
        assert!(!look(&b"bench_x_total 1"[..]).expect("text").is_whole);
    }
}
