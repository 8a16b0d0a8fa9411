//! The examples as a user runs them: processes, files, exit codes. `tests/kill/kill.py` kills the same job at random moments;
//! here it is killed after a number of commits.

use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::OnceLock,
};
use tempfile::TempDir;

const ORDERS: usize = 60;

/// Built here and not expected to be there: `cargo test --test durable` builds no examples.
fn example(name: &str) -> &'static Path {
    static BUILT: OnceLock<HashMap<String, PathBuf>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let output = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--examples", "--message-format=json"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(output.status.success(), "the examples do not build");
        let messages =
            output.stdout.lines().map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
        messages
            .filter_map(|m| {
                Some((m["target"]["name"].as_str()?.to_owned(), m["executable"].as_str()?.into()))
            })
            .collect()
    });
    &built[name]
}

/// The main job, in a folder of its own.
struct Job {
    folder: TempDir,
    orders: PathBuf,
}

impl Job {
    /// With the first orders of those that are shipped.
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let all =
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data/orders.jsonl"))
                .unwrap();
        let some: Vec<&str> = all.lines().take(ORDERS).collect();
        let orders = folder.path().join("orders.jsonl");
        fs::write(&orders, some.join("\n")).unwrap();
        Self { folder, orders }
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(example("place_order"));
        let step_ms = if more.contains(&"--step-ms") { &[][..] } else { &["--step-ms", "3"] };
        command
            .current_dir(&self.folder)
            .args(["--json", "--results", "results.jsonl"])
            .args(step_ms)
            .args(more);
        if !more.contains(&"--orders") {
            command.arg("--orders").arg(&self.orders);
        }
        command
    }

    fn run(&self, more: &[&str]) -> Output {
        self.command(more).output().unwrap()
    }

    /// Runs to the end, and gives the summary.
    fn finish(&self) -> (Value, String) {
        let output = self.run(&[]);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{errors}");
        (serde_json::from_slice(&output.stdout).unwrap(), errors)
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder.path().join(file)).unwrap()
    }

    fn ledger(&self) -> String {
        self.read("target/place_order/orders.ledger.jsonl")
    }

    fn results(&self) -> String {
        self.read("results.jsonl")
    }
}

/// Of each execution, its steps in order; of each key, how often its effect happened.
fn steps_and_counts(ledger: &str) -> (BTreeMap<String, Vec<String>>, HashMap<String, usize>) {
    let (mut steps, mut counts) = (BTreeMap::<_, Vec<_>>::new(), HashMap::new());
    for line in ledger.lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        let text = |field: &str| entry[field].as_str().unwrap().to_owned();
        let count = counts.entry(text("key")).or_insert(0);
        *count += 1;
        if *count == 1 {
            steps.entry(text("execution")).or_default().push(text("step"));
        }
    }
    (steps, counts)
}

#[test]
fn the_job_does_each_step_once_and_a_second_run_does_nothing() {
    let job = Job::new();
    let (summary, _) = job.finish();
    let number = |field: &str| summary[field].as_u64().unwrap() as usize;
    assert_eq!(number("executions"), ORDERS);
    assert_eq!(number("succeeded") + number("failed"), ORDERS);
    assert!(number("succeeded") > 0 && number("failed") > 0, "the orders are not varied: {summary}");
    assert!(summary["seconds"].as_f64().unwrap() > 0.0);

    let (ledger, results) = (job.ledger(), job.results());
    let (steps, counts) = steps_and_counts(&ledger);
    assert!(counts.values().all(|count| *count == 1), "an effect happened twice in an undisturbed run");
    // C5: at least one commit for each step and one for each finish.
    assert!(number("commits") >= counts.len() + ORDERS);
    let released = steps.values().filter(|steps| steps.iter().any(|step| step == "release"));
    for steps in released {
        let holds = steps.iter().filter(|step| *step == "reserve").count();
        let releases = steps.iter().filter(|step| *step == "release").count();
        assert_eq!(holds, releases, "compensation releases what was reserved: {steps:?}");
        assert!(!steps.iter().any(|step| step == "charge" || step == "ship"), "{steps:?}");
    }

    let (again, said) = job.finish();
    assert_eq!(again["commits"], 0);
    assert!(said.contains("nothing was done twice"), "{said}");
    assert_eq!((job.ledger(), job.results()), (ledger, results));
}

