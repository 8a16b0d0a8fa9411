//! What was done, in files: a run that is stopped can go on, and what failed can be looked at.

use super::chunk::{Failure, How, Outcome};
use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    ops::Range,
    path::{Path, PathBuf},
};

/// The directory of one run.
pub(super) struct Record {
    dir: PathBuf,
    chunks: Vec<(Range<u64>, Outcome)>,
}

impl Record {
    /// Opens it; what is there is kept only to `resume`.
    pub(super) fn open(dir: &Path, resume: bool) -> io::Result<Self> {
        if !resume && dir.exists() {
            fs::remove_dir_all(dir)?;
        }
        fs::create_dir_all(dir)?;
        // What a run that was stopped was at.
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with("chunk-") {
                fs::remove_file(entry.path())?;
            }
        }
        let lines = match fs::read_to_string(dir.join("done.txt")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            read => read?,
        };
        // A line that was cut off stands for a chunk that is run again.
        let chunks = lines.lines().filter_map(parse).collect();
        Ok(Self { dir: dir.to_owned(), chunks })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The seeds that are done.
    pub(super) fn done(&self) -> Vec<Range<u64>> {
        self.chunks.iter().map(|(seeds, _)| seeds.clone()).collect()
    }

    /// A chunk is done: first what failed is written, then that it is done.
    pub(super) fn add(&mut self, seeds: &Range<u64>, outcome: Outcome) -> io::Result<()> {
        for (seed, Failure { how, program, said }) in &outcome.failed {
            fs::write(self.dir.join(format!("seed-{seed}.rs")), program)?;
            let text = format!("seed {seed} {}\n\n{said}", how.words());
            fs::write(self.dir.join(format!("seed-{seed}.txt")), text)?;
        }
        let mut file = OpenOptions::new().create(true).append(true).open(self.dir.join("done.txt"))?;
        file.write_all(format!("{}\n", line(seeds, &outcome)).as_bytes())?;
        self.chunks.push((seeds.clone(), outcome));
        Ok(())
    }

    /// All chunks together.
    pub(super) fn all(&self) -> Outcome {
        let mut all = Outcome::default();
        self.chunks.iter().for_each(|(_, outcome)| all.add(outcome.clone()));
        all
    }
}

/// `20000..20050: 47 passed; DUR018 2; 20017 differs; 9.1 s`
pub(super) fn line(seeds: &Range<u64>, outcome: &Outcome) -> String {
    let mut parts = vec![format!("{} passed", outcome.passed)];
    parts.extend(outcome.refused.iter().map(|(code, count)| format!("{code} {count}")));
    parts.extend(outcome.failed.iter().map(|(seed, failure)| format!("{seed} {}", failure.how.words())));
    parts.push(format!("{:.1} s", outcome.seconds));
    format!("{}..{}: {}", seeds.start, seeds.end, parts.join("; "))
}

/// Reads such a line. What failed is in files of its own.
fn parse(line: &str) -> Option<(Range<u64>, Outcome)> {
    let (seeds, parts) = line.split_once(": ")?;
    let (from, to) = seeds.split_once("..")?;
    let mut outcome = Outcome::default();
    let mut parts: Vec<_> = parts.split("; ").collect();
    outcome.seconds = parts.pop()?.strip_suffix(" s")?.parse().ok()?;
    for part in parts {
        let (first, rest) = part.split_once(' ')?;
        match first.parse() {
            Ok(passed) if rest == "passed" => outcome.passed = usize::try_from(passed).ok()?,
            Ok(seed) => {
                let how = How::ALL.into_iter().find(|how| how.words() == rest)?;
                outcome.failed.insert(seed, Failure { how, program: String::new(), said: String::new() });
            }
            Err(_) => {
                let (code, count) = part.rsplit_once(' ')?;
                outcome.refused.insert(code.to_owned(), count.parse().ok()?);
            }
        }
    }
    Some((from.parse().ok()?..to.parse().ok()?, outcome))
}
