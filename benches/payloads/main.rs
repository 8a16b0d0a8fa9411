//! What compression, encryption and large fields that stand apart cost and save: a workflow that carries JSON-like text from step to
//! step, each a commit in a SQLite file. (SQLite writes no page again whose bytes are the same, so what stays as it is costs little as
//! long as it is neither compressed nor encrypted.) `cargo bench --bench payloads`; Linux, for the count of bytes written.

use durable::{Client, SqliteStore, Worker, workflow};
use durable_runtime::Keys;
use serde_json::json;
use std::{
    error::Error,
    fs,
    time::{Duration, Instant},
};

const STEPS: u32 = 200;
const ROUNDS: usize = 5;
/// In front of a payload, and of its parts: header, key id with check value and nonce, tag.
const HEADERS: [(&str, usize); 2] = [("in clear, compressed or not", 20), ("encrypted", 20 + 32 + 16)];

async fn read(page: u32) -> u64 {
    u64::from(page)
}

/// A commit for each page, and the text in each of them.
#[workflow]
async fn review(text: String, pages: u32) -> u64 {
    for page in 0..pages {
        let _: u64 = read(page).await;
    }
    text.len() as u64
}

/// The same, with a note on each page at the beginning of the text.
#[workflow]
async fn annotate(text: String, pages: u32) -> u64 {
    let mut text: String = text;
    for page in 0..pages {
        let seen: u64 = read(page).await;
        text.insert_str(0, &format!("{{\"page\":{seen}}},"));
        let shorter: usize = text.len() - 12;
        text.truncate(shorter);
    }
    text.len() as u64
}

/// What a workflow carries.
#[derive(Clone, Copy)]
struct Text {
    bytes: usize,
    changes: bool,
}

impl Text {
    async fn run(self, client: &Client, id: &str, steps: u32) -> Result<u64, Box<dyn Error>> {
        Ok(match self.changes {
            true => client.start(id, annotate::input(text(self.bytes), steps)).await?.result().await?,
            false => client.start(id, review::input(text(self.bytes), steps)).await?.result().await?,
        })
    }
}

/// Orders as an API would give them: names that come again, numbers that do not.
fn text(bytes: usize) -> String {
    let mut random: u64 = 7;
    let mut next = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        random >> 33
    };
    let mut text = String::with_capacity(bytes + 200);
    while text.len() < bytes {
        let (id, customer, cents) = (next(), next() % 5_000, next() % 100_000);
        let city = ["Lisbon", "Oslo", "Nairobi", "Quito", "Hanoi"][next() as usize % 5];
        let state = ["open", "paid", "shipped", "returned"][next() as usize % 4];
        let order = json!({ "id": id, "customer": customer, "city": city, "state": state, "cents": cents });
        text.push_str(&order.to_string());
    }
    text.truncate(bytes);
    text
}

/// How the payloads are stored.
struct Case {
    name: &'static str,
    compressed: bool,
    keys: Option<Keys>,
    apart: bool,
}

struct Figures {
    stored: usize,
    written: u64,
    commit: Duration,
}

async fn run(case: &Case, text: Text) -> Result<Figures, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let store = SqliteStore::open(folder.path().join("bench.db")).await?;
    let above = case.compressed.then_some(4 << 10);
    let apart = case.apart.then_some(4 << 10);
    let mut worker = Worker::builder(&store).register::<review>().register::<annotate>();
    worker = worker.compress_above(above).large_fields_above(apart);
    let mut client = Client::new(&store).compress_above(above).large_fields_above(apart);
    if let Some(keys) = &case.keys {
        worker = worker.encryption(keys.clone());
        client = client.encryption(keys.clone());
    }
    let worker = worker.start().await?;
    text.run(&client, "warm", 50).await?;
    let before = bytes_written()?;
    let begin = Instant::now();
    text.run(&client, "a", STEPS).await?;
    let commit = begin.elapsed() / STEPS;
    let written = (bytes_written()? - before) / u64::from(STEPS);
    worker.shutdown().await?;
    // Claimed by nobody, the start stands as it was stored; the steps' snapshots are 10 bytes longer at most.
    client.start("stored", review::input(self::text(text.bytes), STEPS)).await?;
    let record = client.handle::<review>("stored")?.record().await?;
    Ok(Figures { stored: record.frames[0].snapshot.len(), written, commit })
}

/// Handed to the operating system by this process, checkpoints included.
fn bytes_written() -> Result<u64, Box<dyn Error>> {
    let io = fs::read_to_string("/proc/self/io")?;
    let line = io.lines().find_map(|line| line.strip_prefix("wchar: ")).ok_or("no count of bytes")?;
    Ok(line.trim().parse()?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let keys = || Some(Keys::new(1, [1; 32]));
    let mut cases = Vec::new();
    for apart in [false, true] {
        let case = |name, compressed, keys| Case { name, compressed, keys, apart };
        cases.extend([
            case("as it is", false, None),
            case("compressed", true, None),
            case("encrypted", false, keys()),
            case("compressed and encrypted", true, keys()),
        ]);
    }
    println!("the median of {ROUNDS} runs of {STEPS} commits, one after the other\n");
    let sizes = [8, 32, 100, 1_000];
    for (kib, changes) in sizes.into_iter().flat_map(|kib| [(kib, false), (kib, true)]) {
        let text = Text { bytes: kib << 10, changes };
        println!(
            "{kib} KiB of text that {}",
            if changes { "changes with each step" } else { "stays the same" }
        );
        println!("{:<34} {:>14} {:>18} {:>12}", "", "snapshot bytes", "written a commit", "us a commit");
        // In turn, so that what else the machine does meets all of them.
        let mut figures: Vec<Vec<Figures>> = cases.iter().map(|_| Vec::new()).collect();
        for _ in 0..ROUNDS {
            for (case, figures) in cases.iter().zip(&mut figures) {
                figures.push(run(case, text).await?);
            }
        }
        for (case, mut figures) in cases.iter().zip(figures) {
            figures.sort_by_key(|figures| figures.commit);
            let Figures { stored, written, commit } = &figures[ROUNDS / 2];
            let name = format!("{}{}", case.name, if case.apart { ", apart" } else { "" });
            println!("{name:<34} {stored:>14} {written:>18} {:>12}", commit.as_micros());
        }
        println!();
    }
    for (name, bytes) in HEADERS {
        println!("{:<46} {bytes:>4}", format!("bytes around a snapshot, {name}"));
    }
    Ok(())
}
