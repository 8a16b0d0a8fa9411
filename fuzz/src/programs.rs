//! The workflows and steps of `tests/programs/` and the example, to be mutated.

use crate::flat::{Flat, flatten, odd, tokens_of, tree};
use proc_macro2::TokenStream;
use quote::ToTokens;
use std::{cell::OnceCell, fs, path::Path};

struct Program {
    arguments: TokenStream,
    tokens: Vec<Flat>,
}

// Tokens outside of rustc belong to their thread, and libFuzzer has one.
thread_local! {
    static PROGRAMS: OnceCell<Vec<Program>> = const { OnceCell::new() };
}

/// A function, changed as the bytes say: two choose it, then each four are one change.
pub fn mutated(data: &[u8]) -> Option<(TokenStream, TokenStream)> {
    let (choice, changes) = data.split_first_chunk::<2>()?;
    PROGRAMS.with(|programs| {
        let programs = programs.get_or_init(programs_of_the_tests);
        let nth = |at: u16| &programs[usize::from(at) % programs.len()];
        let program = nth(u16::from_le_bytes(*choice));
        let mut tokens = program.tokens.clone();
        for change in changes.chunks_exact(4) {
            let &[kind, low, high, with] = change else { continue };
            if tokens.is_empty() {
                break;
            }
            let at = usize::from(u16::from_le_bytes([low, high])) % tokens.len();
            let span = at..tokens.len().min(at + 1 + usize::from(with % 16));
            match kind % 8 {
                0 => drop(tokens.remove(at)),
                1 => drop(tokens.drain(span)),
                2 => {
                    let copy = tokens[span.clone()].to_vec();
                    tokens.splice(span.start..span.start, copy);
                }
                3 => {
                    let other = usize::from(with).wrapping_mul(31) % tokens.len();
                    tokens.swap(at, other);
                }
                4 => drop(tokens.splice(at..=at, tokens_of(with)).collect::<Vec<_>>()),
                5 => drop(tokens.splice(at..at, tokens_of(with)).collect::<Vec<_>>()),
                6 => {
                    let other = &nth(u16::from(with)).tokens;
                    let from = usize::from(high) % other.len();
                    let piece = other[from..other.len().min(from + 24)].to_vec();
                    tokens.splice(at..at, piece);
                }
                _ => tokens[at] = odd(with),
            }
            // Growth without bound would find nothing but time.
            tokens.truncate(TOKENS_MAX);
        }
        Some((program.arguments.clone(), tree(tokens)))
    })
}

const TOKENS_MAX: usize = 2_000;

fn programs_of_the_tests() -> Vec<Program> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = fs::read_dir(root.join("tests/programs")).expect("the tests are beside the fuzz crate");
    let mut paths: Vec<_> = folder.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.push(root.join("examples/place_order.rs"));
    // The same input must mean the same program on every machine.
    paths.sort();
    let mut found = Vec::new();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs")) {
        let source = fs::read_to_string(path).expect("a readable file");
        collect(syn::parse_file(&source).expect("the tests are Rust").items, &mut found);
    }
    assert!(found.len() > 20, "the tests have lost their programs");
    found
}

fn collect(items: Vec<syn::Item>, found: &mut Vec<Program>) {
    for item in items {
        match item {
            syn::Item::Fn(mut function) => {
                let known = |attr: &syn::Attribute| {
                    let last = attr.path().segments.last();
                    last.is_some_and(|last| last.ident == "workflow" || last.ident == "step")
                };
                let Some(at) = function.attrs.iter().position(known) else { continue };
                let arguments = match function.attrs.remove(at).meta {
                    syn::Meta::List(list) => list.tokens,
                    _ => TokenStream::new(),
                };
                let mut tokens = Vec::new();
                flatten(function.into_token_stream(), &mut tokens);
                found.push(Program { arguments, tokens });
            }
            syn::Item::Mod(module) => {
                collect(module.content.map(|(_, items)| items).unwrap_or_default(), found)
            }
            _ => {}
        }
    }
}