#[cfg(unix)]
#[test]
fn a_job_killed_after_some_commits_goes_on_and_ends_alike() {
    use std::os::unix::process::ExitStatusExt;
    let undisturbed = Job::new();
    undisturbed.finish();
    let job = Job::new();
    let mut kills = 0;
    let end = loop {
        let output = job.run(&["--crash-after", "60"]);
        match output.status.signal() {
            Some(9) => kills += 1,
            _ => break output,
        }
    };
    assert!(end.status.success(), "{}", String::from_utf8_lossy(&end.stderr));
    assert!(kills >= 2, "it was killed {kills} times");
    assert_eq!(job.results(), undisturbed.results());
    let (steps, counts) = steps_and_counts(&job.ledger());
    assert_eq!(steps, steps_and_counts(&undisturbed.ledger()).0);
    assert!(
        counts.values().all(|count| *count <= kills + 1),
        "an effect happened more often than it was in flight"
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_the_job_politely_and_it_goes_on() {
    let job = Job::new();
    let mut process =
        job.command(&["--step-ms", "500"]).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines().map(Result::unwrap);
    // Said once the worker runs and before anything is placed.
    assert!(lines.next().unwrap().starts_with("60 orders;"));
    let ledger = job.folder.path().join("target/place_order/orders.ledger.jsonl");
    // The first effect tells that it listens for signals: nothing else of the process can be waited for.
    while fs::metadata(&ledger).map_or(0, |file| file.len()) == 0 {
        assert!(process.try_wait().unwrap().is_none(), "it ended before it was told to");
        std::thread::yield_now();
    }
    let sent = Command::new("sh").args(["-c", &format!("kill -INT {}", process.id())]).status().unwrap();
    assert!(sent.success());
    let rest: Vec<String> = lines.collect();
    assert!(rest.iter().any(|line| line.contains("the same command goes on with the rest")), "{rest:?}");
    assert_eq!(process.wait().unwrap().code(), Some(130));

    let (summary, _) = job.finish();
    assert_eq!(summary["executions"], ORDERS);
    let (_, counts) = steps_and_counts(&job.ledger());
    assert!(counts.values().all(|count| *count == 1), "a graceful stop repeats nothing");
}

#[test]
fn what_is_wrong_with_the_input_is_told_in_one_line() {
    let job = Job::new();
    let good = fs::read_to_string(&job.orders).unwrap();
    let first = good.lines().next().unwrap();
    let write = |name: &str, text: &str| fs::write(job.folder.path().join(name), text).unwrap();
    write("broken.jsonl", &format!("{first}\n{{\"id\":"));
    write("twice.jsonl", &format!("{first}\n\n{first}\n"));
    write("empty.jsonl", "\n");
    write(
        "nothing.jsonl",
        r#"{"id":"a","customer":{"name":"A","email":"a@example.com"},"lines":[],"card":"tok_visa"}"#,
    );
    write("no_database.db", "not a database");
    fs::create_dir(job.folder.path().join("folder")).unwrap();
    let cases: [(&[&str], i32, &str); 8] = [
        (&["--orders", "missing.jsonl"], 2, "missing.jsonl"),
        (&["--orders", "broken.jsonl"], 2, "line 2"),
        (&["--orders", "twice.jsonl"], 2, "line 3"),
        (&["--orders", "empty.jsonl"], 2, "no orders"),
        (&["--orders", "nothing.jsonl"], 2, "has no lines"),
        (&["--db", "folder"], 1, "is a directory"),
        (&["--db", "no_database.db"], 1, "no SQLite database"),
        (&["--ledger", "folder"], 1, "ledger `folder`"),
    ];
    for (arguments, code, says) in cases {
        let output = job.run(arguments);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {errors}");
        assert_eq!(errors.lines().count(), 1, "{arguments:?}: {errors}");
        assert!(errors.starts_with("error: ") && errors.contains(says), "{arguments:?}: {errors}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn other_orders_under_the_same_ids_are_refused() {
    let job = Job::new();
    job.finish();
    let ledger = job.ledger();
    let others = fs::read_to_string(&job.orders).unwrap().replace("\"price_cents\":", "\"price_cents\":1");
    fs::write(&job.orders, others).unwrap();
    let output = job.run(&[]);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("exists already") && errors.contains("another input"), "{errors}");
    assert_eq!(job.ledger(), ledger);
}

#[test]
fn a_machine_alone_goes_through_plain_files_and_three_processes() {
    let folder = TempDir::new().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(example("bring_your_own_storage"));
        let output = command.current_dir(&folder).args(arguments).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        (output.status.success(), said)
    };
    let early = run(&["timer"]);
    assert!(!early.0 && early.1.contains("too early"), "{early:?}");
    let first = run(&[]);
    assert!(first.0 && first.1.contains("please confirm") && first.1.contains("`confirmed`"), "{first:?}");
    let in_vain = run(&[]);
    assert!(in_vain.0 && !in_vain.1.contains("mail to"), "nothing runs twice: {in_vain:?}");
    let second = run(&["confirm"]);
    assert!(second.0 && second.1.contains("welcome, Ada") && second.1.contains("72 h"), "{second:?}");
    let third = run(&["timer"]);
    assert!(third.0 && third.1.contains("again in 200ms") && third.1.contains("done: "), "{third:?}");
    let files = fs::read_dir(folder.path().join("target/bring_your_own_storage")).unwrap().count();
    assert_eq!(files, 0, "a blob is forgotten at the end");
}
