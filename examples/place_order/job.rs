//! The job: opens the store, starts a worker, places every order, plays the approver, and waits for all of them.
//!
//! It makes no difference whether it runs for the first time or after a crash: starts and approvals are deduplicated by
//! their ids, and the worker goes on with whatever is in the store.

use crate::{
    ledger::Ledger,
    options::Options,
    order::{Order, OrdersError, read_orders},
    place_order,
    report::{Outcome, Report},
    shop::{Shop, approval_of},
};
use durable::{Client, ClientError, SqliteStore, StartError, Worker, store::StoreError};
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, exit},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::Semaphore,
    task::{JoinError, JoinSet},
};

/// Starts that are under way at once: the store takes them in groups.
const STARTS_AT_ONCE: usize = 500;
/// How often the progress is drawn.
const REDRAW: Duration = Duration::from_millis(100);
/// How often the commits are counted, where a crash was ordered.
const CRASH_LOOK: Duration = Duration::from_millis(1);

/// How the job ended.
pub(crate) enum Ended {
    /// Every order has ended.
    Finished,
    /// Ctrl-C: the rest goes on with the next run.
    Stopped,
}

/// Why the job could not be done, or not to its end. What was committed is in the database.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JobError {
    #[error("{0}")]
    Orders(OrdersError),
    #[error("{what} `{}`: {error}", path.display())]
    File { what: &'static str, path: PathBuf, error: io::Error },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("order `{order}`: {error}")]
    Order { order: String, error: Box<ClientError> },
    #[error("a task of the job broke off: {0}")]
    Task(#[from] JoinError),
}

impl JobError {
    /// 2 for what the user must correct in the input, 1 for the rest.
    pub(crate) fn exit_code(&self) -> u8 {
        if matches!(self, Self::Orders(_)) { 2 } else { 1 }
    }
}

/// Does the whole job, or what is left of it.
pub(crate) async fn run(options: Options) -> Result<Ended, JobError> {
    let began = Instant::now();
    let orders = read_orders(&options.orders()).map_err(JobError::Orders)?;
    let total = orders.len();
    let (db, ledger) = (&options.db, &options.ledger());
    make_folder_of(db)?;
    make_folder_of(ledger)?;
    let step_time = Duration::from_millis(options.step_ms);
    let store = SqliteStore::open(db).await?;
    let shop = Shop::new(Ledger::open(ledger).map_err(file("ledger", ledger))?, step_time);
    let worker = Worker::builder(&store)
        .resource(shop)
        .register::<place_order>()
        .concurrency(options.concurrency as usize)
        .start()
        .await?;
    eprintln!("{total} orders; database {}, ledger {}", db.display(), ledger.display());

    let mut placing = place_all(orders, &Client::new(&store), step_time);
    let mut report = Report::default();
    let watched = watch(&mut placing, &mut report, &worker, &options).await;
    placing.shutdown().await;
    let stats = worker.stats();
    worker.shutdown().await?;

    let ended = watched?;
    match ended {
        Ended::Stopped => {
            eprintln!(
                "stopped: {} of {total} orders have ended; the same command goes on with the rest",
                report.ended()
            );
        }
        Ended::Finished => {
            if let Some(path) = &options.results {
                report.write(path).map_err(file("results", path))?;
            }
            if stats.claimed == 0 {
                eprintln!("every order had ended before: nothing was left to do, and nothing was done twice");
            }
            let summary = report.summary(stats.commits, began.elapsed());
            println!("{}", if options.json { summary.to_json() } else { summary.to_string() });
        }
    }
    Ok(ended)
}

/// One task for each order.
fn place_all(
    orders: Vec<Order>,
    client: &Client,
    step_time: Duration,
) -> JoinSet<Result<(String, Outcome), JobError>> {
    let starts = Arc::new(Semaphore::new(STARTS_AT_ONCE));
    let mut placing = JoinSet::new();
    for order in orders {
        let (client, starts) = (client.clone(), Arc::clone(&starts));
        placing.spawn(async move {
            let id = order.id.clone();
            match place(&client, &starts, order, step_time).await {
                Ok(outcome) => Ok((id, outcome)),
                Err(error) => Err(JobError::Order { order: id, error: Box::new(error) }),
            }
        });
    }
    placing
}

/// Starts one order, approves it if need be, and waits for its end. All of it may have happened before.
async fn place(
    client: &Client,
    starts: &Semaphore,
    order: Order,
    step_time: Duration,
) -> Result<Outcome, ClientError> {
    let approval = order.needs_approval().then(|| approval_of(&order));
    let event_id = format!("approval-of-{}", order.id);
    let starting = starts.acquire().await.expect("nobody closes it");
    let handle = client.start(order.id.clone(), place_order::input(order)).await?;
    drop(starting);

    let approving = async {
        let Some((approval, steps)) = approval else { return Ok(()) };
        tokio::time::sleep(step_time * steps).await;
        match handle.send_with_id(event_id, "approval", &approval).await {
            // An order that has ended needs no approval any more.
            Ok(_) | Err(ClientError::Ended { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    };
    let result = tokio::select! {
        result = handle.result() => result,
        Err(error) = approving => return Err(error),
    };
    match result {
        Ok(Ok(receipt)) => Ok(Outcome::Succeeded { receipt }),
        Ok(Err(error)) => Ok(Outcome::Failed { error }),
        Err(error @ (ClientError::Failed { .. } | ClientError::Cancelled { .. })) => {
            Ok(Outcome::Lost { reason: error.to_string() })
        }
        Err(error) => Err(error),
    }
}

/// Shows the progress until all have ended, Ctrl-C is pressed, or it is time to crash.
async fn watch(
    placing: &mut JoinSet<Result<(String, Outcome), JobError>>,
    report: &mut Report,
    worker: &Worker,
    options: &Options,
) -> Result<Ended, JobError> {
    let bar = progress_bar(placing.len());
    let mut tick = tokio::time::interval(if options.crash_after.is_some() { CRASH_LOOK } else { REDRAW });
    loop {
        tokio::select! {
            ended = placing.join_next() => match ended {
                None => break,
                Some(ended) => {
                    let (id, outcome) = ended??;
                    report.add(id, outcome);
                    bar.inc(1);
                }
            },
            _ = tick.tick() => {
                let stats = worker.stats();
                if options.crash_after.is_some_and(|commits| stats.commits >= commits) {
                    kill_myself();
                }
                bar.set_message(format!("{} commits, {} in memory", stats.commits, stats.hot));
            }
            pressed = tokio::signal::ctrl_c() => {
                bar.finish_and_clear();
                pressed.map_err(file("signal handler of", Path::new("Ctrl-C")))?;
                eprintln!("stopping: steps that run may end; press Ctrl-C again to stop at once");
                tokio::spawn(async {
                    if tokio::signal::ctrl_c().await.is_ok() {
                        exit(130);
                    }
                });
                return Ok(Ended::Stopped);
            }
        }
    }
    bar.finish_and_clear();
    Ok(Ended::Finished)
}

fn progress_bar(total: usize) -> ProgressBar {
    let template = "{bar:40} {pos}/{len} orders, {msg}, {elapsed}";
    let style = ProgressStyle::with_template(template).expect("the template is well-formed");
    ProgressBar::new(total as u64).with_style(style)
}

/// As `kill -9` from outside: no destructor runs, nothing is flushed.
fn kill_myself() -> ! {
    // The standard library cannot send signals, and a shell is on every Unix.
    let _ = Command::new("sh").args(["-c", "kill -KILL \"$PPID\""]).status();
    // Where there are no signals, this is the nearest thing.
    std::process::abort()
}

fn make_folder_of(path: &Path) -> Result<(), JobError> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => fs::create_dir_all(folder).map_err(file("folder", folder)),
        None => Ok(()),
    }
}

fn file<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> JobError + 'a {
    move |error| JobError::File { what, path: path.to_owned(), error }
}
