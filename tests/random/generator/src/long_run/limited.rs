//! A process that has only so much time.

use std::{
    fs::{self, File},
    io,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How a process ended.
pub(super) struct Ended {
    pub(super) succeeded: bool,
    /// It was stopped because its time was over.
    pub(super) hung: bool,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// Runs a process for `timeout` at most. What it writes goes through the files `NAME.out` and `NAME.err`: a pipe would fill up.
pub(super) fn run_limited(command: &mut Command, name: &Path, timeout: Duration) -> io::Result<Ended> {
    let (out, err) = (name.with_extension("out"), name.with_extension("err"));
    let mut child =
        command.stdin(Stdio::null()).stdout(File::create(&out)?).stderr(File::create(&err)?).spawn()?;
    let until = Instant::now() + timeout;
    let mut pause = Duration::from_millis(1);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if Instant::now() >= until {
            child.kill()?;
            child.wait()?;
            break None;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    };
    let text = |path: &Path| fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let ended = Ended {
        succeeded: status.is_some_and(|status| status.success()),
        hung: status.is_none(),
        stdout: text(&out)?,
        stderr: text(&err)?,
    };
    fs::remove_file(out)?;
    fs::remove_file(err)?;
    Ok(ended)
}
