//! The long run of the random workflows: writes, compiles and runs them chunk by chunk, and keeps what fails.
//!
//! ```text
//! cargo run -p durable-random-generator -- 20000..40000           run these seeds
//! cargo run -p durable-random-generator -- 20000..40000 --resume  the rest of a run that was stopped
//! cargo run -p durable-random-generator -- 20017                  print one program
//! ```
//!
//! | option | what | unless given |
//! |---|---|---|
//! | `--chunk N` | programs compiled together | 50 |
//! | `--jobs N` | chunks at a time | as many as there are processors |
//! | `--timeout N` | seconds after which rustc is taken to hang | 600 |
//! | `--resume` | keep what a run of the same seeds has done | begin anew |
//!
//! A line for each chunk, in the end a summary. Everything is written to `target/random/FROM..TO/`: `done.txt` has the lines
//! that `--resume` reads, `seed-N.rs` and `seed-N.txt` each program that failed and what was said of it. Exits with 1 if one
//! failed. `RUSTC` is the compiler that is called.

mod long_run;

use long_run::{Options, run};
use std::{env, ops::Range, process::ExitCode, thread, time::Duration};

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    if let [seed] = &args[..]
        && let Ok(seed) = seed.parse()
    {
        println!("{}", durable_random_generator::program(seed));
        return ExitCode::SUCCESS;
    }
    let Some(options) = options(&args) else {
        eprintln!(
            "usage: durable-random-generator FROM..TO [--chunk N] [--jobs N] [--timeout SECONDS] [--resume] | SEED"
        );
        return ExitCode::FAILURE;
    };
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn options(args: &[String]) -> Option<Options> {
    let (seeds, mut rest) = args.split_first()?;
    let mut options = Options {
        seeds: range(seeds)?,
        chunk: 50,
        jobs: thread::available_parallelism().map_or(1, usize::from),
        timeout: Duration::from_secs(600),
        resume: false,
    };
    while let Some((option, more)) = rest.split_first() {
        rest = more;
        if option == "--resume" {
            options.resume = true;
            continue;
        }
        let (value, more) = rest.split_first()?;
        rest = more;
        match option.as_str() {
            "--chunk" => options.chunk = value.parse().ok().filter(|chunk| *chunk > 0)?,
            "--jobs" => options.jobs = value.parse().ok().filter(|jobs| *jobs > 0)?,
            "--timeout" => options.timeout = Duration::from_secs(value.parse().ok()?),
            _ => return None,
        }
    }
    Some(options)
}

fn range(text: &str) -> Option<Range<u64>> {
    let (from, to) = text.split_once("..")?;
    Some(from.parse().ok()?..to.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_in_any_order_and_unknown_ones_refused() {
        let options = |line: &str| {
            options(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
                .map(|it| (it.seeds, it.chunk, it.jobs, it.timeout.as_secs(), it.resume))
        };
        assert_eq!(options("5..9 --timeout 7 --resume --chunk 2 --jobs 3"), Some((5..9, 2, 3, 7, true)));
        assert_eq!(options("5..9 --chunks 2"), None);
        assert_eq!(options("5..9 --chunk 0"), None);
        assert_eq!(options("5..9 --chunk"), None);
        assert_eq!(options("5"), None);
    }
}
