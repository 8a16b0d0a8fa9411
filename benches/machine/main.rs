//! What a transition of the machine costs, without any store: nanoseconds against plain async, and bytes per snapshot.
//!
//! A workflow that awaits a thousand times is carried by each of five drivers, so that the start is spread thin. What differs
//! is what happens between two awaits. `cargo bench --bench machine`, or with `-- --quick`.

mod drivers;
#[path = "../order.rs"]
mod order;
mod saved;
mod sizes;
mod workload;

use std::{error::Error, process::ExitCode, time::Instant};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    let mut quick = false;
    for argument in std::env::args().skip(1) {
        match &*argument {
            "--bench" => {}
            "--quick" => quick = true,
            unknown => {
                eprintln!("unknown option `{unknown}`\n\ncargo bench --bench machine -- [--quick]");
                return ExitCode::from(2);
            }
        }
    }
    match run(if quick { 20 } else { 200 }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the benchmark could not be carried out: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(repetitions: usize) -> Result<()> {
    if cfg!(debug_assertions) {
        eprintln!("built without optimisation: the numbers mean nothing (use `cargo bench`)");
    }
    println!("{} awaits per run, the drivers in turn, {repetitions} repetitions\n", workload::AWAITS);
    println!("{:<44} {:>9} {:>9} {:>9}", "nanoseconds per transition", "min", "median", "max");
    let mut times = vec![Vec::with_capacity(repetitions); drivers::ALL.len()];
    for _ in 0..repetitions {
        for ((_, driver), times) in drivers::ALL.iter().zip(&mut times) {
            times.push(nanoseconds_each(*driver)?);
        }
    }
    for ((name, _), mut times) in drivers::ALL.iter().zip(times) {
        times.sort_by(f64::total_cmp);
        let (min, median, max) = (times[0], times[times.len() / 2], times[times.len() - 1]);
        println!("{name:<44} {min:>9.1} {median:>9.1} {max:>9.1}");
    }
    println!();
    saved::print(repetitions)?;
    sizes::print()
}

/// One run by one driver.
fn nanoseconds_each(driver: drivers::Driver) -> Result<f64> {
    let order = order::Order::sample();
    let begun = Instant::now();
    let done = driver(std::hint::black_box(order))?;
    let elapsed = begun.elapsed();
    if done != workload::AWAITS {
        return Err(format!("{done} awaits were made instead of {}", workload::AWAITS).into());
    }
    Ok(elapsed.as_nanos() as f64 / workload::AWAITS as f64)
}
