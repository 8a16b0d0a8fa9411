//! Errors for the user: the table of codes, the sink that collects them, and their form as `compile_error!`.
//!
//! Every code has three homes, which tests compare: [`Code`], a page `docs/errors/DURxxx.md`, and a case under `ui-tests/`.
//!
//! The text of an error follows rustc's own layout, because rustc prints it verbatim:
//!
//! ```text
//! error: two awaits are named `Charge`
//!
//!        = help: write `#[at(SecondCharge)]` before this one
//!        = note: [DUR005] see docs/errors/DUR005.md
//! ```

extern crate proc_macro;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use std::{cell::RefCell, cmp::Ordering, collections::HashSet, fmt};

/// The errors of one macro invocation, collected so that the user sees all of them at once.
///
/// Stages hold `&Diagnostics` and go on after an error where they can. Dropped without [`finish`](Self::finish), it panics:
/// an error that nobody reads would be a wrong program accepted.
#[derive(Debug)]
#[must_use = "errors that are not finished are lost"]
pub struct Diagnostics {
    /// `None` once finished.
    errors: RefCell<Option<Vec<Diagnostic>>>,
}

impl Diagnostics {
    /// An empty sink.
    #[expect(
        clippy::new_without_default,
        reason = "a sink must be finished; a default would hide its making"
    )]
    pub fn new() -> Self {
        Self { errors: RefCell::new(Some(Vec::new())) }
    }

    /// An error at one span.
    pub fn error(&self, code: Code, span: Span, message: impl fmt::Display) -> Reported {
        self.push(Diagnostic::new(code, span, message))
    }

    /// An error at one span, with the way out.
    pub fn error_with_help(
        &self,
        code: Code,
        span: Span,
        message: impl fmt::Display,
        help: impl fmt::Display,
    ) -> Reported {
        self.push(Diagnostic::new(code, span, message).with_help(help))
    }

    /// An error that underlines all of these tokens, from the first to the last.
    pub fn error_at(
        &self,
        code: Code,
        tokens: &(impl ToTokens + ?Sized),
        message: impl fmt::Display,
    ) -> Reported {
        self.push(Diagnostic::at(code, tokens, message))
    }

    /// An error that underlines all of these tokens, with the way out.
    pub fn error_at_with_help(
        &self,
        code: Code,
        tokens: &(impl ToTokens + ?Sized),
        message: impl fmt::Display,
        help: impl fmt::Display,
    ) -> Reported {
        self.push(Diagnostic::at(code, tokens, message).with_help(help))
    }

    /// What `syn` found in an item. rustc has read it before the macro, and reports a mistake in it itself.
    pub fn half_typed(&self, code: Code, error: syn::Error) -> Reported {
        for single in error {
            let diagnostic = Diagnostic::new(code, single.span(), &single)
                .with_help("this is Rust that the macro cannot read: write it in another way, or outside of the function");
            self.push(Diagnostic { known_to_rustc: true, ..diagnostic });
        }
        Reported(())
    }

    /// What `syn` found in the arguments of a macro, which only the macro reads.
    pub fn syntax(&self, code: Code, error: syn::Error) -> Reported {
        for single in error {
            self.push(Diagnostic::new(code, single.span(), &single));
        }
        Reported(())
    }

    /// An error made elsewhere.
    pub fn push(&self, diagnostic: Diagnostic) -> Reported {
        if let Some(errors) = self.errors.borrow_mut().as_mut() {
            errors.push(diagnostic);
        }
        Reported(())
    }

    /// Whether anything was reported so far.
    pub fn has_errors(&self) -> bool {
        self.errors.borrow().as_ref().is_some_and(|errors| !errors.is_empty())
    }

    /// The errors in source order, each once.
    #[must_use = "errors that are not shown are lost"]
    pub fn finish(self) -> Vec<Diagnostic> {
        let mut errors = self.errors.take().unwrap_or_default();
        // Without positions (outside a compiler) the order of reporting stays: the sort is stable.
        errors.sort_by(|a, b| match (a.position(), b.position()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => Ordering::Equal,
        });
        let mut seen = HashSet::new();
        errors.retain(|error| error.position().is_none_or(|position| seen.insert((position, error.code))));
        errors
    }
}

impl Drop for Diagnostics {
    fn drop(&mut self) {
        if !std::thread::panicking() && self.errors.borrow().is_some() {
            panic!("diagnostics were dropped unread: a stage forgot to finish them");
        }
    }
}

/// Proof that an error was reported: the `Err` of a stage that cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported(());

/// One error.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    code: Code,
    first: Span,
    last: Span,
    message: String,
    help: Option<String>,
    /// Whether rustc reports the same, unless this is a form of Rust that only `syn` does not know.
    known_to_rustc: bool,
}

impl Diagnostic {
    /// An error at one span.
    pub fn new(code: Code, span: Span, message: impl fmt::Display) -> Self {
        Self {
            code,
            first: span,
            last: span,
            message: message.to_string(),
            help: None,
            known_to_rustc: false,
        }
    }

    /// An error that underlines all of these tokens, as far as the user wrote them.
    pub fn at(code: Code, tokens: &(impl ToTokens + ?Sized), message: impl fmt::Display) -> Self {
        let spans: Vec<Span> = tokens.to_token_stream().into_iter().map(|token| token.span()).collect();
        // A stage may have put tokens of ours around the user's; they would drag the underline to the attribute.
        let ours = position(Span::call_site());
        let mut written = spans.iter().filter(|span| ours.is_none() || position(**span) != ours);
        let first = written.next().or(spans.first()).copied().unwrap_or_else(Span::call_site);
        Self { last: written.next_back().copied().unwrap_or(first), ..Self::new(code, first, message) }
    }

