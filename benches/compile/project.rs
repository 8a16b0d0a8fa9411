//! The generated package, and what it costs to build it.

use crate::Result;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

/// A way to build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Build {
    Check,
    Release,
}

impl Build {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Check => "cargo check",
            Self::Release => "cargo build --release",
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Check => &["check", "--lib"],
            Self::Release => &["build", "--lib", "--release"],
        }
    }
}

/// How long a build took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seconds {
    /// Whoever began it.
    pub(crate) waited: f64,
    /// All processors together: more, where several work at once and hold each other up; in ticks of a hundredth.
    pub(crate) processor: f64,
}

impl Seconds {
    pub(crate) const MOST: Self = Self { waited: f64::INFINITY, processor: f64::INFINITY };

    /// The less of each.
    pub(crate) fn min(self, other: Self) -> Self {
        Self { waited: self.waited.min(other.waited), processor: self.processor.min(other.processor) }
    }
}

/// A package with one library in it.
#[derive(Debug)]
pub(crate) struct Project {
    folder: PathBuf,
}

impl Project {
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder.join("src"))?;
        fs::create_dir_all(folder.join("examples"))?;
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let manifest = format!(
            "[workspace]\n\n[package]\nname = \"generated\"\nedition = \"2024\"\n\n\
             [dependencies]\ndurable = {{ path = {root:?}, default-features = false }}\n"
        );
        fs::write(folder.join("Cargo.toml"), manifest)?;
        // The versions that the tree is tested with.
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Builds the library from this source.
    pub(crate) fn build(&self, build: Build, source: &str) -> Result<Seconds> {
        fs::write(self.folder.join("src/lib.rs"), source)?;
        let (before, begun) = (children_seconds()?, Instant::now());
        let output = self.cargo().args(build.arguments()).output()?;
        let waited = begun.elapsed().as_secs_f64();
        match output.status.success() {
            true => Ok(Seconds { waited, processor: children_seconds()? - before }),
            false => Err(format!("{}: {}", build.name(), String::from_utf8_lossy(&output.stderr)).into()),
        }
    }

    /// How large the future is, on each side: of a workflow the drive function's and its largest block's, which are boxes of their own.
    pub(crate) fn future_bytes(&self, [plain, workflow]: [&str; 2]) -> Result<[usize; 2]> {
        Ok([self.printed(plain, PLAIN_BYTES)?, self.printed(workflow, WORKFLOW_BYTES)?])
    }

    fn printed(&self, library: &str, program: &str) -> Result<usize> {
        fs::write(self.folder.join("src/lib.rs"), library)?;
        fs::write(self.folder.join("examples/bytes.rs"), program)?;
        let output = self.cargo().args(["run", "--release", "--example", "bytes"]).output()?;
        match output.status.success() {
            true => Ok(String::from_utf8(output.stdout)?.trim().parse()?),
            false => Err(String::from_utf8_lossy(&output.stderr).into()),
        }
    }

    fn cargo(&self) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        cargo
            .current_dir(&self.folder)
            .args(["--offline", "--quiet"])
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            // Each build is one from nothing: what it writes for the next one is no part of it.
            .env("CARGO_INCREMENTAL", "0");
        cargo
    }
}

/// Processor time of all processes that this one has begun and that have ended, theirs included.
fn children_seconds() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")
        .map_err(|error| format!("processor time is read from Linux's /proc: {error}"))?;
    // The name of the program stands in parentheses and may contain anything. Of the fields after it two are ours, in ticks: user
    // and system.
    let ticks = stat.rsplit_once(')').and_then(|(_, rest)| {
        let ticks = rest.split_whitespace().skip(13).take(2).map(|ticks| ticks.parse::<f64>().ok());
        ticks.sum::<Option<f64>>()
    });
    Ok(ticks.ok_or("/proc/self/stat has another form")? / TICKS_PER_SECOND)
}

/// Of what Linux tells programs, whatever its own clock.
const TICKS_PER_SECOND: f64 = 100.0;

const PLAIN_BYTES: &str = "fn main() { println!(\"{}\", generated::bytes()); }\n";

/// Futures are the largest things that a run of these functions allocates: its first one is the drive function's, and of all that
/// follow, its blocks, only one is there at a time.
const WORKFLOW_BYTES: &str = r#"
use std::{
    alloc::{GlobalAlloc, Layout, System},
    future::Future,
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    task::{Context, Waker},
};

static LARGEST: AtomicUsize = AtomicUsize::new(0);

struct Watched;

unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static WATCHED: Watched = Watched;

fn main() {
    let id = durable::ExecutionId::new("one").unwrap();
    let input = generated::run::input(String::new());
    let mut run = durable::Run::<generated::run>::start(id, [0; 16], (&generated::Shop,), input).unwrap();
    LARGEST.store(0, Relaxed);
    let mut drive = None;
    loop {
        let step = pin!(run.next()).poll(&mut Context::from_waker(Waker::noop()));
        drive.get_or_insert_with(|| LARGEST.swap(0, Relaxed));
        match step {
            std::task::Poll::Ready(Ok(durable::Moved::Saved(_))) => {}
            _ => break,
        }
    }
    println!("{}", drive.unwrap() + LARGEST.load(Relaxed));
}
"#;
