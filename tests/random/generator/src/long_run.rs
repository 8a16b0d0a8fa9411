//! The long run: chunks dealt out to threads, and what became of them.

mod built;
mod chunk;
mod limited;
mod record;
#[cfg(test)]
mod tests;

use built::Built;
use chunk::{Limits, Outcome, run_chunk};
use durable_random_generator::program;
use record::Record;
use std::{
    io,
    ops::Range,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

/// What to run, and how.
pub(crate) struct Options {
    pub(crate) seeds: Range<u64>,
    /// Programs compiled together.
    pub(crate) chunk: u64,
    /// Chunks at a time.
    pub(crate) jobs: usize,
    /// After which rustc is stopped.
    pub(crate) timeout: Duration,
    /// Keep what was done before.
    pub(crate) resume: bool,
}

/// The programs of a chunk run for a moment, unless one hangs.
const RUN_MAX: Duration = Duration::from_secs(60);

/// Runs all seeds; gives whether none failed.
pub(crate) fn run(options: &Options) -> io::Result<bool> {
    let began = Instant::now();
    let built = Built::by_cargo()?;
    let name = format!("{}..{}", options.seeds.start, options.seeds.end);
    let record = Record::open(&built.target.join("random").join(name), options.resume)?;
    let chunks = chunks(&options.seeds, options.chunk, &record.done());
    let limits = Limits { compile: options.timeout, run: RUN_MAX };
    let state = Mutex::new((chunks.into_iter(), record));
    let work = || -> io::Result<()> {
        loop {
            let (seeds, dir) = {
                let mut state = state.lock().expect("no thread panics with it");
                let Some(seeds) = state.0.next() else { return Ok(()) };
                (seeds, state.1.dir().to_owned())
            };
            let began = Instant::now();
            let programs = seeds.clone().map(|seed| (seed, program(seed))).collect();
            let mut outcome = run_chunk(&built, &dir, programs, limits)?;
            outcome.seconds = began.elapsed().as_secs_f32();
            println!("{}", record::line(&seeds, &outcome));
            state.lock().expect("no thread panics with it").1.add(&seeds, outcome)?;
        }
    };
    thread::scope(|scope| -> io::Result<()> {
        let workers: Vec<_> = (0..options.jobs).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("a worker does not panic"))
    })?;
    let (_, record) = state.into_inner().expect("no thread panics with it");
    let all = record.all();
    println!("{}", summary(&all, began.elapsed()));
    if !all.failed.is_empty() {
        println!("see {}", record.dir().display());
    }
    Ok(all.failed.is_empty())
}

/// The seeds that are not done, in chunks.
fn chunks(seeds: &Range<u64>, chunk: u64, done: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut chunks = Vec::new();
    let mut from = seeds.start;
    while from < seeds.end {
        if let Some(done) = done.iter().find(|done| done.contains(&from)) {
            from = done.end;
            continue;
        }
        let next_done = done.iter().map(|done| done.start).filter(|start| *start > from).min();
        let to = (from + chunk).min(seeds.end).min(next_done.unwrap_or(u64::MAX));
        chunks.push(from..to);
        from = to;
    }
    chunks
}

fn summary(all: &Outcome, elapsed: Duration) -> String {
    let refused: usize = all.refused.values().sum();
    let codes: Vec<_> = all.refused.iter().map(|(code, count)| format!("{code} {count}")).collect();
    let codes = if codes.is_empty() { String::new() } else { format!(" ({})", codes.join(", ")) };
    let mut text = format!(
        "{} programs: {} passed, {refused} refused{codes}, {} failed; {:.0} s of work, {} s elapsed",
        all.passed + refused + all.failed.len(),
        all.passed,
        all.failed.len(),
        all.seconds,
        elapsed.as_secs(),
    );
    for (seed, failure) in &all.failed {
        text += &format!("\n  seed {seed} {}", failure.how.words());
    }
    text
}
