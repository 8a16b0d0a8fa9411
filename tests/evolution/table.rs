//! The table of all changes in docs/evolution.md is what the tests beside this one say.

use std::{fs, path::Path};

/// The files with changes, and what they are about.
const FILES: &[(&str, &str)] = &[
    ("structs", "Saved structs"),
    ("enums", "Saved enums"),
    ("values", "Saved values"),
    ("locals", "Locals"),
    ("points", "Await points"),
    ("migrations", "Renames and migrations"),
];

const BEGIN: &str = "<!-- from tests/evolution -->\n";
const END: &str = "<!-- end -->";

const SENT_BEGIN: &str = "<!-- from tests/evolution/sent.rs -->\n";
const SENT_END: &str = "<!-- end of sent.rs -->";

/// The heads of all that a macro was called for in a file: names, and what is expected.
fn heads(source: &str, call: &str) -> Vec<(String, String)> {
    let heads = source.split(call).skip(1).map(|change| {
        let head = change.split("was {").next().unwrap();
        let head: Vec<&str> = head.lines().filter(|line| !line.trim().starts_with("///")).collect();
        let head = head.join(" ");
        let (name, expected) = head.split_once(':').unwrap();
        (name.trim().replace('_', " "), expected.trim().to_owned())
    });
    heads.collect()
}

/// A line for each `change!` of a file: what changes, and what becomes of an execution.
fn rows(source: &str) -> Vec<String> {
    let changes = heads(source, "change! {").into_iter().map(|(name, expected)| {
        let becomes = match &*expected {
            expected if expected.starts_with("Continues") => "goes on".to_owned(),
            expected if expected.starts_with("SetAside") => "is set aside".to_owned(),
            expected => {
                let reason = expected.split_once("Stays(\"").unwrap().1.rsplit_once('"').unwrap().0;
                format!("stays: {}", reason.replace("\\\"", "\"").replace('`', ""))
            }
        };
        format!("| {name} | {becomes} |\n")
    });
    changes.collect()
}

/// A line for each `sent!`: what changes, and what becomes of a value.
fn sent_table(root: &Path) -> String {
    let source = fs::read_to_string(root.join("tests/evolution/sent.rs")).unwrap();
    let mut table = String::from("\n| The type of an event or output | the value |\n|---|---|\n");
    for (name, expected) in heads(&source, "sent! {") {
        let becomes = match expected.split_once("Refused(&[\"") {
            None => "is read".to_owned(),
            Some((_, reasons)) => {
                format!("cannot be read: {}", reasons.split_once('"').unwrap().0.replace('`', ""))
            }
        };
        table += &format!("| {name} | {becomes} |\n");
    }
    table + "\n"
}

fn table(root: &Path) -> String {
    let mut table = String::new();
    for (file, title) in FILES {
        let source =
            fs::read_to_string(root.join("tests/evolution").join(file).with_extension("rs")).unwrap();
        table += &format!("\n| {title} | the execution |\n|---|---|\n");
        table.extend(rows(&source));
    }
    table + "\n"
}

/// Writes a table in its place, if it is asked to; else it must be there.
fn keep(begin: &str, end: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/evolution.md");
    // Both tables are in one file.
    static WRITES: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _alone = WRITES.lock();
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(begin).expect("the table's place is marked");
    let (found, after) = rest.split_once(end).expect("the table's end is marked");
    if found != expected && std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, format!("{before}{begin}{expected}{end}{after}")).unwrap();
        return;
    }
    assert_eq!(found, expected, "write it with UPDATE_DOCS=1 cargo test -p durable --test durable table");
}

#[test]
fn documentation_has_every_change_with_what_becomes_of_it() {
    let expected = table(Path::new(env!("CARGO_MANIFEST_DIR")));
    let changes = expected
        .lines()
        .filter(|line| line.contains("| goes on |") || line.contains("| stays") || line.contains("| is set"));
    assert!(changes.count() >= 40);
    keep(BEGIN, END, &expected);
}

#[test]
fn documentation_has_every_change_of_an_event_with_what_becomes_of_it() {
    let expected = sent_table(Path::new(env!("CARGO_MANIFEST_DIR")));
    assert!(expected.contains("| is read |") && expected.contains("| cannot be read: missing field note |"));
    keep(SENT_BEGIN, SENT_END, &expected);
}
