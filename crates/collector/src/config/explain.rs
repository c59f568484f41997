//! What a configuration does, in words.

mod page;
mod steps;
mod words;

use std::fmt::Write;

use self::page::Page;
use self::words::{age, bytes, count, list, plural, quoted};
use exposition::Translation;

use super::Config;
use crate::expose::Alias;
use crate::process::Promotion;

/// What this configuration does, in words, from what comes in to what is served.
pub(super) fn explain(config: &Config) -> String {
    let mut page = Page::default();
    addresses(config, &mut page);
    doors(config, &mut page);
    processing(config, &mut page);
    labels(config, &mut page);
    names(config, &mut page);
    expiry(config, &mut page);
    limits(config, &mut page);
    second_names(config, &mut page);
    state(config, &mut page);
    page.text()
}

fn addresses(config: &Config, page: &mut Page) {
    let listen = &config.listen;
    page.paragraph(&format!(
        "Takes OTLP over gRPC on {} and over HTTP on {}. Serves what it collects on {}, and metrics of itself on {}.",
        listen.grpc, listen.http, listen.data, listen.self_metrics
    ));
    page.paragraph(
        "Where systemd runs it with signalbox-collector.socket, that has these addresses: others there stand in place of those \
         that are set nowhere, and are an error beside those that are.",
    );
    if config.debug_datapoints > 0 {
        page.paragraph(&format!(
            "Up to {} per second {} written into the log, as they were taken.",
            plural(config.debug_datapoints as usize, "data point"),
            if config.debug_datapoints == 1 { "is" } else { "are" }
        ));
    }
}

fn doors(config: &Config, page: &mut Page) {
    let security = &config.security;
    let encrypted = security.identity.is_some();
    let mut text = match (encrypted, security.data) {
        (false, _) => "Nothing is encrypted.",
        (true, false) => "OTLP is encrypted, scrapes are not.",
        (true, true) => "OTLP and scrapes of what is collected are encrypted, metrics of itself are not.",
    }
    .to_owned();
    if security.certified_clients {
        text += " Where it is encrypted, only clients with a certificate of a known authority are let in.";
    }
    text += match security.tokens {
        Some(_) if encrypted => " Who sends must show a token.",
        Some(_) => {
            " Who sends must show a token, which others on its way can read: set tls.cert_file and tls.key_file."
        }
        None if security.certified_clients => "",
        None => " Whoever reaches the ports of OTLP may send.",
    };
    page.paragraph(&text);
}

fn processing(config: &Config, page: &mut Page) {
    let steps = &config.rules.pipeline.steps;
    if steps.is_empty() {
        page.paragraph("There are no steps of processing: everything is taken as it comes.");
        return;
    }
    page.paragraph("What comes in goes through these steps, in this order:");
    for (index, step) in steps.iter().enumerate() {
        page.item(&format!("{}.", index + 1), &steps::sentence(step));
    }
    if steps.iter().any(steps::is_filter) {
        page.paragraph(
            "What a step drops is counted as filtered; its sender is not told, because nothing is wrong with it.",
        );
    }
}

fn labels(config: &Config, page: &mut Page) {
    let promotions = &config.rules.pipeline.promotions;
    if promotions.is_empty() {
        page.paragraph(
            "Series are labelled with job and instance, from their resource's service.* attributes.",
        );
    } else {
        page.paragraph("Then series are labelled, beside job and instance, with what their resource says:");
        for promotion in promotions {
            page.item("-", &promoted(promotion));
        }
    }
    page.paragraph(if config.rules.pipeline.scope_labels {
        "Their instrumentation scope is in labels of the form otel_scope_*."
    } else {
        "Their instrumentation scope is in no label: scopes of one resource that send the same series overwrite each \
         other's."
    });
}

fn promoted(Promotion { label, from, fixed }: &Promotion) -> String {
    match fixed {
        Some(fixed) => format!(
            "{label} is always {}, whatever a client or a step says in {}.",
            quoted(fixed),
            list(from, "or")
        ),
        None if from.len() > 1 => format!("{label} is the first of {} that is there.", list(from, "and")),
        None => format!("{label} is {}.", list(from, "and")),
    }
}