    /// With the way out.
    #[must_use]
    pub fn with_help(mut self, help: impl fmt::Display) -> Self {
        self.help = Some(help.to_string());
        self
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// What is wrong, without help and note.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The way out, if one was given.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The span of the first token.
    pub fn span(&self) -> Span {
        self.first
    }

    /// Where it begins and where it ends, as far as the compiler tells.
    fn position(&self) -> Option<[Position; 2]> {
        Some([position(self.first)?, position(self.last)?])
    }
}

/// Line and column of a span's begin and end.
type Position = [(usize, usize); 2];

/// Where a span is: only a compiler's spans know it, those of a test or a tool cannot be unwrapped.
fn position(span: Span) -> Option<Position> {
    proc_macro::is_available().then(|| {
        let span = span.unwrap();
        [span.start(), span.end()].map(|end| (end.line(), end.column()))
    })
}

/// The whole text, as rustc prints it.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n\n", self.message)?;
        if let Some(help) = &self.help {
            // Further lines of a help stand under its first.
            writeln!(f, "= help: {}", help.replace('\n', "\n        "))?;
        }
        let id = self.code.id();
        write!(f, "= note: [{id}] see docs/errors/{id}.md")
    }
}

impl ToTokens for Diagnostic {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let text = self.to_string();
        if self.known_to_rustc && proc_macro::is_available() {
            tokens.extend(unless_rustc_errs(self.first, &text));
            return;
        }
        // rustc underlines a macro call from its first token to its last, so the two ends carry the two spans.
        tokens.extend(quote_spanned!(self.first=> ::core::compile_error!));
        tokens.extend(quote_spanned!(self.last=> { #text }));
    }
}

/// An item with an error that rustc prints only if it prints no other: it lints a crate once the rest of it is in order. So a
/// syntax error is told once, in rustc's words, and what only the macro cannot read is not passed over.
fn unless_rustc_errs(span: Span, text: &str) -> TokenStream {
    // The item may stand in an `impl`, where a constant has a name.
    let [(line, column), _] = position(span).unwrap_or_default();
    let name = quote::format_ident!("__DURABLE_UNREAD_{line}_{column}", span = span);
    quote_spanned! {span=>
        #[allow(dead_code)]
        const #name: () = {
            #[must_use = #text]
            struct CodeThatTheMacroCannotRead;
            #[deny(unused_must_use)]
            fn unread() { CodeThatTheMacroCannotRead; }
        };
    }
}

/// All errors as items that make rustc report them.
pub fn to_compile_errors(diagnostics: &[Diagnostic]) -> TokenStream {
    quote::quote!(#(#diagnostics)*)
}

macro_rules! codes {
    ($($name:ident $id:literal $title:literal,)*) => {
        /// What can be wrong; see `docs/errors/`.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Code {
            $(#[doc = concat!($id, ": ", $title, ".")] $name,)*
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Code] = &[$(Code::$name),*];

            /// The number under which users find it: `DUR005`.
            pub fn id(self) -> &'static str {
                match self {
                    $(Code::$name => $id,)*
                }
            }

            /// What it is about, in a few words.
            pub fn title(self) -> &'static str {
                match self {
                    $(Code::$name => $title,)*
                }
            }
        }
    };
}

codes! {
    NotAsync "DUR001" "a workflow is not an `async fn`",
    MutParameter "DUR002" "a workflow takes a `&mut` parameter",
    Signature "DUR003" "a workflow's signature cannot be compiled",
    Argument "DUR004" "an argument of `#[workflow]` is wrong",
    DuplicateName "DUR005" "two awaits have one name",
    Unnamed "DUR006" "an await has no name",
    OnceOnly "DUR007" "a once-only call stands inside an awaited expression",
    Eager "DUR008" "an awaited call starts its work before it is awaited",
    HiddenAwait "DUR009" "an await is hidden in a macro",
    ForeignCombinator "DUR010" "a combinator of another library awaits inside itself",
    Reference "DUR011" "a reference is held across an await",
    Strict "DUR012" "the type of a saved local is not written down",
    GuardAwait "DUR013" "an await stands in a match guard",
    Place "DUR014" "an assignment awaits while its place is being computed",
    FieldClash "DUR015" "two saved values would have one field name",
    At "DUR016" "an `#[at(..)]` is misplaced or malformed",
    Loop "DUR017" "a `for` loop cannot keep its place",
    Position "DUR018" "an await stands where a workflow cannot be split",
    PatternReference "DUR019" "a pattern's reference is held across an await",
    StepSignature "DUR020" "a step's signature cannot be compiled",
    StepPolicy "DUR021" "an argument of `#[step]` is wrong",
    ReservedName "DUR022" "a name is reserved",
    CombinatorBorrow "DUR023" "an operand of a combinator changes a saved local",
    Unsaveable "DUR024" "a value that cannot be saved is held across an await",
    PartialMove "DUR025" "a part of a local is moved away while the rest is saved",
    Internal "DUR099" "the compiler found its own output to be wrong",
}

#[cfg(test)]
#[path = "diagnostic/tests.rs"]
mod tests;
