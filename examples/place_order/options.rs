//! The switches of the command line.

use clap::Parser;
use std::path::{Path, PathBuf};

/// Places a thousand orders, each a durable execution. Kill it whenever you like, and start it again: it goes on.
#[derive(Debug, Parser)]
#[command(name = "place_order")]
pub(crate) struct Options {
    /// Where the executions live: an SQLite file, created if it is not there
    #[arg(long, value_name = "FILE", default_value = "target/place_order/orders.db")]
    pub(crate) db: PathBuf,

    /// Where each effect is recorded, one JSON line each [default: beside the database, `<name>.ledger.jsonl`]
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,

    /// The orders, one JSON object per line [default: the thousand in examples/data/orders.jsonl]
    #[arg(long, value_name = "FILE")]
    orders: Option<PathBuf>,

    /// Kill this process with SIGKILL after so many commits
    #[arg(long, value_name = "N")]
    pub(crate) crash_after: Option<u64>,

    /// How long a step takes, on average, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 1400, value_parser = clap::value_parser!(u64).range(..=10_000))]
    pub(crate) step_ms: u64,

    /// At most this many executions in memory at once
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) concurrency: u32,

    /// Write the outcome of each execution to this file, one JSON line each, sorted by id
    #[arg(long, value_name = "FILE")]
    pub(crate) results: Option<PathBuf>,

    /// Print the summary as one JSON line
    #[arg(long)]
    pub(crate) json: bool,

    /// Print the picture of the workflow instead, for Mermaid or for Graphviz
    #[arg(long, value_name = "LANGUAGE", num_args = 0..=1, default_missing_value = "mermaid")]
    pub(crate) graph: Option<Picture>,
}

/// The languages of pictures.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Picture {
    Mermaid,
    Dot,
}

impl Options {
    pub(crate) fn ledger(&self) -> PathBuf {
        self.ledger.clone().unwrap_or_else(|| self.db.with_extension("ledger.jsonl"))
    }

    pub(crate) fn orders(&self) -> PathBuf {
        self.orders
            .clone()
            .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data/orders.jsonl"))
    }
}
