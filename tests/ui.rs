//! What a user reads who makes a mistake: every case under `ui-tests/` against its recorded text.
//!
//! The text is rustc's as much as ours, so it is compared on the one version it was recorded with, and skipped by name on any
//! other. Record with `TRYBUILD=overwrite cargo test --test durable ui`.

/// The version of rustc the texts were recorded with.
const RECORDED_WITH: &str = "1.95.";

#[test]
fn mistakes_are_explained() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = std::process::Command::new(rustc).arg("--version").output().expect("rustc runs");
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    if !version.starts_with(&format!("rustc {RECORDED_WITH}")) {
        eprintln!("skipped: mistakes_are_explained: recorded with rustc {RECORDED_WITH}x, this is {version}");
        return;
    }
    trybuild::TestCases::new().compile_fail("ui-tests/*.rs");
}
