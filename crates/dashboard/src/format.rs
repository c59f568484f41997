//! Numbers as people read them: three significant digits, a narrow no-break space before the unit.

const SPACE: char = '\u{202f}';

/// A share of 1 in percent: `0 %`, `<0.01 %`, `0.12 %`, `8.4 %`, `23.1 %`.
pub(crate) fn percent(ratio: f64) -> String {
    let percent = ratio * 100.0;
    if percent > 0.0 && percent < 0.01 {
        return format!("<0.01{SPACE}%");
    }
    let decimals = if percent < 10.0 {
        2
    } else {
        usize::from(percent < 99.95)
    };
    let text = format!("{percent:.decimals$}");
    let text = if decimals == 0 {
        &text
    } else {
        text.trim_end_matches('0').trim_end_matches('.')
    };
    format!("{text}{SPACE}%")
}

/// How long a request took: `0.42 ms`, `86 ms`, `1.90 s`, `1 m 04 s`.
pub(crate) fn latency(seconds: f64) -> String {
    let milliseconds = seconds * 1000.0;
    if milliseconds < 9.95 {
        format!("{milliseconds:.2}{SPACE}ms")
    } else if milliseconds < 999.5 {
        format!("{milliseconds:.0}{SPACE}ms")
    } else if seconds < 59.995 {
        format!("{seconds:.2}{SPACE}s")
    } else {
        let seconds = seconds.round() as u64;
        format!("{}{SPACE}m {:02}{SPACE}s", seconds / 60, seconds % 60)
    }
}

/// How long ago something was: `4 s`, `2 m 10 s`, `3 h 05 m`, `26 h`.
pub(crate) fn age(seconds: f64) -> String {
    let seconds = seconds.max(0.0) as u64;
    match seconds {
        0..60 => format!("{seconds}{SPACE}s"),
        60..3600 => format!("{}{SPACE}m {:02}{SPACE}s", seconds / 60, seconds % 60),
        3600..36_000 => format!("{}{SPACE}h {:02}{SPACE}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}{SPACE}h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rows: &[(f64, &str)], format: fn(f64) -> String) {
        for (value, expected) in rows {
            assert_eq!(format(*value).replace(SPACE, " "), *expected, "{value}");
        }
    }

    #[test]
    fn percents() {
        check(
            &[
                (0.0, "0 %"),
                (0.000_01, "<0.01 %"),
                (0.001_2, "0.12 %"),
                (0.05, "5 %"),
                (0.084, "8.4 %"),
                (0.2, "20 %"),
                (0.231_4, "23.1 %"),
                (0.999, "99.9 %"),
                (1.0, "100 %"),
            ],
            percent,
        );
    }

    #[test]
    fn latencies() {
        check(
            &[
                (0.000_42, "0.42 ms"),
                (0.086_4, "86 ms"),
                (0.999_4, "999 ms"),
                (0.999_9, "1.00 s"),
                (1.9, "1.90 s"),
                (64.2, "1 m 04 s"),
            ],
            latency,
        );
    }

    #[test]
    fn ages() {
        check(
            &[
                (-1.0, "0 s"),
                (4.9, "4 s"),
                (130.0, "2 m 10 s"),
                (3600.0 * 3.1, "3 h 06 m"),
                (3600.0 * 26.5, "26 h"),
            ],
            age,
        );
    }
}
