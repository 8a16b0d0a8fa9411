//! Functions as an editor sees them while they are typed: every one of their beginnings expands to something an editor can use.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use std::collections::BTreeSet;

/// Functions with what workflows have: loops, branches, awaits, macros, closures, nested items, attributes.
const FUNCTIONS: &[&str] = &[
    r#"
    /// Places an order.
    pub async fn place_order(shop: &Shop, mut order: Order) -> Result<Receipt, OrderError> {
        let mut holds: Vec<HoldId> = Vec::new();
        for line in &order.lines {
            match shop.reserve(line).await {
                Ok(hold) if hold.fits() => holds.push(hold),
                Err(error) => { shop.release(&holds).await?; return Err(error); }
                _ => continue,
            }
        }
        let ok: Approval = event("gateway").await;
        println!("{} {holds:?}", ok.by);
        #[at(Second)]
        shop.ship(&order, |line| line.count > 3).await?;
        Ok(Receipt { by: ok.by, holds, ..Default::default() })
    }
    "#,
    r#"
    async fn count(shop: &Shop, limit: u64) -> u64 {
        use std::time::Duration;
        fn twice(n: u64) -> u64 { n * 2 }
        let (mut n, step) = (0u64, limit / 10 + 1);
        'outer: loop {
            while n < limit && shop.open(n).await {
                n += shop.next(&n).await;
                if n == 7 { break 'outer; }
            }
            let Some(more) = shop.more().await else { return twice(n) };
            sleep(Duration::from_secs(more)).await;
            n = if more > 3 { shop.sum(vec![n, more]).await } else { unsafe { peek(&n) } };
        }
        n
    }
    "#,
    r#"
    pub(crate) async fn ask(model: &Model, question: String) -> Result<String, Error> {
        let answer = async { model.say(&question).await }.await?;
        let r = &answer.text;
        let n = shop(model.count(r).await, r.len())? as u64;
        matches!(n, 1..=9).then(|| r.clone()).ok_or(Error::Empty)
    }
    "#,
];

/// The first tokens, in depth-first order; open delimiters are closed.
fn beginning(tokens: TokenStream, left: &mut usize) -> TokenStream {
    let mut taken = TokenStream::new();
    for token in tokens {
        if *left == 0 {
            break;
        }
        *left -= 1;
        taken.extend([match token {
            TokenTree::Group(group) => {
                let mut shorter = Group::new(group.delimiter(), beginning(group.stream(), left));
                shorter.set_span(group.span());
                TokenTree::Group(shorter)
            }
            token => token,
        }]);
    }
    taken
}

fn beginnings(function: &str) -> impl Iterator<Item = TokenStream> {
    let whole: TokenStream = function.parse().unwrap();
    let count = count_of(whole.clone());
    (0..=count).map(move |mut left| beginning(whole.clone(), &mut left))
}

fn count_of(tokens: TokenStream) -> usize {
    let inner = |token| match token {
        TokenTree::Group(group) => count_of(group.stream()),
        _ => 0,
    };
    tokens.into_iter().map(|token| 1 + inner(token)).sum()
}

/// Every name the user wrote, and where: what completion, hover and "go to definition" work on.
fn names(tokens: TokenStream, found: &mut BTreeSet<(String, usize, usize)>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                let at = ident.span().start();
                found.insert((ident.to_string(), at.line, at.column));
            }
            TokenTree::Group(group) => names(group.stream(), found),
            _ => {}
        }
    }
}

fn has_word(tokens: TokenStream, word: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == word,
        TokenTree::Group(group) => has_word(group.stream(), word),
        _ => false,
    })
}

/// Words of the signature that no expansion repeats where they stood, and the attribute that the macro takes away.
const SPENT: &[&str] = &["async", "fn", "doc", "at", "Second", "pub", "crate"];

