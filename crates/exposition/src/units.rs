//! Units: UCUM's codes, as OTLP carries them, to the words that stand in Prometheus names.

/// The word or words for a unit: `seconds`, `meters_per_second`; empty for what has no unit.
pub(crate) fn unit_words(unit: &str) -> String {
    let unit = without_annotations(unit);
    let (main, per) = match unit.split_once('/') {
        Some((main, per)) => (main, sanitised(per_word(per.trim()))),
        None => (unit.as_str(), String::new()),
    };
    let main = sanitised(main_word(main.trim()));
    match (main.is_empty(), per.is_empty()) {
        (false, false) => format!("{main}_per_{per}"),
        (true, false) => format!("per_{per}"),
        (_, true) => main,
    }
}

/// Drops what stands in braces: UCUM's annotations, such as `{packet}`, carry no unit.
fn without_annotations(unit: &str) -> String {
    let mut kept = String::with_capacity(unit.len());
    let mut depth = 0_usize;
    for character in unit.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 => kept.push(character),
            _ => {}
        }
    }
    kept
}

/// The specification's table. `1` is "no unit".
fn main_word(code: &str) -> &str {
    match code {
        "1" => "",
        "d" => "days",
        "h" => "hours",
        "min" => "minutes",
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" => "microseconds",
        "ns" => "nanoseconds",
        "By" => "bytes",
        "KiBy" => "kibibytes",
        "MiBy" => "mebibytes",
        "GiBy" => "gibibytes",
        "TiBy" => "tebibytes",
        "kBy" | "KBy" => "kilobytes",
        "MBy" => "megabytes",
        "GBy" => "gigabytes",
        "TBy" => "terabytes",
        "m" => "meters",
        "V" => "volts",
        "A" => "amperes",
        "J" => "joules",
        "W" => "watts",
        "g" => "grams",
        "Cel" => "celsius",
        "Hz" => "hertz",
        "%" => "percent",
        other => other,
    }
}

/// Singular words for the unit below the line of a rate.
fn per_word(code: &str) -> &str {
    match code {
        "1" => "",
        "s" => "second",
        "m" | "min" => "minute",
        "h" => "hour",
        "d" => "day",
        "w" | "wk" => "week",
        "mo" => "month",
        "y" | "a" => "year",
        other => other,
    }
}

/// Characters that names cannot hold become `_`; none at the ends, never two in a row.
fn sanitised(word: &str) -> String {
    word.split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("_")
}

#[cfg(test)]
mod tests {
    use super::unit_words;

    #[test]
    fn units_become_words() {
        for (unit, words) in [
            ("", ""),
            ("1", ""),
            ("s", "seconds"),
            ("ms", "milliseconds"),
            ("By", "bytes"),
            ("TiBy", "tebibytes"),
            ("kBy", "kilobytes"),
            ("KBy", "kilobytes"),
            ("%", "percent"),
            ("m/s", "meters_per_second"),
            ("By/min", "bytes_per_minute"),
            ("1/s", "per_second"),
            ("{request}", ""),
            ("{packet}/s", "per_second"),
            ("By/{request}", "bytes"),
            ("By{transmitted}", "bytes"),
            ("{unbalanced", ""),
            ("custom_unit", "custom_unit"),
            ("unit@with#special/chars", "unit_with_special_per_chars"),
            ("__", ""),
            ("°", ""),
        ] {
            assert_eq!(unit_words(unit), words, "unit {unit:?}");
        }
    }
}
