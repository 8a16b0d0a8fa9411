//! The machine alone, without worker, store or clock: start it, drive it until it waits, keep the blob wherever you like, and
//! come back with the blob and what it waited for. Here blobs are plain files; a cache, a queue message or a column of a table
//! of yours would do as well.
//!
//! ```sh
//! cargo run --example bring_your_own_storage                    # signs Ada up: it stops where her answer is needed
//! cargo run --example bring_your_own_storage -- confirm         # her answer: it goes on, and waits for a timer
//! cargo run --example bring_your_own_storage -- timer           # the timer is due: it ends
//! ```
//!
//! Each command is a process of its own, and between two of them there is nothing but the file.

use durable::{
    Arrived, ExecutionId, Moved, Run, RunError, Wait, Workflow, event, events::encode_event, sleep, step,
    workflow,
};
use serde::{Deserialize, Serialize};
use std::{
    env,
    error::Error,
    fs::{self, File},
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};
use uuid::Uuid;

#[workflow]
async fn sign_up(post: &Post, email: String) -> Result<Account, PostError> {
    let number = Uuid::new_v4();
    post.send(&email, "please confirm your address").await?;
    let confirmed: Confirmed = event("confirmed").await;
    #[at(Welcome)]
    post.send(&email, &format!("welcome, {}", confirmed.name)).await?;
    sleep(Duration::from_secs(3 * 24 * 3600)).await;
    #[at(Hints)]
    post.send(&email, "three hints for the first week").await?;
    Ok(Account { number, email, name: confirmed.name })
}

#[derive(Debug, Serialize, Deserialize)]
struct Confirmed {
    name: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Account {
    number: Uuid,
    email: String,
    name: String,
}

#[derive(Debug, Serialize, Deserialize, thiserror::Error)]
#[error("the post does not answer")]
struct PostError;

/// Stands for a mail service.
#[derive(Debug)]
struct Post;

impl Post {
    #[step(retry(attempts = 3, initial = "200ms", jitter = "none"))]
    async fn send(&self, to: &str, text: &str) -> Result<(), PostError> {
        let attempt = durable::attempt();
        // Services fail now and then: this one at the first attempt to send hints.
        if text.contains("hints") && attempt.number == 1 {
            return Err(PostError);
        }
        println!("  mail to {to}: {text}  [key {}]", attempt.key);
        Ok(())
    }
}

/// Storage of your own: one file for each execution.
struct Folder(PathBuf);

impl Folder {
    fn file(&self, id: &ExecutionId) -> PathBuf {
        self.0.join(format!("{id}.blob"))
    }

    /// Replaces the blob durably, and whole or not at all: when this returns, the next operation may run.
    fn keep(&self, id: &ExecutionId, blob: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.0)?;
        let next = self.0.join(format!("{id}.next"));
        let mut file = File::create(&next)?;
        file.write_all(blob)?;
        file.sync_all()?;
        fs::rename(next, self.file(id))?;
        // On Unix, a new name is on the disk when its folder is.
        if cfg!(unix) { File::open(&self.0)?.sync_all() } else { Ok(()) }
    }

    fn get(&self, id: &ExecutionId) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.file(id)) {
            Ok(blob) => Ok(Some(blob)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn forget(&self, id: &ExecutionId) -> io::Result<()> {
        fs::remove_file(self.file(id))
    }
}

/// How far a run came.
enum Came<T> {
    ToWait(Wait),
    ToEnd(T),
}

/// Drives a run until it waits or ends. The one rule: keep each blob before `next` is called again.
async fn drive<W: Workflow>(
    mut run: Run<'_, W>,
    id: &ExecutionId,
    folder: &Folder,
) -> Result<Came<W::Output>, Box<dyn Error>> {
    loop {
        match run.next().await? {
            Moved::Saved(blob) => folder.keep(id, &blob)?,
            Moved::Retry { blob, delay, error } => {
                println!("  {error}: again in {delay:?}");
                folder.keep(id, &blob)?;
                tokio::time::sleep(delay).await;
            }
            Moved::Parked { blob, wait } => {
                folder.keep(id, &blob)?;
                println!("  parked: {} bytes in {}", blob.len(), folder.file(id).display());
                return Ok(Came::ToWait(wait));
            }
            Moved::Finished(output) => {
                folder.forget(id)?;
                return Ok(Came::ToEnd(output));
            }
            _ => return Err("this example does not know how to go on from here".into()),
        }
    }
}

/// A run at its beginning, or where its blob says it is.
fn run_of<'r>(
    id: &ExecutionId,
    post: &'r Post,
    folder: &Folder,
    command: Option<&str>,
) -> Result<Run<'r, sign_up>, Box<dyn Error>> {
    let arrived = match command {
        None => Arrived::Nothing,
        Some("timer") => Arrived::Timer,
        Some("confirm") => Arrived::Event(encode_event(&Confirmed { name: "Ada".into() })?),
        Some(other) => {
            return Err(format!("`{other}` is no command: give `confirm`, `timer` or nothing").into());
        }
    };
    let resumed: Result<_, RunError> = match (folder.get(id)?, command) {
        (Some(blob), _) => Run::resume(id.clone(), (post,), &blob, arrived),
        (None, None) => {
            let instance = Uuid::new_v4().into_bytes();
            Run::start(id.clone(), instance, (post,), sign_up::input("ada@example.com".into()))
        }
        (None, Some(command)) => {
            return Err(format!("`{command}` comes too early: run without a command first").into());
        }
    };
    Ok(resumed?)
}

async fn sign_ada_up() -> Result<(), Box<dyn Error>> {
    let folder = Folder("target/bring_your_own_storage".into());
    let id = ExecutionId::new("ada")?;
    let run = run_of(&id, &Post, &folder, env::args().nth(1).as_deref())?;
    match drive(run, &id, &folder).await? {
        Came::ToWait(Wait::Event(name)) => {
            println!("waiting for the event `{name}`: come back with `-- confirm`")
        }
        Came::ToWait(Wait::Timer(after)) => {
            println!(
                "waiting for {} h; keeping that time is yours: come back with `-- timer`",
                after.as_secs() / 3600
            );
        }
        Came::ToWait(Wait::Now) => println!("still waiting for what it waited for"),
        Came::ToEnd(Ok(account)) => println!("done: {account:?}"),
        Came::ToEnd(Err(error)) => println!("it failed: {error}"),
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match sign_ada_up().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
