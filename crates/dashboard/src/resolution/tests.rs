use super::*;

const EVERY_10_S: Cadence = Cadence {
    scrape: 10,
    export: 10,
};
/// No multiple of anything: 2026-11-20 12:04:17.8 UTC.
const NOW: f64 = 1_795_176_257.8;

#[test]
fn step_points_and_window_of_each_range() {
    let rows = [
        // range, width, scrape → step, values, window
        ("5m", 600, 10, 10, 31, 40),
        ("15m", 600, 10, 10, 91, 40),
        ("1h", 600, 10, 15, 241, 40),
        ("6h", 600, 10, 120, 181, 130),
        ("24h", 600, 10, 300, 289, 310),
        // a narrow chart has fewer points, a wide one no more than 300 steps
        ("1h", 300, 10, 30, 121, 40),
        ("1h", 10_000, 10, 15, 241, 40),
        ("1h", 1, 10, 3600, 2, 3610),
        // other scrape intervals
        ("5m", 600, 15, 15, 21, 60),
        ("24h", 600, 15, 300, 289, 315),
        ("5m", 600, 1, 5, 61, 6),
        ("15m", 600, 60, 60, 16, 240),
    ];
    for (range, width, scrape, step, values, window) in rows {
        let cadence = Cadence { scrape, export: 1 };
        let found = resolve(range.parse().unwrap(), width, cadence, NOW);
        assert_eq!(
            (found.step, found.points(), found.window),
            (step, values, window),
            "{range} at {width} px, scraped every {scrape} s"
        );
    }
}

#[test]
fn slow_exports_widen_the_window() {
    let found = resolve(
        TimeRange::FiveMinutes,
        600,
        Cadence {
            scrape: 10,
            export: 60,
        },
        NOW,
    );
    assert_eq!((found.step, found.window), (10, 240));
}

#[test]
fn bounds_are_whole_steps_and_leave_the_newest_scrape_out() {
    for range in TimeRange::ALL {
        for width in [1, 50, 299, 300, 600, 900, 1200, 10_000] {
            for scrape in [1, 5, 10, 15, 30, 60] {
                let cadence = Cadence { scrape, export: 10 };
                let found = resolve(range, width, cadence, NOW);
                let (step, case) = (
                    i64::from(found.step),
                    format!("{range} {width} {scrape}: {found:?}"),
                );
                assert_eq!((found.start % step, found.end % step), (0, 0), "{case}");
                assert!(found.end - found.start >= i64::from(range.seconds()), "{case}");
                let lag = NOW - found.end as f64;
                assert!(
                    lag >= f64::from(scrape) && lag < f64::from(scrape + found.step) + 1.0,
                    "{case}"
                );
                assert!(found.points() <= 301, "{case}");
                assert!(found.window >= found.step + scrape, "{case}");
            }
        }
    }
}

#[test]
fn samples_fall_into_their_places() {
    let found = resolve(TimeRange::FiveMinutes, 600, EVERY_10_S, NOW);
    assert_eq!((found.start, found.end), (1_795_175_940, 1_795_176_240));
    let rows = [
        (0.0, Some(0)),
        (10.0, Some(1)),
        (10.001, Some(1)),
        (300.0, Some(30)),
        (310.0, None),
        (-10.0, None),
    ];
    for (offset, place) in rows {
        assert_eq!(
            found.index(found.start as f64 + offset),
            place,
            "{offset} s after the start"
        );
    }
    assert_eq!(found.index(f64::NAN), None);
}

#[test]
fn names_are_read_as_they_are_written() {
    for range in TimeRange::ALL {
        assert_eq!(range.to_string().parse(), Ok(range));
        assert_eq!(serde_json::to_value(range).unwrap(), range.as_str());
    }
    assert_eq!("2h".parse::<TimeRange>(), Err(()));
}
