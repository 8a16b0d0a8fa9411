//! What the compiler says of a program before rustc sees it.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ItemFn;

/// Why the compiler refuses a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The code of the first error, as `DUR014`.
    pub code: String,
    /// The beginning of what it says.
    pub message: String,
}

impl Refusal {
    /// The compiler found a mistake of its own.
    pub fn is_our_bug(&self) -> bool {
        self.code == "DUR099"
    }
}

/// Why the compiler refuses a program, if it does.
///
/// # Panics
///
/// If the program is no function, which is the generator's mistake.
pub fn refusal(program: &str) -> Option<Refusal> {
    let mut item: ItemFn = match syn::parse_str(program) {
        Ok(item) => item,
        Err(error) => panic!("{error} in\n{program}"),
    };
    item.attrs.clear();
    let expanded = durable_compiler::expand_workflow(TokenStream::new(), item.to_token_stream()).to_string();
    let message = &expanded[expanded.find("compile_error")?..];
    let code = match message.find("[DUR099").or_else(|| message.find("[DUR")) {
        Some(from) => message[from + 1..].chars().take_while(|c| *c != ']').collect(),
        None => "without a code".to_owned(),
    };
    Some(Refusal { code, message: message.chars().take(400).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_program_gives_its_code() {
        let found = refusal("async fn f(n: u64) { a(n).await; a(n).await; }").expect("a name used twice");
        assert_eq!(found.code, "DUR005");
        assert!(!found.is_our_bug());
        assert_eq!(refusal("async fn f(n: u64) { a(n).await; }"), None);
    }
}
