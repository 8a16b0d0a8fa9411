//! What the programs are compiled against: built once, by cargo.

use std::{
    env,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The libraries that a program of a chunk needs.
pub(super) struct Built {
    /// `durable`.
    pub(super) durable: PathBuf,
    /// The world of the programs, `durable-random`.
    pub(super) world: PathBuf,
    /// Where all that these depend on is.
    pub(super) deps: PathBuf,
    /// Cargo's target directory.
    pub(super) target: PathBuf,
}

impl Built {
    /// Lets cargo build them, and say where they are.
    pub(super) fn by_cargo() -> io::Result<Self> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["build", "--package", "durable-random", "--lib"])
            .args(["--message-format", "json-render-diagnostics"])
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            return Err(io::Error::other("cargo cannot build durable-random"));
        }
        let report = String::from_utf8_lossy(&output.stdout);
        let library = |name: &str| {
            let found = library(&report, name).map(PathBuf::from);
            found.ok_or_else(|| io::Error::other(format!("cargo does not say where it put `{name}`")))
        };
        let (durable, world) = (library("durable")?, library("durable_random")?);
        // `target/debug/deps/libdurable-0123.rlib`
        let deps = durable.parent().map(Path::to_owned).unwrap_or_default();
        let target = deps.ancestors().nth(2).map(Path::to_owned).unwrap_or_default();
        Ok(Self { durable, world, deps, target })
    }

    /// rustc with what makes it fast: the programs are compiled once and run for a moment.
    pub(super) fn rustc(&self) -> Command {
        let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        rustc
            .args(["--edition=2024", "--crate-type=bin", "--crate-name=chunk", "--cap-lints=allow"])
            .args(["--color=never", "-Copt-level=0", "-Cdebuginfo=0", "-Ccodegen-units=1"])
            .args(["-Cpanic=abort", "-Cdebug-assertions=off", "-Coverflow-checks=on"])
            .arg("-L")
            .arg(with("dependency=", &self.deps))
            .arg("--extern")
            .arg(with("durable=", &self.durable))
            .arg("--extern")
            .arg(with("durable_random=", &self.world));
        rustc
    }
}

fn with(key: &str, path: &Path) -> OsString {
    let mut argument = OsString::from(key);
    argument.push(path);
    argument
}

/// The `.rlib` of a library, of what cargo reports in JSON, one object a line.
fn library<'r>(report: &'r str, name: &str) -> Option<&'r str> {
    let name = format!("\"name\":\"{name}\"");
    let line = report
        .lines()
        .find(|line| line.contains("\"reason\":\"compiler-artifact\"") && line.contains(&name))?;
    let files = &line[line.find("\"filenames\":[")?..];
    files.split('"').find(|file| file.ends_with(".rlib"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_found_in_the_report_of_cargo() {
        let report = r#"{"reason":"compiler-artifact","target":{"name":"durable_core"},"filenames":["/t/debug/deps/libdurable_core-1.rlib"]}
{"reason":"compiler-artifact","target":{"name":"durable"},"filenames":["/t/debug/deps/libdurable-2.rlib","/t/debug/deps/libdurable-2.rmeta"]}
{"reason":"build-finished","success":true}"#;
        assert_eq!(library(report, "durable"), Some("/t/debug/deps/libdurable-2.rlib"));
        assert_eq!(library(report, "tokio"), None);
    }
}
