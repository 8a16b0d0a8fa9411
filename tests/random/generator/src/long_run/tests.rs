//! The long run with programs that fail in every way.

use super::{
    Record,
    built::Built,
    chunk::{Failure, How, Limits, Outcome, run_chunk},
    chunks, summary,
};
use std::{fs, time::Duration};

fn program(seed: u64, body: &str) -> (u64, String) {
    let signature = "(world: &World, a: u64, x: u64, v: Vec<u64>, t: String) -> Vec<u64>";
    (seed, format!("#[durable::workflow]\nasync fn program_{seed}{signature} {{\n    {body}\n}}\n"))
}

#[test]
fn what_fails_is_told_from_what_passes() {
    let built = Built::by_cargo().expect("cargo can build the world");
    let dir = tempfile::tempdir().expect("a directory");
    let programs = vec![
        program(1, "world.ask(a).await; v"),
        program(2, "let n: u8 = world.ask(a).await; vec![n.into()]"),
        program(3, "world.ask(a).await; panic!(\"no {x}\")"),
        program(4, "world.ask(a).await; world.ask(a).await; v"),
        program(5, "world.ask(a).await; loop { std::thread::sleep(std::time::Duration::from_millis(9)) }"),
        program(
            6,
            "static RUNS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
             world.ask(a).await; vec![RUNS.fetch_add(1, std::sync::atomic::Ordering::Relaxed)]",
        ),
        // Its own types are right; what rustc says is of borrows, which it checks only when all types are.
        program(7, "let w = v; world.ask(a).await; v.len(); w"),
        program(8, "world.note(t).await; v"),
    ];
    let limits = Limits { compile: Duration::from_secs(300), run: Duration::from_secs(2) };
    let outcome = run_chunk(&built, dir.path(), programs, limits).expect("rustc can be run");
    assert_eq!(outcome.passed, 2);
    assert_eq!(outcome.refused, [("DUR005".to_owned(), 1)].into());
    let failed: Vec<_> = outcome.failed.iter().map(|(seed, failure)| (*seed, failure.how)).collect();
    assert_eq!(
        failed,
        [(2, How::NotCompiled), (3, How::Panics), (5, How::Hangs), (6, How::Differs), (7, How::NotCompiled)]
    );
    for (seed, words) in [(2, "expected `u8`, found `u64`"), (3, "no 7"), (6, "[0]"), (7, "borrow of moved")]
    {
        assert!(outcome.failed[&seed].said.contains(words), "{seed}: {}", outcome.failed[&seed].said);
    }
    assert_eq!(fs::read_dir(dir.path()).expect("it is there").count(), 0, "nothing is left behind");
}

#[test]
fn a_run_that_was_stopped_goes_on_where_it_was() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut outcome = Outcome { passed: 3, seconds: 1.5, ..Outcome::default() };
    outcome.refused.insert("DUR018".to_owned(), 1);
    let (how, program, said) = (How::Differs, "async fn f() {}".to_owned(), "[0] and [1]".to_owned());
    outcome.failed.insert(11, Failure { how, program, said });
    let mut record = Record::open(dir.path(), false).expect("it can be made");
    record.add(&(10..15), outcome.clone()).expect("it can be written");
    record.add(&(20..25), outcome).expect("it can be written");
    fs::write(dir.path().join("done.txt"), {
        fs::read_to_string(dir.path().join("done.txt")).expect("it was written") + "25..30: 5 pas"
    })
    .expect("it can be written");
    fs::write(dir.path().join("chunk-25.rs"), "fn main() {}").expect("it can be written");

    let record = Record::open(dir.path(), true).expect("it is there");
    assert!(!dir.path().join("chunk-25.rs").exists());
    assert_eq!(chunks(&(10..32), 4, &record.done()), [15..19, 19..20, 25..29, 29..32]);
    assert_eq!(
        summary(&record.all(), Duration::from_secs(2)),
        "9 programs: 6 passed, 2 refused (DUR018 2), 1 failed; 3 s of work, 2 s elapsed\n  seed 11 differs"
    );
    let said = fs::read_to_string(dir.path().join("seed-11.txt")).expect("it was written");
    assert_eq!(said, "seed 11 differs\n\n[0] and [1]");
    let record = Record::open(dir.path(), false).expect("it can be made");
    assert_eq!(chunks(&(10..14), 2, &record.done()), [10..12, 12..14]);
}
