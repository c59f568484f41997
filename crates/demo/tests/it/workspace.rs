//! What holds for the workspace as a whole: which way dependencies point, and under which licences they are.

use std::collections::BTreeSet;

use cargo_metadata::{Metadata, MetadataCommand, Package};
use spdx::{Expression, Licensee, ParseMode};

use crate::harness::root;

/// Crates that depend on none of ours.
const FOUNDATIONS: [&str; 3] = ["telemetry", "exposition", "closure"];

/// Crates that depend on foundations only. All others are services: they depend on these, and meet each other on the
/// wire.
const FRAMES: [&str; 2] = ["service", "batch-metrics"];

#[test]
fn dependencies_point_one_way() {
    let metadata = metadata();
    let ours: BTreeSet<_> = metadata
        .workspace_packages()
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    assert!(ours.contains("signalbox-demo"), "{ours:?}");
    let wrong: Vec<_> = metadata
        .workspace_packages()
        .iter()
        .flat_map(|package| {
            package
                .dependencies
                .iter()
                .map(|needed| (package.name.as_str(), needed.name.as_str()))
        })
        .filter(|(_, needed)| ours.contains(needed))
        .filter(|(package, needed)| !may_depend(package, needed))
        .map(|(package, needed)| format!("{package} must not depend on {needed}"))
        .collect();
    assert_eq!(
        wrong,
        Vec::<String>::new(),
        "foundations ← frames ← services, and no service on a service"
    );
}

#[test]
fn no_service_may_depend_on_a_service() {
    for (package, needed, allowed) in [
        ("service", "telemetry", true),
        ("signalbox-collector", "exposition", true),
        ("signalbox-collector", "service", true),
        ("signalbox-demo", "signalbox-collector", false),
        ("telemetry", "service", false),
        ("exposition", "telemetry", false),
        ("batch-metrics", "service", false),
        ("service", "signalbox-dashboard", false),
    ] {
        assert_eq!(may_depend(package, needed), allowed, "{package} on {needed}");
    }
}

/// A number for each layer: a crate depends on lower ones only.
fn may_depend(package: &str, needed: &str) -> bool {
    let layer = |name| match name {
        name if FOUNDATIONS.contains(&name) => 0,
        name if FRAMES.contains(&name) => 1,
        _ => 2,
    };
    layer(needed) < layer(package)
}

#[test]
fn every_licence_is_one_that_may_be_shipped() {
    let allowed =
        allowed(&std::fs::read_to_string(root().join("deny.toml")).expect("deny.toml is at the root"));
    let metadata = metadata();
    let refused: Vec<_> = metadata
        .packages
        .iter()
        .filter_map(|package| refusal(package, &allowed))
        .collect();
    assert!(
        refused.is_empty(),
        "deny.toml does not allow these:\n{}\nChoose another crate, or add the licence there if it may be shipped.",
        refused.join("\n")
    );
}

#[test]
fn licences_are_judged_as_expressions() {
    let allowed =
        allowed("[licenses]\nallow = [\"MIT\", \"Apache-2.0 WITH LLVM-exception\", \"Unicode-3.0\"]");
    let judge = |expression: &str| judge(expression, &allowed);
    assert_eq!(judge("MIT OR GPL-3.0-only"), Ok(()));
    assert_eq!(judge("MIT/GPL-3.0"), Ok(()));
    assert_eq!(judge("Apache-2.0 WITH LLVM-exception"), Ok(()));
    assert_eq!(judge("Apache-2.0"), Err("Apache-2.0".to_owned()));
    assert_eq!(
        judge("MIT AND AGPL-3.0-only"),
        Err("MIT AND AGPL-3.0-only".to_owned())
    );
    assert!(judge("all yours").is_err());
}

fn refusal(package: &Package, allowed: &[Licensee]) -> Option<String> {
    let crate_ = format!("{} {}", package.name, package.version);
    match &package.license {
        None => Some(format!("  {crate_} names no licence")),
        Some(license) => judge(license, allowed)
            .err()
            .map(|license| format!("  {crate_} is under {license}")),
    }
}

/// The expression again, if `allowed` does not satisfy it.
fn judge(expression: &str, allowed: &[Licensee]) -> Result<(), String> {
    let satisfied = Expression::parse_mode(expression, ParseMode::LAX)
        .is_ok_and(|parsed| parsed.evaluate(|needed| allowed.iter().any(|one| one.satisfies(needed))));
    if satisfied {
        Ok(())
    } else {
        Err(expression.to_owned())
    }
}

fn allowed(deny: &str) -> Vec<Licensee> {
    let deny: toml::Table = deny.parse().expect("deny.toml is TOML");
    let list = deny["licenses"]["allow"]
        .as_array()
        .expect("[licenses] allow is a list");
    list.iter()
        .map(|name| {
            let name = name.as_str().expect("a licence is a text");
            Licensee::parse(name).unwrap_or_else(|error| panic!("deny.toml: {name}: {error}"))
        })
        .collect()
}

/// Of all crates that are built on this platform, ours and others'.
fn metadata() -> Metadata {
    let platform = format!("--filter-platform={}-unknown-linux-gnu", std::env::consts::ARCH);
    let options = ["--offline".to_owned(), "--locked".to_owned(), platform];
    let mut command = MetadataCommand::new();
    command
        .manifest_path(root().join("Cargo.toml"))
        .other_options(options);
    command.exec().expect("cargo metadata answers")
}