fn names(config: &Config, page: &mut Page) {
    let example = match config.rules.pipeline.translation {
        Translation::UnderscoreEscapingWithSuffixes => "http_server_duration_seconds",
        Translation::UnderscoreEscapingWithoutSuffixes => "http_server_duration",
        Translation::NoUtf8EscapingWithSuffixes => "http.server.duration_seconds",
        Translation::NoTranslation => "http.server.duration",
    };
    page.paragraph(&format!(
        "A metric http.server.duration in seconds is served as {example}."
    ));
    if config.view.created_series {
        page.paragraph("In OpenMetrics' text, counters, histograms and summaries have a _created series.");
    }
    if let Some(bounds) = &config.view.classic_bounds {
        let bounds: Vec<String> = bounds.values().iter().map(f64::to_string).collect();
        page.paragraph(&format!(
            "In text, exponential histograms have buckets up to {} and infinity.",
            bounds.join(", ")
        ));
    }
}

fn expiry(config: &Config, page: &mut Page) {
    let (gauges, counters) = (config.rules.expiry.gauges, config.rules.expiry.counters);
    page.paragraph("After its last point a series lives on");
    for (names, lasting) in &config.rules.expiry.overrides {
        page.item(
            "-",
            &format!("{} if its metric is {},", age(*lasting), quoted(names)),
        );
    }
    let or_else = if config.rules.expiry.overrides.is_empty() {
        ""
    } else {
        "else "
    };
    page.item(
        "-",
        &format!(
            "{or_else}{} if it is a gauge or its sender has ended it,",
            age(gauges)
        ),
    );
    page.item("-", &format!("{} if it is anything else.", age(counters)));
}

fn limits(config: &Config, page: &mut Page) {
    let limits = &config.rules.limits;
    let labels = &config.rules.pipeline.label_limits;
    page.paragraph("At most there are");
    for line in [
        format!(
            "{} of memory for series and requests, {} of it for requests,",
            bytes(config.max_memory),
            bytes(config.max_in_flight)
        ),
        format!(
            "{} in all, {} of one environment, {} of one metric,",
            plural(limits.series, "series"),
            count(limits.series_per_environment),
            count(limits.series_per_metric)
        ),
        format!("{} resources and scopes,", count(limits.sources)),
        format!(
            "{} of a point and as many of its resource and scope, {} in a name, {} in a value, {} in all of \
             them,",
            plural(labels.labels, "label"),
            bytes(labels.name_bytes),
            bytes(labels.value_bytes),
            bytes(limits.label_bytes)
        ),
        format!("{} in a histogram,", plural(limits.buckets, "bucket")),
        format!(
            "{} and {} in a request.",
            plural(limits.request_points, "data point"),
            bytes(config.max_request)
        ),
    ] {
        page.item("-", &line);
    }
    page.paragraph(
        "What is beyond is rejected or refused, and its sender is told. Series that are there already go on.",
    );
}

fn second_names(config: &Config, page: &mut Page) {
    if config.view.aliases.is_empty() {
        return;
    }
    page.paragraph("Some metrics have second names, unless a service sends a metric of such a name itself:");
    // names of one entry of the configuration stand together, as they did there
    let same = |one: &Alias, other: &Alias| {
        one.metric == other.metric && one.labels == other.labels && one.scale == other.scale
    };
    for aliases in config.view.aliases.chunk_by(same) {
        let names: Vec<&str> = aliases.iter().map(|alias| alias.name.as_str()).collect();
        let Some(Alias {
            metric,
            labels,
            scale,
            ..
        }) = aliases.first()
        else {
            continue;
        };
        let mut text = format!("{metric} is also {}", list(&names, "and"));
        if scale.factor().to_bits() != 1.0_f64.to_bits() {
            let _ = write!(text, ", its values times {}", scale.factor());
        }
        if !labels.is_empty() {
            let labels: Vec<String> = labels
                .iter()
                .map(|(old, new)| format!("{old} as {new}"))
                .collect();
            let _ = write!(text, ", with {}", list(&labels, "and"));
        }
        page.item("-", &format!("{text}."));
    }
}

fn state(config: &Config, page: &mut Page) {
    page.paragraph(&match &config.state_dir {
        Some(directory) => format!(
            "Sums of deltas are kept over restarts, in {}.",
            directory.display()
        ),
        None => "Nothing is kept over restarts: sums of deltas begin anew.".to_owned(),
    });
}

#[cfg(test)]
mod tests;
