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

/// A line for each `change!` of a file: what changes, and what becomes of an execution.
fn rows(source: &str) -> Vec<String> {
    let changes = source.split("change! {").skip(1).map(|change| {
        let head = change.split("was {").next().unwrap();
        let head: Vec<&str> = head.lines().filter(|line| !line.trim().starts_with("///")).collect();
        let head = head.join(" ");
        let (name, expected) = head.split_once(':').unwrap();
        let becomes = match expected.trim() {
            expected if expected.starts_with("Continues") => "goes on".to_owned(),
            expected if expected.starts_with("SetAside") => "is set aside".to_owned(),
            expected => {
                let reason = expected.split_once("Stays(\"").unwrap().1.rsplit_once('"').unwrap().0;
                format!("stays: {}", reason.replace("\\\"", "\"").replace('`', ""))
            }
        };
        format!("| {} | {becomes} |\n", name.trim().replace('_', " "))
    });
    changes.collect()
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

#[test]
fn documentation_has_every_change_with_what_becomes_of_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("docs/evolution.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the table's place is marked");
    let (found, after) = rest.split_once(END).expect("the table's end is marked");
    let expected = table(root);
    let changes = expected
        .lines()
        .filter(|line| line.contains("| goes on |") || line.contains("| stays") || line.contains("| is set"));
    assert!(changes.count() >= 40);
    if found != expected && std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(found, expected, "write it with UPDATE_DOCS=1 cargo test -p durable --test durable table");
}
