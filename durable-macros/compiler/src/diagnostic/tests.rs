//! Tests of the table of codes, the sink and the text of errors.

use super::*;
use proc_macro2::Span;
use quote::quote;
use std::{collections::BTreeSet, fs, path::Path};

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    let pages: BTreeSet<String> = fs::read_dir(folder)
        .expect("the error pages are beside the compiler's source")
        .map(|entry| entry.expect("a readable folder").file_name().into_string().expect("a plain name"))
        .filter(|name| name != "README.md")
        .collect();
    let codes: BTreeSet<String> = Code::ALL.iter().map(|code| format!("{}.md", code.id())).collect();
    assert_eq!(pages, codes);
}

#[test]
fn every_page_opens_with_its_code_and_title_and_shows_the_way_out() {
    for code in Code::ALL {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/errors/{}.md", code.id()));
        let page = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let heading = format!("# {}: {}\n", code.id(), code.title());
        assert!(page.starts_with(&heading), "{} must open with `{}`", path.display(), heading.trim());
        for part in ["## What", "## Why", "## Way out"] {
            assert!(page.contains(part), "{} lacks `{part}`", path.display());
        }
    }
}

#[test]
fn the_page_on_the_language_lists_every_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/language.md");
    let page = fs::read_to_string(path).expect("the page is there");
    let (body, table) = page.split_once("## All codes").expect("its list is the last part but one");
    for code in Code::ALL {
        let link = format!("[{0}](errors/{0}.md)", code.id());
        assert!(table.contains(&format!("| {link} |")), "{} has no row in the table", code.id());
    }
    // What only a combinator of this library or a bug can provoke is told in the table alone.
    let told = Code::ALL.iter().filter(|code| !matches!(code, Code::CombinatorBorrow | Code::Internal));
    for code in told {
        assert!(body.contains(code.id()), "{} is not told before the table", code.id());
    }
}

#[test]
fn ids_are_unique_and_ascending() {
    assert!(Code::ALL.is_sorted_by(|a, b| a.id() < b.id()));
}

#[test]
fn collects_all_errors_in_order() {
    let sink = Diagnostics::new();
    assert!(!sink.has_errors());
    let _ = sink.error(Code::NotAsync, Span::call_site(), "first");
    let _ = sink.error_at_with_help(Code::Unnamed, &quote!(a.b), "second", "do this");
    assert!(sink.has_errors());
    let errors = sink.finish();
    let messages: Vec<_> = errors.iter().map(Diagnostic::message).collect();
    assert_eq!(messages, ["first", "second"]);
    assert_eq!(errors[1].help(), Some("do this"));
}

#[test]
#[should_panic(expected = "dropped unread")]
fn panics_when_dropped_unread() {
    drop(Diagnostics::new());
}

#[test]
fn text_has_message_help_and_the_page() {
    let error = Diagnostic::new(Code::DuplicateName, Span::call_site(), "two awaits are named `Charge`")
        .with_help("name this one:\n#[at(SecondCharge)]");
    assert_eq!(
        error.to_string(),
        "two awaits are named `Charge`\n\n= help: name this one:\n        #[at(SecondCharge)]\n\
         = note: [DUR005] see docs/errors/DUR005.md"
    );
}

#[test]
fn becomes_one_compile_error_per_diagnostic() {
    let errors =
        [Code::NotAsync, Code::Eager].map(|code| Diagnostic::at(code, &quote!(f(x).await), code.title()));
    let file: syn::File = syn::parse2(to_compile_errors(&errors)).expect("items");
    assert_eq!(file.items.len(), 2);
    assert!(file.items.iter().all(|item| matches!(item, syn::Item::Macro(call)
        if call.mac.path.segments.last().is_some_and(|last| last.ident == "compile_error"))));
}

#[test]
fn keeps_every_message_of_a_syntax_error() {
    let mut error = syn::Error::new(Span::call_site(), "one");
    error.combine(syn::Error::new(Span::call_site(), "two"));
    let sink = Diagnostics::new();
    let _ = sink.syntax(Code::Argument, error);
    assert_eq!(sink.finish().len(), 2);
}

/// A case of `ui-tests/`: its first line is `//! DUR005: what it shows.`, or `//! rustc: ..` where the error is rustc's own.
struct Case {
    name: String,
    codes: Vec<String>,
    /// What rustc prints, once it was recorded.
    stderr: Option<String>,
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui-tests");
    let paths = fs::read_dir(folder).expect("the ui-tests are beside the compiler's source");
    let paths = paths.map(|entry| entry.expect("a readable folder").path());
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a readable case");
            let first = text.lines().next().unwrap_or_default();
            let (codes, _) = first
                .strip_prefix("//! ")
                .and_then(|line| line.split_once(": "))
                .unwrap_or_else(|| panic!("{}: the first line must be `//! DUR005: ..`", path.display()));
            Case {
                name: path.display().to_string(),
                codes: codes.split(", ").filter(|code| *code != "rustc").map(str::to_owned).collect(),
                stderr: fs::read_to_string(path.with_extension("stderr")).ok(),
            }
        })
        .collect()
}

#[test]
fn every_code_has_a_ui_test_and_every_ui_test_names_codes_that_exist() {
    let tested: BTreeSet<String> = cases().into_iter().flat_map(|case| case.codes).collect();
    // No program can provoke an internal error on purpose.
    let codes = Code::ALL.iter().filter(|code| **code != Code::Internal).map(|code| code.id().to_owned());
    assert_eq!(tested, codes.collect());
}

#[test]
fn recorded_errors_carry_exactly_the_codes_their_case_names() {
    for case in cases() {
        let Some(stderr) = &case.stderr else { continue };
        for code in Code::ALL {
            let (named, shown) = (case.codes.iter().any(|id| id == code.id()), stderr.contains(code.id()));
            assert_eq!(named, shown, "{} and {}", case.name, code.id());
        }
    }
}
