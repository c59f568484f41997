//! Figures as they stand in tables; what was not measured is an empty cell.

/// The mean of a figure, of what was measured.
pub fn mean<T>(all: &[T], figure: impl Fn(&T) -> f64) -> Option<f64> {
    (!all.is_empty()).then(|| all.iter().map(figure).sum::<f64>() / all.len() as f64)
}

/// How many times the other.
pub fn ratio(one: Option<f64>, other: Option<f64>) -> String {
    let ratio = one.zip(other).map(|(one, other)| one / other);
    ratio.map_or_else(String::new, |ratio| format!("{ratio:.1}x"))
}

/// Without fractions.
pub fn number(figure: Option<f64>) -> String {
    figure.map_or_else(String::new, |figure| format!("{figure:.0}"))
}

/// With enough fractions to tell small figures apart.
pub fn fraction(figure: Option<f64>) -> String {
    figure.map_or_else(String::new, |figure| {
        if figure < 1.0 {
            format!("{figure:.4}")
        } else {
            format!("{figure:.2}")
        }
    })
}

/// In thousands.
pub fn thousands(figure: Option<f64>) -> String {
    figure.map_or_else(String::new, |figure| format!("{:.0}k", figure / 1000.0))
}

/// A share as a percentage.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// Bytes in MiB.
pub fn mebibytes(bytes: u64) -> String {
    (bytes >> 20).to_string()
}

/// What it was measured on.
pub fn machine() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let memory = read("/proc/meminfo");
    let kilobytes = memory
        .split_whitespace()
        .nth(1)
        .and_then(|number| number.parse::<u64>().ok());
    format!(
        "{} CPUs {}, {} GiB, Linux {}, load {}",
        cpus.lines().filter(|line| line.starts_with("processor")).count(),
        model.map_or("of an unknown model", |(_, model)| model),
        kilobytes.unwrap_or(0) >> 20,
        read("/proc/sys/kernel/osrelease").trim(),
        read("/proc/loadavg").split(' ').next().unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        assert_eq!(ratio(Some(50.0), Some(2.0)), "25.0x");
        assert_eq!(ratio(None, Some(2.0)), "");
        assert_eq!([Some(0.0225), Some(4.061)].map(fraction), ["0.0225", "4.06"]);
        assert_eq!(thousands(Some(134_400.0)), "134k");
        assert_eq!(percent(0.0371), "3.7 %");
        assert_eq!(mebibytes(512 << 20), "512");
        assert_eq!(mean(&[1.0, 2.0], |one| *one), Some(1.5));
        assert_eq!(mean(&[], |one: &f64| *one), None);
    }
}
