//! The ledger: one JSON line per effect, written where the effect happens, outside of the store. It is how the example can be
//! held to its word: whoever reads it sees what ran how often.

use durable::Attempt;
use serde::Serialize;
use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
    sync::{Mutex, PoisonError},
};
use uuid::Uuid;

/// A ledger that is open for appending.
#[derive(Debug)]
pub(crate) struct Ledger(Mutex<File>);

#[derive(Serialize)]
struct Entry<'a> {
    execution: &'a str,
    step: &'a str,
    key: Uuid,
    attempt: u32,
    /// The key that the workflow itself made and saved, where it made one.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_key: Option<Uuid>,
}

impl Ledger {
    /// Opens or creates it. Half a line at its end was being written when the process was killed; the step it speaks of runs
    /// again, so it is cut off.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let length = file.metadata()?.len();
        let whole = length_of_whole_lines(&mut file, length)?;
        if whole < length {
            file.set_len(whole)?;
        }
        Ok(Self(Mutex::new(file)))
    }

    /// Appends one line, in one write: it is with the operating system before the step goes on, so `kill -9` cannot lose it.
    pub(crate) fn append(&self, step: &str, attempt: &Attempt, payment_key: Option<Uuid>) -> io::Result<()> {
        let Attempt { execution, key, number, .. } = attempt;
        let entry = Entry { execution: execution.as_str(), step, key: *key, attempt: *number, payment_key };
        let mut line = serde_json::to_vec(&entry)?;
        line.push(b'\n');
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&line)?;
        file.flush()
    }
}

/// Looks back from the end for the last line break.
fn length_of_whole_lines(file: &mut File, length: u64) -> io::Result<u64> {
    let mut end = length;
    let mut block = [0; 4096];
    while end > 0 {
        let start = end.saturating_sub(block.len() as u64);
        let bytes = &mut block[..(end - start) as usize];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(bytes)?;
        if let Some(position) = bytes.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + position as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}
