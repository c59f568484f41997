//! Numbers as people read them: about three significant digits, a narrow no-break space before the unit. The web app
//! writes the same numbers beside these, so it writes them alike; `tests/golden/format.json` holds both to it.

const SPACE: char = '\u{202f}';

/// A share of 1 in percent: `0 %`, `<0.01 %`, `0.12 %`, `8.4 %`, `23.1 %`.
pub(crate) fn percent(ratio: f64) -> String {
    let percent = ratio * 100.0;
    if percent > 0.0 && percent < 0.01 {
        return format!("<0.01{SPACE}%");
    }
    let decimals = if percent < 10.0 { 2 } else { 1 };
    format!("{}{SPACE}%", round(percent, decimals))
}

/// How long a request took: `0.42 ms`, `86.1 ms`, `1.90 s`, `1 m 04 s`.
pub(crate) fn latency(seconds: f64) -> String {
    let milliseconds = seconds * 1000.0;
    if milliseconds < 999.5 {
        let digits = if milliseconds < 1.0 { 2 } else { 3 };
        format!("{}{SPACE}ms", significant(milliseconds, digits))
    } else if seconds < 59.995 {
        let decimals = if round(seconds, 2) < 10.0 { 2 } else { 1 };
        format!("{:.decimals$}{SPACE}s", round(seconds, decimals as i32))
    } else {
        let seconds = seconds.round() as u64;
        format!("{}{SPACE}m {:02}{SPACE}s", seconds / 60, seconds % 60)
    }
}

/// A limit was chosen, not measured: `1 s`, where a measurement would be `1.00 s`.
pub(crate) fn latency_limit(seconds: f64) -> String {
    if (1.0..60.0).contains(&seconds) {
        format!("{}{SPACE}s", significant(seconds, 3))
    } else {
        latency(seconds)
    }
}

/// How long ago something was: `4 s`, `2 m 10 s`, `3 h 05 m`, `26 h`, `3 d`.
pub(crate) fn age(seconds: f64) -> String {
    let seconds = seconds.max(0.0) as u64;
    match seconds {
        0..60 => format!("{seconds}{SPACE}s"),
        60..3600 => format!("{}{SPACE}m {:02}{SPACE}s", seconds / 60, seconds % 60),
        3600..36_000 => format!("{}{SPACE}h {:02}{SPACE}m", seconds / 3600, seconds % 3600 / 60),
        36_000..172_800 => format!("{}{SPACE}h", seconds / 3600),
        _ => format!("{}{SPACE}d", seconds / 86_400),
    }
}

fn significant(value: f64, digits: i32) -> f64 {
    if value == 0.0 {
        return value;
    }
    let magnitude = value.abs().log10().floor() as i32;
    round(value, digits - 1 - magnitude)
}

/// Half of the last place is rounded up, as browsers do it: `{:.1}` would round it to even.
fn round(value: f64, decimals: i32) -> f64 {
    let factor = 10_f64.powi(decimals);
    (value * factor).round() / factor
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// The web app's tests read the same file.
    const EXPECTED: &str = include_str!("../tests/golden/format.json");

    #[test]
    fn both_sides_write_numbers_alike() {
        let expected: BTreeMap<String, Vec<(f64, String)>> = serde_json::from_str(EXPECTED).unwrap();
        let formats = [
            ("age", age as fn(f64) -> String),
            ("latency", latency),
            ("latencyLimit", latency_limit),
            ("percent", percent),
        ];
        let names: Vec<_> = formats.iter().map(|(name, _)| *name).collect();
        assert_eq!(expected.keys().collect::<Vec<_>>(), names);
        for (name, format) in formats {
            for (value, text) in &expected[name] {
                assert_eq!(format(*value).replace(SPACE, " "), *text, "{name} {value}");
            }
        }
    }
}
