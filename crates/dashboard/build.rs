//! Has the web app and the runbooks embedded again when they changed.

fn main() {
    println!("cargo::rerun-if-changed=../../stack/runbooks");
    // A debug build reads the files when it starts. Cargo takes a path that does not exist for changed, each time:
    // right for a release, which must not miss the web app, but tedious for all other builds.
    let release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let watched = if release { "web/dist" } else { "build.rs" };
    println!("cargo::rerun-if-changed={watched}");
}
