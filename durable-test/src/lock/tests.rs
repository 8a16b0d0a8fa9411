//! Programs of several versions against their files: what is found, and in which words.

#![allow(dead_code, reason = "the workflows are compared, not run")]

use super::{Asked, Checked, Lock, LockError, check, compare::compare, record::record, today::Today};
use durable_core::Workflows;
use durable_macros::workflow;
use serde::{Deserialize, Serialize};
use std::{fs, path::PathBuf};

/// An order, as each version of the program knows it.
macro_rules! order {
    ($($(#[$attr:meta])* $field:ident: $type:ty),* $(,)?) => {
        #[derive(Serialize, Deserialize)]
        pub(super) struct Order {
            $($(#[$attr])* pub(super) $field: $type),*
        }

        async fn reserve(_: &Order) -> Result<u64, String> {
            Ok(1)
        }

        async fn charge(_: &Order, _: u64) -> Result<u64, String> {
            Ok(2)
        }
    };
}

/// The workflow, with whatever types stand around it.
macro_rules! place_order {
    () => {
        #[workflow]
        pub(super) async fn place_order(order: Order) -> Result<u64, String> {
            let held: u64 = reserve(&order).await?;
            let paid: u64 = charge(&order, held).await?;
            Ok(paid)
        }
    };
}

mod first {
    use super::*;
    order!(id: u64, lines: Vec<Line>, by: Method);
    place_order!();

    #[derive(Serialize, Deserialize)]
    pub(super) struct Line {
        pub(super) sku: String,
        pub(super) price: u64,
        #[serde(rename = "sub lines")]
        pub(super) parts: Vec<Line>,
    }

    #[derive(Serialize, Deserialize)]
    pub(super) enum Method {
        Cash,
        Card(u64),
        Wire { iban: String, bic: Option<String> },
    }

    #[workflow(name = "refund<now>")]
    pub(super) async fn refund(payment: u64, order: Order) {
        let sure: String = durable::event("approval").await;
        #[at(Done)]
        async { drop((payment, sure, order)) }.await
    }
}

mod with_default {
    use super::*;
    use first::{Line, Method};
    order!(id: u64, lines: Vec<Line>, by: Method, #[serde(default)] note: String);
    place_order!();
}

mod without_default {
    use super::*;
    use first::{Line, Method};
    order!(id: u64, lines: Vec<Line>, by: Method, note: String);
    place_order!();
}

mod retyped {
    use super::*;
    use first::Method;
    order!(id: u64, lines: Vec<Line>, by: Method);
    place_order!();

    #[derive(Serialize, Deserialize)]
    pub(super) struct Line {
        pub(super) sku: String,
        pub(super) price: String,
        #[serde(rename = "sub lines")]
        pub(super) parts: Vec<Line>,
    }
}

mod inserted {
    use super::*;
    use first::{Line, Method};
    order!(id: u64, lines: Vec<Line>, by: Method);

    async fn weigh(_: u64) {}

    #[workflow]
    pub(super) async fn place_order(order: Order) -> Result<u64, String> {
        let held: u64 = reserve(&order).await?;
        weigh(held).await;
        let paid: u64 = charge(&order, held).await?;
        Ok(paid)
    }
}

mod removed {
    use super::*;
    use first::{Line, Method};
    order!(id: u64, lines: Vec<Line>, by: Method);

    #[workflow]
    pub(super) async fn place_order(order: Order) -> Result<u64, String> {
        reserve(&order).await
    }
}

mod other_operation {
    use super::*;
    use first::{Line, Method};
    order!(id: u64, lines: Vec<Line>, by: Method);

    mod bank {
        pub(super) use super::reserve;

        pub(super) async fn refund(_: &super::Order, _: u64) -> Result<u64, String> {
            Ok(2)
        }
    }

    #[workflow]
    pub(super) async fn place_order(order: Order) -> Result<u64, String> {
        let held: u64 = bank::reserve(&order).await?;
        #[at(Charge)]
        let paid: u64 = bank::refund(&order, held).await?;
        let _ = charge;
        Ok(paid)
    }
}

mod renamed {
    use super::*;
    use first::{Line, Method};
    order!(id: u64, lines: Vec<Line>, by: Method);

    #[workflow]
    pub(super) async fn place_order(order: Order) -> Result<u64, String> {
        #[at(Hold, was = "Reserve")]
        let held: u64 = reserve(&order).await?;
        let paid: u64 = charge(&order, held).await?;
        Ok(paid)
    }
}

mod in_euros {
    use super::*;
    order!(id: u64, total: u64);
    place_order!();
}

mod in_words {
    use super::*;
    order!(id: u64, total: String);

    #[derive(Deserialize)]
    struct Was {
        order: in_euros::Order,
    }

    #[derive(Deserialize)]
    struct Charged {
        order: in_euros::Order,
        held: u64,
    }

    fn order(was: in_euros::Order) -> Order {
        Order { id: was.id, total: format!("{} euros", was.total) }
    }

    fn start(was: Was) -> PlaceOrderState {
        PlaceOrderState::Start { order: order(was.order) }
    }

    fn charged(was: Charged) -> PlaceOrderState {
        PlaceOrderState::Settle { order: order(was.order), held: was.held }
    }

    #[workflow(migrate(Start = start, Charge = charged))]
    pub(super) async fn place_order(order: Order) -> Result<u64, String> {
        let held: u64 = reserve(&order).await?;
        #[at(Settle)]
        charge(&order, held).await
    }
}

fn today<W: Workflows>() -> Today {
    Today::of::<W>().unwrap_or_else(|error| panic!("{error}"))
}

fn file_of<W: Workflows>() -> Lock {
    read(&today::<W>().to_lock().to_text())
}

fn read(text: &str) -> Lock {
    text.parse().unwrap_or_else(|error| panic!("{error}\n\n{text}"))
}

fn found<Was: Workflows, Is: Workflows>() -> String {
    compare(&file_of::<Was>(), &today::<Is>()).to_string()
}

/// A file of this test alone, in a folder that goes with the first of the two.
fn file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("workflows.lock");
    (folder, path)
}

const LOOK: Asked = Asked { update: false, is_ci: false };
const CI: Asked = Asked { update: false, is_ci: true };
const UPDATE: Asked = Asked { update: true, is_ci: true };

type Both = (first::place_order, first::refund);

#[test]
fn the_file_reads_like_the_program() {
    insta::assert_snapshot!(file_of::<Both>().to_text());
}

#[test]
fn what_is_written_is_read_as_the_same_shapes() {
    let (written, lock) = (today::<Both>(), file_of::<Both>());
    assert_eq!(lock.to_text(), written.to_lock().to_text());
    for (workflow, description) in &written.workflows {
        let locked = lock.workflow(&workflow.name).unwrap();
        let schemas: Vec<_> =
            locked.points.iter().map(|point| &point.saves.as_ref().unwrap().schema).collect();
        assert_eq!(schemas, description.points.iter().collect::<Vec<_>>());
    }
    assert_eq!(found::<Both, Both>(), "");
}

#[test]
fn a_field_with_a_default_is_safe() {
    insta::assert_snapshot!(found::<first::place_order, with_default::place_order>());
}

#[test]
fn a_field_without_a_default_needs_a_migration() {
    insta::assert_snapshot!(found::<first::place_order, without_default::place_order>());
}

#[test]
fn another_type_of_a_field_needs_a_migration() {
    insta::assert_snapshot!(found::<first::place_order, retyped::place_order>());
}

#[test]
fn an_inserted_await_point_is_another_way() {
    insta::assert_snapshot!(found::<first::place_order, inserted::place_order>());
}

#[test]
fn a_removed_await_point_strands_executions() {
    insta::assert_snapshot!(found::<first::place_order, removed::place_order>());
}

#[test]
fn another_operation_under_the_same_name_is_refused_and_another_path_to_it_is_not() {
    insta::assert_snapshot!(found::<first::place_order, other_operation::place_order>());
}

#[test]
fn an_await_point_may_have_had_another_name() {
    insta::assert_snapshot!(found::<first::place_order, renamed::place_order>());
    let lock = record(&file_of::<first::place_order>(), &today::<renamed::place_order>());
    assert!(compare(&read(&lock.to_text()), &today::<renamed::place_order>()).is_empty(), "it is kept");
    assert!(compare(&read(&lock.to_text()), &today::<inserted::place_order>()).is_refused());
}

#[test]
fn a_migration_makes_a_change_safe_where_there_is_one() {
    insta::assert_snapshot!(found::<in_euros::place_order, in_words::place_order>());
}

#[test]
fn workflows_come_and_go() {
    insta::assert_snapshot!(found::<first::refund, first::place_order>());
}

#[test]
fn await_points_that_only_moved_are_equal() {
    let mut lock = file_of::<Both>();
    lock.workflows.reverse();
    lock.workflows.iter_mut().for_each(|workflow| workflow.points.reverse());
    assert!(compare(&read(&lock.to_text()), &today::<Both>()).is_empty());
}

#[test]
fn what_was_saved_before_is_kept_and_checked_until_it_is_removed() {
    let lock = record(&file_of::<first::place_order>(), &today::<with_default::place_order>());
    let text = lock.to_text();
    insta::assert_snapshot!(text);
    let lock = read(&text);
    assert_eq!(lock.to_text(), text);
    assert!(compare(&lock, &today::<with_default::place_order>()).is_empty());
    // Without the default, what stands in the file as older is what cannot be read.
    insta::assert_snapshot!("older", compare(&lock, &today::<without_default::place_order>()).to_string());
    let older = &lock.workflows[0].points[1].older[0];
    let kept = text.lines().enumerate().filter(|(index, _)| {
        lock.workflows[0].points.iter().all(|point| {
            let lines = point.older[0].lines;
            index + 1 < lines.first || index + 1 > lines.last
        })
    });
    assert_eq!(older.lines.last, older.lines.first + 1);
    let text: String = kept.flat_map(|(_, line)| [line, "\n"]).collect();
    assert!(compare(&read(&text), &today::<without_default::place_order>()).is_empty());
    // Recorded anew, nothing is left of the types that they alone named.
    let lock = record(&read(&text), &today::<without_default::place_order>());
    assert_eq!(lock.to_text(), file_of::<without_default::place_order>().to_text());
}

#[test]
fn going_back_keeps_both_versions() {
    let lock = record(&file_of::<first::place_order>(), &today::<with_default::place_order>());
    let back = record(&lock, &today::<first::place_order>());
    for point in &back.workflows[0].points {
        assert_eq!(point.older.len(), 1, "{}", point.name);
    }
    assert!(
        compare(&back, &today::<with_default::place_order>()).to_string().contains("saves something else")
    );
}

#[test]
fn a_version_may_be_forgotten_whole() {
    let lock = file_of::<first::place_order>();
    let mut lines: Vec<String> = lock.to_text().lines().map(str::to_owned).collect();
    let saves = lock.workflows[0].point("Charge").unwrap().saves.as_ref().unwrap().lines;
    lines.drain(saves.first - 1..saves.last);
    let findings = compare(&read(&lines.join("\n")), &today::<retyped::place_order>()).to_string();
    assert!(findings.contains("place_order, Charge: what it saves is not in the file"), "{findings}");
    assert!(findings.contains("place_order, Start and Reserve: NEEDS A MIGRATION"), "{findings}");
}

#[test]
fn a_missing_file_is_written_but_not_in_ci() {
    let (_folder, path) = file();
    let error = check(&path, &today::<Both>(), &CI).unwrap_err();
    assert!(matches!(error, LockError::Missing { .. }), "{error}");
    assert!(!path.exists());
    let checked = check(&path, &today::<Both>(), &LOOK).unwrap();
    assert!(matches!(checked, Checked::Written { .. }), "{checked:?}");
    assert!(matches!(check(&path, &today::<Both>(), &CI), Ok(Checked::Equal)));
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace('\n', "\r\n")).unwrap();
    assert!(matches!(check(&path, &today::<Both>(), &UPDATE), Ok(Checked::Equal)), "git may do that");
    let beside = fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(beside, 1, "nothing else is left there");
}

#[test]
fn a_safe_change_is_recorded_when_it_is_asked_for() {
    let (_folder, path) = file();
    check(&path, &today::<first::place_order>(), &LOOK).unwrap();
    let before = fs::read_to_string(&path).unwrap();
    let error = check(&path, &today::<inserted::place_order>(), &LOOK).unwrap_err();
    assert!(matches!(error, LockError::NotRecorded { .. }), "{error}");
    assert!(error.to_string().contains("DURABLE_LOCK=update cargo test"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), before, "never silently");
    let checked = check(&path, &today::<inserted::place_order>(), &UPDATE).unwrap();
    let Checked::Updated { findings, .. } = checked else { panic!("{checked:?}") };
    assert!(findings.to_string().contains("Weigh: a new await point"), "{findings}");
    assert!(matches!(check(&path, &today::<inserted::place_order>(), &CI), Ok(Checked::Equal)));
}

#[test]
fn a_change_that_strands_executions_is_not_recorded_when_it_is_asked_for() {
    let (_folder, path) = file();
    check(&path, &today::<first::place_order>(), &LOOK).unwrap();
    let before = fs::read_to_string(&path).unwrap();
    for asked in [LOOK, UPDATE] {
        let error = check(&path, &today::<retyped::place_order>(), &asked).unwrap_err();
        assert!(error.findings().is_some_and(super::Findings::is_refused), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), before);
    }
}

#[test]
fn one_name_for_two_workflows_is_refused() {
    let error =
        Today::of::<(first::place_order, (first::refund, with_default::place_order))>().err().unwrap();
    assert!(error.to_string().starts_with("two of the workflows are stored as `place_order`"), "{error}");
}

#[test]
fn a_file_that_was_edited_is_refused_with_its_line() {
    let text = file_of::<Both>().to_text();
    let says = |from: &str, to: &str, line: usize, what: &str| {
        assert!(text.contains(from), "{from}");
        let error = text.replacen(from, to, 1).parse::<Lock>().unwrap_err();
        assert_eq!(error.line, line, "{error}");
        assert!(error.what.contains(what), "{error}");
    };
    let line_of = |part: &str| text.lines().position(|line| line.contains(part)).unwrap() + 1;
    let edited = "was edited by hand, or a merge mixed two versions";
    says("calls charge", "calls refund", line_of("calls charge") + 2, edited);
    says("order: Order", "order: u64", line_of("saves"), edited);
    says("id: u64", "id: u32", line_of("saves"), edited);
    says("            order: Order\n", "", line_of("saves"), edited);
    says("order: Order", "order: Ordre", line_of("order: Order"), "type `Ordre` is not declared");
    says("price: u64,", "price: u64", line_of("price: u64") + 1, "expected `,` or `}`");
    says("version 1", "version 2", line_of("version 1"), "use a newer");
    says("version 1", "", line_of("workflow place_order"), "expected `version 1`");
    says(
        "workflow refund",
        "workflow place_order\nworkflow refund",
        line_of("workflow refund"),
        "is here twice",
    );
    says("at Charge", "at Reserve", line_of("at Charge"), "`Reserve` is here twice");
    says("        next", "       next", line_of("    next"), "after 7 spaces");
    says(
        "calls charge",
        "call charge",
        line_of("calls charge"),
        "expected `calls`, `next`, `saves` or `older`",
    );
    says("next Reserve", "next ;", line_of("next Reserve"), "expected names");
    says("    enum", "    enumeration", line_of("    enum"), "expected `at`, `struct` or `enum`");
    assert_eq!("".parse::<Lock>().unwrap_err().line, 1);
}

#[test]
fn a_damaged_file_is_an_error_or_says_nothing_else_of_any_shape() {
    let lock = record(&file_of::<Both>(), &today::<(with_default::place_order, first::refund)>());
    let text = lock.to_text();
    let shapes = |lock: &Lock| {
        let points = lock.workflows.iter().flat_map(|workflow| &workflow.points);
        points
            .flat_map(|point| point.versions())
            .map(|version| version.schema.fields.clone())
            .collect::<Vec<_>>()
    };
    let known = shapes(&lock);
    let lines = text.lines().count();
    let survives = |damaged: &str| match damaged.parse::<Lock>() {
        Ok(lock) => assert!(shapes(&lock).iter().all(|fields| known.contains(fields)), "{damaged}"),
        Err(error) => assert!((1..=lines + 1).contains(&error.line), "{error}"),
    };
    for at in 0..text.len() {
        survives(text.get(..at).unwrap_or_default());
        for bit in 0..8 {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            if let Ok(damaged) = String::from_utf8(bytes) {
                survives(&damaged);
            }
        }
    }
}

#[test]
fn a_file_that_is_no_text_is_refused_with_its_line() {
    let (_folder, path) = file();
    fs::write(&path, b"# a\n# b\n\xff\n").unwrap();
    let error = check(&path, &today::<Both>(), &LOOK).unwrap_err();
    assert!(
        error.to_string().ends_with("workflows.lock, line 3: these bytes are no text (UTF-8)"),
        "{error}"
    );
}

#[test]
fn hostile_files_are_bounded() {
    let head = "version 1\nworkflow w\n    at A\n        saves 00000000000000000000000000000000\n";
    let says = |body: &str, what: &str| {
        let error = format!("{head}{body}").parse::<Lock>().unwrap_err();
        assert!(error.what.contains(what), "{error}");
    };
    says(&format!("            a: {}\n", "[".repeat(100_000)), "deeper");
    let many: String = (0..200).map(|n| format!("            a{n}: [u8; 60000]\n")).collect();
    says(&many, "larger");
    let doubled: String = (0..60).map(|n| format!("    struct A{n}(A{m}, A{m})\n", m = n + 1)).collect();
    says(&format!("            a: A0\n{doubled}    struct A60\n"), "larger");
    let long = format!("version 1\n{}", "#".repeat(17 << 20));
    assert!(long.parse::<Lock>().unwrap_err().what.contains("larger than"));
}
