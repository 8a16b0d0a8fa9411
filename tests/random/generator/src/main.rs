//! The long run of the random workflows: writes, compiles and runs them batch by batch, and names the seeds of what fails.
//!
//! ```text
//! cargo run -p durable-random-generator -- 20000..40000        run these seeds
//! cargo run -p durable-random-generator -- 20000..40000 250    the same, so many at a time
//! cargo run -p durable-random-generator -- 20017               print one program
//! ```
//!
//! A program that does not compile is told from the others by rustc's line numbers, and left out of a second attempt. Exits
//! with 1 if anything failed.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    ops::Range,
    process::{Command, ExitCode},
    time::Instant,
};

/// Programs compiled together, unless told otherwise.
const BATCH: u64 = 250;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let number = |at: usize| args.get(at).and_then(|arg| arg.parse().ok());
    let range = args.first().and_then(|arg| arg.split_once(".."));
    let Some(seeds) = range.and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?)) else {
        let Some(seed) = number(0) else {
            eprintln!("usage: durable-random-generator FROM..TO [BATCH] | SEED");
            return ExitCode::FAILURE;
        };
        println!("{}", durable_random_generator::program(seed));
        return ExitCode::SUCCESS;
    };
    let found = run(seeds, number(1).unwrap_or(BATCH));
    if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs all batches; gives the seeds of what failed.
fn run(seeds: Range<u64>, batch: u64) -> BTreeSet<u64> {
    let (began, mut found, mut from) = (Instant::now(), BTreeSet::new(), seeds.start);
    let mut run = 0;
    while from < seeds.end {
        let to = (from + batch).min(seeds.end);
        let outcome = run_batch(from..to);
        run += outcome.passed;
        for (seed, why) in &outcome.failed {
            println!("\n==== seed {seed}\n{why}");
        }
        found.extend(outcome.failed.into_keys());
        println!(
            "{from}..{to}: {} passed, {} failed; {}; {run} passed in all, {} s",
            outcome.passed,
            found.iter().filter(|seed| (from..to).contains(*seed)).count(),
            outcome.refused,
            began.elapsed().as_secs(),
        );
        from = to;
    }
    println!("{run} passed, {} failed: {found:?}", found.len());
    found
}

/// What became of a batch.
#[derive(Default)]
struct Outcome {
    passed: usize,
    failed: BTreeMap<u64, String>,
    refused: String,
}

fn run_batch(seeds: Range<u64>) -> Outcome {
    let mut outcome = Outcome::default();
    // Each attempt leaves out what did not compile before; errors of one stage of rustc hide those of the next.
    for _ in 0..8 {
        let skipped: Vec<_> = outcome.failed.keys().map(u64::to_string).collect();
        let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["test", "--package", "durable-random", "--no-fail-fast", "--color", "never"])
            .env("DURABLE_RANDOM_SEEDS", format!("{}..{}", seeds.start, seeds.end))
            .env("DURABLE_RANDOM_SKIPPED", skipped.join(","))
            .output()
            .expect("cargo can be run");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let refused = errors.lines().find_map(|line| line.split_once("random workflows: "));
        outcome.refused = refused.map(|(_, rest)| rest.to_owned()).unwrap_or_default();
        if errors.contains("could not compile") {
            let bad = not_compiled(&errors);
            if bad.is_empty() {
                panic!("{errors}");
            }
            outcome.failed.extend(bad);
            continue;
        }
        let report = String::from_utf8_lossy(&output.stdout).into_owned();
        if !report.contains("test result: ") {
            panic!("{errors}");
        }
        outcome.failed.extend(differing(&report));
        outcome.passed =
            report.lines().filter(|line| line.starts_with("test seed_") && line.ends_with("ok")).count();
        return outcome;
    }
    panic!("rustc finds new errors in {seeds:?} at each attempt: {:?}", outcome.failed.keys());
}

/// The seeds of programs that rustc refuses, with its first words about each.
fn not_compiled(errors: &str) -> BTreeMap<u64, String> {
    let mut found = BTreeMap::new();
    for error in errors.split("\nerror").skip(1) {
        let place = error.lines().find_map(|line| line.trim_start().strip_prefix("--> "));
        let mut parts = place.unwrap_or_default().rsplitn(3, ':').skip(1);
        let (line, file) = (parts.next().and_then(|line| line.parse().ok()), parts.next());
        let (Some(line), Some(text)) = (line, file.and_then(|file| fs::read_to_string(file).ok())) else {
            continue;
        };
        let above: Vec<_> = text.lines().take(line).collect();
        // An error of the whole expansion points at the attribute, which stands before the function.
        let below = text.lines().skip(line).take(1);
        let name = |line: &str| line.strip_prefix("async fn program_")?.split('(').next()?.parse().ok();
        let at_attribute =
            below.filter(|_| above.last().is_some_and(|line| line.starts_with("#["))).find_map(name);
        if let Some(seed) = at_attribute.or_else(|| above.iter().rev().find_map(|line| name(line))) {
            let cut: String = error.chars().take(1200).collect();
            found.entry(seed).or_insert_with(|| format!("error{cut}"));
        }
    }
    found
}

/// The seeds of programs that ran otherwise, with what differed.
fn differing(report: &str) -> BTreeMap<u64, String> {
    let failed = report.split("\n---- seed_").skip(1);
    failed
        .filter_map(|failed| {
            let seed = failed.split(' ').next()?.parse().ok()?;
            Some((seed, failed.chars().take(3000).collect()))
        })
        .collect()
}