#[test]
fn every_beginning_of_a_function_keeps_the_users_names_where_they_are() {
    for function in FUNCTIONS {
        for item in beginnings(function) {
            let expanded = durable_compiler::expand_workflow(TokenStream::new(), item.clone());
            let (mut written, mut kept) = (BTreeSet::new(), BTreeSet::new());
            names(item.clone(), &mut written);
            names(expanded.clone(), &mut kept);
            let lost: Vec<_> =
                written.difference(&kept).filter(|(name, ..)| !SPENT.contains(&name.as_str())).collect();
            assert!(lost.is_empty(), "{lost:?} are lost from `{item}`:\n{expanded}");
        }
    }
}

#[test]
fn from_the_end_of_its_signature_on_a_function_has_its_items() {
    for function in FUNCTIONS {
        let has_body = |item: &TokenStream| {
            let last = item.clone().into_iter().last();
            matches!(last, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace)
        };
        let mut errors = 0;
        for item in beginnings(function).filter(has_body) {
            let expanded = durable_compiler::expand_workflow(TokenStream::new(), item.clone());
            errors += usize::from(has_word(expanded.clone(), "compile_error"));
            let name = name_of(item.clone());
            for item_of in ["input", "GRAPH", "NAME", "Workflow"] {
                assert!(has_word(expanded.clone(), item_of), "no `{item_of}` for `{item}`:\n{expanded}");
            }
            assert!(has_word(expanded.clone(), &state_of(&name)), "no state for `{item}`:\n{expanded}");
        }
        assert!(errors > 10, "most beginnings are no functions yet");
    }
}

#[test]
fn a_beginning_without_a_syntax_error_expands_to_rust() {
    for function in FUNCTIONS {
        for item in beginnings(function).filter(|item| syn::parse2::<syn::ItemFn>(item.clone()).is_ok()) {
            let expanded = durable_compiler::expand_workflow(TokenStream::new(), item.clone());
            if let Err(error) = syn::parse2::<syn::File>(expanded.clone()) {
                panic!("`{item}` expands to what is not Rust: {error}\n{expanded}");
            }
        }
    }
}

#[test]
fn a_syntax_error_leaves_the_other_statements_as_they_are() {
    let item: TokenStream =
        "async fn f(shop: &Shop) { shop.open().await; let x = ; shop.close().await; }".parse().unwrap();
    let expanded = durable_compiler::expand_workflow(TokenStream::new(), item).to_string();
    assert_eq!(expanded.matches("compile_error").count(), 1, "{expanded}");
    assert_eq!(
        expanded.matches("__durable_await (__durable :: InMemory)").count(),
        2,
        "both awaits are awaits of a workflow: {expanded}"
    );
    assert!(expanded.contains("let x = ;"), "{expanded}");
}

#[test]
fn beginnings_of_steps_keep_the_users_names_where_they_are() {
    for function in FUNCTIONS {
        for item in beginnings(function) {
            let expanded = durable_compiler::expand_step(TokenStream::new(), item.clone());
            let (mut written, mut kept) = (BTreeSet::new(), BTreeSet::new());
            names(item.clone(), &mut written);
            names(expanded.clone(), &mut kept);
            let lost: Vec<_> = written
                .difference(&kept)
                .filter(|(name, ..)| !["async", "mut"].contains(&name.as_str()))
                .collect();
            assert!(lost.is_empty(), "{lost:?} are lost from `{item}`:\n{expanded}");
        }
    }
}

fn name_of(item: TokenStream) -> Ident {
    let mut tokens =
        item.into_iter().skip_while(|token| !matches!(token, TokenTree::Ident(word) if word == "fn"));
    match tokens.nth(1) {
        Some(TokenTree::Ident(name)) => name,
        other => panic!("no name: {other:?}"),
    }
}

/// `PlaceOrderState` for `place_order`.
fn state_of(name: &Ident) -> String {
    let words = name.to_string();
    let camel = words.split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
    camel.chain(["State".to_owned()]).collect()
}
