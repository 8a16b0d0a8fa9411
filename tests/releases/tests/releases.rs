//! Each change in tests/evolution as it is deployed: two programs, compiled apart, one after the other on one database; and both at once.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// What is to become of an execution of the first release; see tests/evolution/deployed.rs.
#[derive(Debug)]
enum Expected {
    Continues(&'static str),
    Stays(&'static str),
    SetAside(&'static str),
}

#[path = "../../evolution/enums.rs"]
mod enums;
#[path = "../../evolution/locals.rs"]
mod locals;
#[path = "../../evolution/migrations.rs"]
mod migrations;
#[path = "../../evolution/points.rs"]
mod points;
#[path = "../../evolution/structs.rs"]
mod structs;
#[path = "../../evolution/values.rs"]
mod values;

macro_rules! change {
    ($(#[$doc:meta])* $name:ident: $expected:expr, was { $($was:tt)* } is { $($is:tt)* }) => {
        pub(crate) mod $name {
            #[allow(unused_imports)]
            use crate::Expected::{self, Continues, SetAside, Stays};

            pub(crate) const EXPECTED: Expected = $expected;
        }
    };
}
pub(crate) use change;

macro_rules! with_changes {
    ($($file:ident::$name:ident)*) => {
        const CHANGES: &[(&str, Expected)] =
            &[$((concat!(stringify!($file), "::", stringify!($name)), $file::$name::EXPECTED)),*];
    };
}

include!(concat!(env!("OUT_DIR"), "/changes.rs"));

#[derive(Clone, Copy)]
enum Release {
    First,
    Second,
}

/// A database, and who works on it.
struct Place {
    _folder: tempfile::TempDir,
    database: PathBuf,
    change: &'static str,
}

impl Place {
    fn of(change: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { database: folder.path().join("orders.db"), _folder: folder, change }
    }

    fn begun(&self, release: Release, what: &[&str]) -> Child {
        let program = match release {
            Release::First => env!("CARGO_BIN_EXE_first"),
            Release::Second => env!("CARGO_BIN_EXE_second"),
        };
        let mut command = Command::new(Path::new(program));
        command.arg(self.change).arg(&self.database).args(what);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// What a process says that does this.
    fn done(&self, release: Release, what: &[&str]) -> String {
        self.said(self.begun(release, what))
    }

    fn said(&self, process: Child) -> String {
        let output = process.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {errors}", self.change);
        String::from_utf8(output.stdout).unwrap()
    }
}

/// What is wrong with a change, if anything.
fn wrong(change: &'static str, expected: &Expected) -> Option<String> {
    let place = Place::of(change);
    place.done(Release::First, &["begin"]);
    let found = place.done(Release::Second, &["go-on"]);
    let found = found.trim_end();
    let is_right = match expected {
        Expected::Continues(output) => found == format!("continues {output}"),
        Expected::SetAside(reason) => found.starts_with("set aside ") && found.contains(reason),
        // Untouched, and no crash counted: the first release still finishes it.
        Expected::Stays(reason) => {
            let untouched =
                ["stays Parked 0 ", "stays Ready 0 "].iter().any(|stays| found.starts_with(stays));
            untouched
                && found.contains(&reason.replace('\n', " "))
                && place.done(Release::First, &["finish"]).starts_with("continues ")
        }
    };
    (!is_right).then(|| format!("{change}: expected {expected:?}, found {found}"))
}

#[test]
fn every_change_becomes_what_it_is_said_to_become() {
    assert!(CHANGES.len() >= 40, "{} changes", CHANGES.len());
    let half = CHANGES.len().div_ceil(2);
    let wrong = std::thread::scope(|scope| {
        let halves = CHANGES.chunks(half).map(|changes| {
            scope.spawn(|| {
                changes.iter().filter_map(|(change, expected)| wrong(change, expected)).collect::<Vec<_>>()
            })
        });
        let halves = halves.collect::<Vec<_>>();
        halves.into_iter().flat_map(|half| half.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(wrong.is_empty(), "{} of {} changes:\n{}", wrong.len(), CHANGES.len(), wrong.join("\n"));
}

/// Both releases work at once, as in a rolling deploy, and each execution ends once.
fn rolled(change: &'static str) -> (Vec<String>, Vec<String>) {
    let place = Place::of(change);
    place.done(Release::First, &["begin", "20"]);
    let (first, second) =
        (place.begun(Release::First, &["serve", "20"]), place.begun(Release::Second, &["serve", "20"]));
    let lines = |process| place.said(process).lines().map(str::to_owned).collect::<Vec<_>>();
    (lines(first), lines(second))
}

#[test]
fn in_a_rolling_deploy_either_release_goes_on_with_what_both_read() {
    let (first, second) = rolled("structs::optional_field_is_added");
    assert_eq!(first, second, "both see the same ends");
    assert_eq!(first.len(), 20);
    let by_either = ["continues 7 Order { cents: 5 }", "continues 7 Order { note: None, cents: 5 }"];
    assert!(first.iter().all(|line| by_either.contains(&line.as_str())), "{first:#?}");
}

#[test]
fn in_a_rolling_deploy_what_the_new_release_cannot_read_is_left_to_the_old_one() {
    let (first, second) = rolled("structs::field_without_a_default_is_added");
    assert_eq!(first, second);
    assert_eq!(first, vec!["continues 7 Order { cents: 5 }"; 20]);
}

/// An event that one release sends, and another receives and returns; and what each of them, and nobody, reads of that.
fn approved(sends: Release, receives: Release) -> [String; 3] {
    let place = Place::of("approval");
    place.done(receives, &["wait"]);
    place.done(sends, &["send"]);
    let returned = place.done(receives, &["work"]);
    [returned, place.done(sends, &["read"]), place.done(sends, &["show"])]
        .map(|said| said.trim_end().to_owned())
}

#[test]
fn an_event_of_the_first_release_is_received_by_the_second_and_the_result_read_by_the_first() {
    let [returned, read, shown] = approved(Release::First, Release::Second);
    assert_eq!(returned, r#"returned Approval { note: None, cents: 0, means: Card(4), by: "ada" }"#);
    assert_eq!(read, r#"read Approval { by: "ada", means: Card(4) }"#);
    assert_eq!(shown, r#"shown {"by":"ada","cents":0,"means":{"Card":4},"note":null}"#);
}

#[test]
fn an_event_of_the_second_release_is_received_by_the_first_and_the_result_read_by_the_second() {
    let [returned, read, shown] = approved(Release::Second, Release::First);
    assert_eq!(returned, r#"returned Approval { by: "eve", means: Cash }"#);
    assert_eq!(read, r#"read Approval { note: None, cents: 0, means: Cash, by: "eve" }"#);
    assert_eq!(shown, r#"shown {"by":"eve","means":"Cash"}"#);
}

/// Begun by the second release at a place where it saves more than the first one, and rolled back.
fn rolled_back(change: &'static str) -> Place {
    let place = Place::of(change);
    place.done(Release::First, &["start"]);
    place.done(Release::Second, &["wait"]);
    place
}

#[test]
fn rolled_back_what_would_be_lost_waits_for_the_newer_release() {
    let place = rolled_back("structs::optional_field_is_added");
    let found = place.done(Release::First, &["go-back"]);
    assert!(found.starts_with("stays Parked 0 a newer build saved it."), "{found}");
    assert!(found.contains("`.accept_loss::<place_order>(&[\"EventGo.value.note\"])`"), "{found}");
    // Accepted is the loss of something else.
    let found = place.done(Release::First, &["go-back", "EventGo.value.cents,EventGo.note"]);
    assert!(found.starts_with("stays Parked 0 a newer build saved it."), "{found}");
    assert_eq!(place.done(Release::Second, &["finish"]), "continues 7 Order { note: None, cents: 0 }\n");
}

#[test]
fn rolled_back_it_goes_on_where_the_loss_is_accepted() {
    let place = rolled_back("structs::optional_field_is_added");
    place.done(Release::First, &["go-back"]);
    let found = place.done(Release::First, &["go-back", "EventGo.value.note"]);
    assert_eq!(found, "continues 7 Order { cents: 0 }\n");
    assert_eq!(place.done(Release::Second, &["finish"]), found, "it has ended for all");
}

#[test]
fn rolled_back_it_goes_on_where_nothing_is_lost_if_that_is_said() {
    let place = rolled_back("values::number_is_wrapped");
    let found = place.done(Release::First, &["go-back"]);
    assert!(found.contains("would lose nothing of it"), "{found}");
    let found = place.done(Release::First, &["go-back", ""]);
    assert!(found.starts_with("continues "), "{found}");
}
