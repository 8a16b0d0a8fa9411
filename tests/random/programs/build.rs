//! Writes the programs: those of the seeds in `DURABLE_RANDOM_SEEDS` (`20000..20500`), else the first 500 of which the
//! compiler refuses none. `DURABLE_RANDOM_PLAIN` leaves the attributes away, so that mistakes of the generator show.
//!
//! A program that is refused with a code of its own, as DUR014 refuses places it cannot keep, is left out and counted. What
//! the compiler finds wrong with itself (DUR099) is not: that stops the build.

use proc_macro2::TokenStream;
use std::{env, fmt::Write, fs, ops::Range, path::Path};

/// Test targets that the programs are dealt out to: rustc compiles them side by side.
const PARTS: usize = 4;

fn main() {
    println!("cargo::rerun-if-env-changed=DURABLE_RANDOM_SEEDS");
    println!("cargo::rerun-if-env-changed=DURABLE_RANDOM_SKIPPED");
    println!("cargo::rerun-if-env-changed=DURABLE_RANDOM_PLAIN");
    println!("cargo::rerun-if-changed=build.rs");
    let (seeds, programs_max) = match env::var("DURABLE_RANDOM_SEEDS") {
        Ok(seeds) => (parse(&seeds), usize::MAX),
        Err(_) => (0..10_000, 500),
    };
    let plain = env::var("DURABLE_RANDOM_PLAIN").is_ok();
    let skipped = env::var("DURABLE_RANDOM_SKIPPED").unwrap_or_default();
    let skipped: Vec<u64> = skipped.split(',').filter_map(|seed| seed.parse().ok()).collect();
    let mut accepted = Vec::new();
    let mut refused = String::new();
    for seed in seeds.filter(|seed| !skipped.contains(seed)) {
        if accepted.len() == programs_max {
            break;
        }
        let program = durable_random_generator::program(seed);
        match refusal(&program) {
            Some(why) if why.contains("DUR099") => panic!("{why}\n{program}"),
            Some(why) => writeln!(refused, "{seed}: {why}").expect("to a string"),
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

/// Why the compiler refuses a program, if it does.
fn refusal(program: &str) -> Option<String> {
    let mut item: syn::ItemFn = match syn::parse_str(program) {
        Ok(item) => item,
        Err(error) => panic!("{error} in\n{program}"),
    };
    item.attrs.clear();
    let item = quote::ToTokens::to_token_stream(&item);
    let expanded = durable_compiler::expand_workflow(TokenStream::new(), item).to_string();
    let from = expanded.find("compile_error")?;
    Some(expanded[from..].chars().take(400).collect())
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
#[tokio::test]
async fn seed_{seed}() {{
    check(program_{seed}::input(3, 7, vec![4, 1], \"hey\".into())).await;
    check(program_{seed}::input(0, 12, vec![], String::new())).await;
}}
"
    )
}
