//! Writes the programs: those of the seeds in `DURABLE_RANDOM_SEEDS` (`20000..20500`), else the first 500 of which the
//! compiler refuses none. `DURABLE_RANDOM_PLAIN` leaves the attributes away, so that mistakes of the generator show.
//!
//! A program that is refused with a code of its own, as DUR014 refuses places it cannot keep, is left out and counted. What
//! the compiler finds wrong with itself (DUR099) is not: that stops the build.

use durable_random_generator::{program, refusal};
use std::{env, fmt::Write, fs, ops::Range, path::Path};

/// Test targets that the programs are dealt out to: rustc compiles them side by side.
const PARTS: usize = 4;

fn main() {
    println!("cargo::rerun-if-env-changed=DURABLE_RANDOM_SEEDS");
    println!("cargo::rerun-if-env-changed=DURABLE_RANDOM_PLAIN");
    println!("cargo::rerun-if-changed=build.rs");
    let (seeds, programs_max) = match env::var("DURABLE_RANDOM_SEEDS") {
        Ok(seeds) => (parse(&seeds), usize::MAX),
        Err(_) => (0..10_000, 500),
    };
    let plain = env::var("DURABLE_RANDOM_PLAIN").is_ok();
    let mut accepted = Vec::new();
    let mut refused = String::new();
    for seed in seeds {
        if accepted.len() == programs_max {
            break;
        }
        let program = program(seed);
        match refusal(&program) {
            Some(why) if why.is_our_bug() => panic!("{}\n{program}", why.message),
            Some(why) => writeln!(refused, "{seed}: {}: {}", why.code, why.message).expect("to a string"),
            None => accepted.push((seed, program)),
        }
    }
    if programs_max == usize::MAX {
        println!("cargo::warning=random workflows: {} refused with a code", refused.lines().count());
    }
    let out = env::var("OUT_DIR").expect("set by cargo");
    fs::write(Path::new(&out).join("refused.txt"), refused).expect("OUT_DIR is writable");
    for part in 0..PARTS {
        let programs = accepted.iter().skip(part).step_by(PARTS);
        let text: String = programs.map(|(seed, program)| test(*seed, program, plain)).collect();
        fs::write(Path::new(&out).join(format!("{part}.rs")), text).expect("OUT_DIR is writable");
    }
}

fn parse(seeds: &str) -> Range<u64> {
    let ends = seeds.split_once("..").and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    ends.unwrap_or_else(|| panic!("DURABLE_RANDOM_SEEDS is `{seeds}`, and should be like `20000..20500`"))
}

/// The program and its test. Without the attributes it must compile as well: what does not is the generator's mistake.
fn test(seed: u64, program: &str, plain: bool) -> String {
    if plain {
        let mut words = program.replacen("#[durable::workflow]", "", 1);
        while let Some(from) = words.find("#[at(") {
            let to = from + words[from..].find(']').expect("an attribute ends");
            words.replace_range(from..=to, "");
        }
        return words;
    }
    format!(
        "{program}
#[test]
fn seed_{seed}() {{
    passes(Box::pin(check(program_{seed}::input)));
}}
"
    )
}
