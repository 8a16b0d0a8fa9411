//! Pictures of small workflows, and what text may not do to the language it stands in.

use super::{Edge, Kind, Node, Picture};
use quote::quote;

fn drawn(item: proc_macro2::TokenStream) -> Picture {
    crate::picture(quote!(), item).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Each edge on a line: `from -label-> to`.
fn ways(item: proc_macro2::TokenStream) -> Vec<String> {
    let picture = drawn(item);
    let id = |node: usize| &picture.nodes[node].id;
    let line = |edge: &Edge| match edge.label.as_str() {
        "" => format!("{} -> {}", id(edge.from), id(edge.to)),
        label => format!("{} -{label}-> {}", id(edge.from), id(edge.to)),
    };
    picture.edges.iter().map(line).collect()
}

fn texts(item: proc_macro2::TokenStream, kind: Kind) -> Vec<String> {
    let nodes = drawn(item).nodes.into_iter();
    nodes.filter(|node| node.kind == kind).map(|node| node.lines.join(" / ")).collect()
}

#[test]
fn await_points_show_name_callee_and_doc_comment() {
    let item = quote! {
        /// Takes money.
        ///
        /// At length.
        async fn pay(shop: &Shop, order: Order) -> Result<(), E> {
            /// Asks the bank.
            let payment = charge(&shop.stripe, &order).await?;
            /// Waits for it.
            match event::<Answer>("bank").await { Answer::Yes => {} _ => {} }
            /// Writes it down.
            shop.book(quote(&payment).await).await;
            Ok(())
        }
    };
    assert_eq!(texts(item.clone(), Kind::Start), ["pay / Takes money."]);
    assert_eq!(
        texts(item.clone(), Kind::Await),
        [
            "Charge / charge(&shop.stripe, &order) / Asks the bank.",
            "EventBank / event::<Answer>(\"bank\") / Waits for it.",
            "Quote / quote(&payment)",
            "Book / shop.book(quote(&payment).await) / Writes it down.",
        ]
    );
    let code = crate::expand_workflow(quote!(), item).to_string();
    assert!(code.contains("Asks the bank."), "the variant has it, too: {code}");
}

#[test]
fn a_question_mark_and_the_values_of_the_end_lead_to_ok_and_err() {
    let expected = ["Start -> S", "S -?-> err", "S -> T", "T -> ok", "T -> err"];
    assert_eq!(
        ways(quote!(
            async fn f() -> Result<u8, E> {
                s().await?;
                t().await
            }
        )),
        expected
    );
    let expected = ["Start -> S", "S -> done"];
    assert_eq!(
        ways(quote!(
            async fn f() -> u8 {
                s().await
            }
        )),
        expected
    );
    let expected = ["Start -> S", "S -> branch_1", "branch_1 -yes-> ok", "branch_1 -no-> err"];
    assert_eq!(
        ways(quote!(
            async fn f() -> Result<u8, E> {
                if s().await { Ok(1) } else { Err(E) }
            }
        )),
        expected
    );
}

#[test]
fn code_without_awaits_is_drawn_only_where_it_leaves() {
    let item = quote! {
        async fn f(n: u64) -> Result<u64, E> {
            if n > 3 { log(n); }
            if n == 0 { return Err(E::Empty); }
            let Some(m) = n.checked_sub(1) else { bail!("small") };
            for i in 0..m { if odd(i) { return Ok(i) } }
            s(m).await;
            Ok(m)
        }
    };
    assert_eq!(
        texts(item.clone(), Kind::Branch),
        ["if n == 0", "let Some(m) = n.checked_sub(1)", "if odd(i)"]
    );
    assert_eq!(
        ways(item),
        [
            "Start -> branch_1",
            "branch_1 -yes-> err",
            "branch_1 -no-> branch_2",
            "branch_2 -no-> err",
            "branch_2 -yes-> loop_1",
            "loop_1 -next-> branch_3",
            "loop_1 -done-> S",
            "branch_3 -yes-> ok",
            "branch_3 -no-> loop_1",
            "S -> ok",
        ]
    );
}

#[test]
fn loops_lead_back_and_jumps_lead_where_they_go() {
    let item = quote! {
        async fn f(rows: Vec<Vec<u8>>) {
            'outer: for row in &rows {
                for cell in row.iter() {
                    if *cell == 0 { continue 'outer; }
                    while s(cell).await > 3 { t().await; }
                }
                loop { if u().await { break 'outer; } }
            }
        }
    };
    assert_eq!(
        texts(item.clone(), Kind::Loop),
        ["for row in &rows", "for cell in row.iter()", "while s(cell).await > 3", "loop"]
    );
    assert_eq!(
        ways(item),
        [
            "Start -> loop_1",
            "loop_1 -next-> loop_2",
            "loop_1 -done-> done",
            "loop_2 -next-> branch_1",
            "loop_2 -done-> loop_4",
            "branch_1 -yes-> loop_1",
            "branch_1 -no-> S",
            "S -> loop_3",
            "loop_3 -yes-> T",
            "loop_3 -no-> loop_2",
            "T -> S",
            "loop_4 -> U",
            "U -> branch_2",
            "branch_2 -yes-> done",
            "branch_2 -no-> loop_4",
        ]
    );
}

#[test]
fn a_match_has_a_way_for_each_arm() {
    let item = quote! {
        async fn f(kind: Kind) -> u8 {
            match kind {
                Kind::Card { number, .. } if number > 9 => charge(number).await,
                Kind::Cash | Kind::Gift => 0,
                _ => unreachable!(),
            }
        }
    };
    assert_eq!(
        ways(item),
        [
            "Start -> branch_1",
            "branch_1 -Kind::Card { number, .. } if number > 9-> Charge",
            "branch_1 -Kind::Cash | Kind::Gift-> done",
            "Charge -> done",
        ]
    );
}

#[test]
fn what_may_come_next_passes_through_branches_and_loops() {
    let picture = drawn(quote! {
        async fn f(rows: Vec<u8>) -> Result<(), E> {
            for row in &rows {
                if s(row).await? { continue; }
                t().await;
            }
            #[at(Last)]
            u().await
        }
    });
    let next = |point| picture.next(point).join(" ");
    assert_eq!(next("Start"), "S Last");
    assert_eq!(next("S"), "S T Last Err(..)");
    assert_eq!(next("T"), "S Last");
    assert_eq!(next("Last"), "Ok(..) Err(..)");
    assert_eq!(next("Other"), "");
    let picture = drawn(quote! { async fn f() -> u8 { loop { s().await; if done() { return 1; } } } });
    assert_eq!(picture.next("S"), ["S", "return .."]);
}

#[test]
fn each_part_of_a_chain_is_a_branch() {
    let item = quote! {
        async fn f() { if p() && let Some(a) = s().await && t(a).await { u().await; } }
    };
    assert_eq!(texts(item, Kind::Branch), ["if p()", "if let Some(a) = s().await", "if t(a).await"]);
}

/// A picture of one await point with this text, and an edge with it.
fn with_text(text: &str) -> Picture {
    let node = |id: &str, text: &str| Node { kind: Kind::Await, id: id.into(), lines: vec![text.into()] };
    let edge = Edge { from: 0, to: 1, label: text.into(), fails: false };
    Picture { nodes: vec![node("A", text), node("B", "b")], edges: vec![edge] }
}

#[test]
fn no_text_ends_a_label_of_mermaid_or_means_anything_in_it() {
    let lines = |text| with_text(text).mermaid_lines();
    assert_eq!(lines("a < \"b\" & c")[1], "    A[\"a #lt; #quot;b#quot; #amp; c\"]");
    assert_eq!(lines("a < \"b\" & c")[3], "    A -->|\"a #lt; #quot;b#quot; #amp; c\"| B");
    assert_eq!(lines("#1; `x` \\n $$ %%{ }")[1], "    A[\"#35;1; #96;x#96; #92;n #36;#36; #37;#37;{ }\"]");
    assert_eq!(lines("style::x(1); y")[1], "    A[\"style#58;#58;x(1); y\"]");
    assert_eq!(lines("go direction TB")[1], "    A[\"go directio#110; TB\"]");
}

#[test]
fn no_text_ends_a_label_of_dot_or_means_anything_in_it() {
    let lines = |text| with_text(text).dot_lines();
    assert_eq!(lines("\"a\\n\" &amp; b")[3], r#"    "A" [shape=box, label="\"a\\n\" &amp;amp; b"];"#);
    assert_eq!(lines("\"x\"")[5], r#"    "A" -> "B" [label="\"x\""];"#);
}

#[test]
fn a_name_that_is_a_word_of_the_language_gets_another_id() {
    let item = quote! { async fn f() { #[at(end)] s().await; #[at(Größe)] t().await; #[at(ok)] u().await; } };
    let picture = drawn(item);
    let ids: Vec<_> = picture.nodes.iter().map(|node| node.id.as_str()).collect();
    assert_eq!(ids, ["Start", "at_end", "at_Gruf6_udf_e", "at_ok", "done"]);
    assert_eq!(picture.nodes[1].lines[0], "end");
}

#[test]
fn a_workflow_with_an_error_has_no_picture_but_its_errors() {
    let errors = crate::picture(
        quote!(),
        quote!(
            async fn f() {
                s().await;
                s().await;
            }
        ),
    )
    .unwrap_err();
    assert!(errors.to_string().contains("DUR005"), "{errors}");
}
