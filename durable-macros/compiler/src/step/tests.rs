//! Tests of the expansion at the level of tokens; that it runs is tested in `durable-macros/tests/step.rs`.

use super::expand;
use quote::quote;

fn text(tokens: proc_macro2::TokenStream) -> String {
    tokens.to_string().split_whitespace().collect()
}

/// The expansion, which must be free of errors.
fn expanded(attr: proc_macro2::TokenStream, item: proc_macro2::TokenStream) -> String {
    let text = text(expand(attr, item));
    assert!(!text.contains("compile_error"), "{text}");
    text
}

/// The only error, as text, and the rest of the expansion.
fn error(attr: proc_macro2::TokenStream, item: proc_macro2::TokenStream) -> (String, String) {
    let file: syn::File = syn::parse2(expand(attr, item)).expect("items");
    let (errors, rest): (Vec<_>, Vec<_>) = file.items.into_iter().partition(|item| {
        matches!(item, syn::Item::Macro(call) if call.mac.path.segments.last().is_some_and(|last| last.ident == "compile_error"))
    });
    let texts: Vec<String> = errors
        .into_iter()
        .map(|item| match item {
            syn::Item::Macro(call) => syn::parse2::<syn::LitStr>(call.mac.tokens).expect("a text").value(),
            _ => unreachable!("only macros were kept"),
        })
        .collect();
    assert_eq!(texts.len(), 1, "{texts:#?}");
    (texts[0].clone(), text(quote!(#(#rest)*)))
}

fn fetch() -> proc_macro2::TokenStream {
    quote!(
        async fn fetch(url: &str) -> Result<u8, Failed> {
            get(url).await
        }
    )
}

#[test]
fn keeps_attributes_visibility_generics_and_where_clause() {
    let text = expanded(
        quote!(),
        quote! {
            /// Docs.
            #[cfg(unix)]
            pub(crate) async fn put<'a, T: Send>(store: &'a Store, value: T) -> Option<&'a T> where T: Sync { None }
        },
    );
    assert!(text.contains("pub(crate)fnput<'a,T:Send>(store:&'aStore,value:T)->::durable::Step<"), "{text}");
    assert!(text.contains("impl::durable::private::Attempts<Output=Option<&'aT>>>whereT:Sync{"), "{text}");
    assert!(text.contains("#[cfg(unix)]"), "{text}");
}

#[test]
fn states_the_policy() {
    let attr = quote!(
        retry(attempts = 5, initial = "1s", factor = 1.5, max = "1m30s", jitter = "half"),
        timeout = "30s"
    );
    let text = expanded(attr, fetch());
    let retry = ".retry(::durable::Retry::new(5u32,::core::time::Duration::from_millis(1000u64),1.5f64,\
                 ::core::time::Duration::from_millis(90000u64),::durable::Jitter::Half))";
    assert!(text.contains(&format!("::durable::StepPolicy::new(\"fetch\"){retry}")), "{text}");
    assert!(text.contains(".timeout(::core::time::Duration::from_millis(30000u64))"), "{text}");
}

#[test]
fn retry_alone_is_the_default_policy() {
    assert!(expanded(quote!(retry), fetch()).contains(".retry(::durable::Retry::DEFAULT)"));
}

#[test]
fn a_short_maximum_bounds_the_default_first_delay() {
    let text = expanded(quote!(retry(max = "1s")), fetch());
    assert!(text.contains("Retry::new(6u32,::core::time::Duration::from_millis(1000u64)"), "{text}");
}

#[test]
fn names_the_step_without_the_raw_prefix() {
    let text = expanded(
        quote!(),
        quote!(
            async fn r#move() {}
        ),
    );
    assert!(text.contains("StepPolicy::new(\"move\")"), "{text}");
}

#[test]
fn another_crate_path_replaces_the_default_everywhere() {
    let text = expanded(quote!(crate = "my::durable", retry), fetch());
    assert!(text.contains("my::durable::Step<impl"), "{text}");
    assert!(!text.replace("my::durable::", "").contains("durable::"), "{text}");
}

#[test]
fn a_trait_method_without_body_stays_without_body() {
    let text = expanded(
        quote!(),
        quote!(
            async fn pay(&self, n: u64) -> u64;
        ),
    );
    assert_eq!(text, "fnpay(&self,n:u64)->::durable::Step<impl::durable::private::Attempts<Output=u64>>;");
}

#[test]
fn every_argument_lives_as_long_as_the_future() {
    let text = expanded(
        quote!(),
        quote!(
            async fn f(_: Guard, mut n: u8, (a, b): (u8, u8)) {}
        ),
    );
    assert!(text.contains("let__durable_arg_0=__durable_arg_0;"), "{text}");
    assert!(text.contains("letmutn=n;"), "{text}");
    assert!(text.contains("let(a,b)=__durable_arg_2;"), "{text}");
}

#[test]
fn inner_attributes_move_to_the_function() {
    let text = expanded(
        quote!(),
        quote!(
            async fn f() {
                #![allow(unused)]
                let x = 1;
            }
        ),
    );
    assert!(text.starts_with("#[allow(unused)]fnf()"), "{text}");
}

#[test]
fn a_wrong_argument_is_reported_and_the_function_still_expanded() {
    let cases = [
        (quote!(retries), "knows no argument `retries`"),
        (quote!(retry(times = 5)), "`retry` knows no argument `times`"),
        (quote!(retry = 5), "`retry` takes its parts in parentheses"),
        (quote!(retry(attempts)), "`attempts` in `retry(..)` needs a value"),
        (quote!(retry(attempts = 0)), "`attempts` is a whole number from 1 on"),
        (quote!(retry(attempts = -1)), "`attempts` is a whole number from 1 on"),
        (quote!(retry(factor = 0.5)), "`factor` is a number from 1 on"),
        (quote!(retry(jitter = "some")), "`jitter` is one of"),
        (quote!(retry(initial = "2m")), "is 1 minute unless stated"),
        (quote!(retry(initial = "2m", max = "1m")), "`initial` is longer than `max`"),
        (quote!(timeout), "`timeout` needs a duration"),
        (quote!(timeout = 30), "a duration is a string with units"),
        (quote!(timeout = "30"), "`30` has no unit"),
        (quote!(timeout = "0s"), "lets no attempt run"),
        (quote!(timeout = "1s", timeout = "2s"), "`timeout` stands here twice"),
        (quote!(at_most_once = true), "`at_most_once` stands alone"),
        (quote!(at_most_once, retry), "exclude each other"),
        (quote!(crate = 5), "`crate` needs a path"),
        (quote!(timeout =), "[DUR021]"),
    ];
    for (attr, expected) in cases {
        let (message, rest) = error(attr.clone(), fetch());
        assert!(message.contains(expected) && message.contains("[DUR021]"), "{attr}: {message}");
        assert!(rest.contains("::durable::Step<"), "{attr}: {rest}");
    }
}

#[test]
fn a_signature_that_cannot_be_a_step_is_refused() {
    let cases = [
        (
            quote!(),
            quote!(
                fn f() -> u8 {
                    1
                }
            ),
            "a step is an `async fn`, or gives a boxed future",
        ),
        (
            quote!(),
            quote!(
                fn f() -> Pin<Box<dyn Future<Output = u8>>> {
                    Box::pin(async { 1 })
                }
            ),
            "not known to be `Send`",
        ),
        (
            quote!(),
            quote!(
                const async fn f() {}
            ),
            "cannot be `const`",
        ),
        (
            quote!(),
            quote!(
                async unsafe fn f() {}
            ),
            "cannot be `unsafe`",
        ),
        (
            quote!(),
            quote!(
                async extern "C" fn f() {}
            ),
            "cannot be `extern`",
        ),
        (
            quote!(),
            quote!(
                async fn f() -> impl Send {
                    1
                }
            ),
            "needs a name",
        ),
        (
            quote!(),
            quote!(
                async fn f() -> ! {
                    loop {}
                }
            ),
            "never ends",
        ),
        (
            quote!(),
            quote!(
                async fn f(#[cfg(unix)] n: u8) {}
            ),
            "cannot be `#[cfg]`",
        ),
        (
            quote!(at_most_once),
            quote!(
                async fn f() {}
            ),
            "this one returns nothing",
        ),
        (
            quote!(),
            quote!(
                struct Order;
            ),
            "stands on an `async fn`",
        ),
    ];
    for (attr, item, expected) in cases {
        let (message, _) = error(attr, item.clone());
        assert!(message.contains(expected) && message.contains("[DUR020]"), "{item}: {message}");
    }
}

#[test]
fn receivers_that_cannot_be_taken_again_are_refused() {
    let cases = [
        (
            quote!(),
            quote!(
                async fn f(&mut self) {}
            ),
            "`&mut self`",
        ),
        (
            quote!(),
            quote!(
                async fn f(self: &mut Self) {}
            ),
            "`&mut self`",
        ),
        (
            quote!(retry),
            quote!(
                async fn f(self) {}
            ),
            "`self` by value",
        ),
        (
            quote!(retry),
            quote!(
                async fn f(self: Arc<Self>) {}
            ),
            "`self` by value",
        ),
    ];
    for (attr, item, expected) in cases {
        let text = expand(attr, item.clone()).to_string();
        assert!(text.contains(expected) && text.contains("[DUR020]"), "{item}: {text}");
    }
}

#[test]
fn a_method_without_body_takes_no_policy() {
    let text = expand(
        quote!(timeout = "1s"),
        quote!(
            async fn f(&self);
        ),
    )
    .to_string();
    assert!(text.contains("a method without a body has no policy"), "{text}");
}
