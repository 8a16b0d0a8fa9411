//! Writes the function that gives the `Step`.
//!
//! `impl Attempts` keeps the span of the call site: its edition is then this crate's, 2024, in which it captures every
//! lifetime, for users of edition 2021 too. Names of ours are `mixed_site`, so the body cannot see them.

use super::{
    boxed::Boxed,
    parse::{Body, Receiver, StepFn, simple_name},
    policy::{Policy, Retry},
};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Attribute, FnArg, Pat, PatType, ReturnType, ext::IdentExt, spanned::Spanned};

/// The whole item.
pub(super) fn emit_step(step: &StepFn, policy: &Policy) -> TokenStream {
    let StepFn { attrs, vis, sig, .. } = step;
    let krate = &policy.krate;
    let (name, generics, where_clause) = (&sig.ident, &sig.generics, &sig.generics.where_clause);
    let parameters = Parameters::of(step);
    let outer = &parameters.outer;
    let output = output_type(&step.output);
    let fn_token = &sig.fn_token;
    let gives = match &step.boxed {
        None => quote!(impl #krate::private::Attempts<Output = #output>),
        // A type that can be named, so that the trait may be used as `dyn`.
        Some(Boxed { ty, lifetime, .. }) => {
            let bound = lifetime.as_ref().map(|lifetime| quote!(+ #lifetime));
            quote!(::std::boxed::Box<dyn #krate::private::Attempts<Output = #output, Future = #ty> #bound>)
        }
    };
    let head = quote! {
        #(#attrs)* #vis #fn_token #name #generics (#(#outer),*) -> #krate::Step<#gives> #where_clause
    };
    let Some(body) = &step.body else { return quote!(#head;) };
    let attempts = emit_attempts(step, policy, &parameters, body);
    let attempts = match step.boxed {
        None => attempts,
        Some(_) => quote!(::std::boxed::Box::new(#attempts)),
    };
    let policy_value = emit_policy(&name.unraw().to_string(), policy);
    let hooks = emit_hooks(&step.output, policy);
    quote! {
        #head {
            #krate::Step::new(
                #attempts,
                { static __DURABLE_POLICY: #krate::StepPolicy = #policy_value; &__DURABLE_POLICY },
                #hooks,
            )
        }
    }
}

/// The parameters, taken apart as rustc does for an `async fn`: names outside, patterns inside the body's future, so that
/// every argument, used or not, lives as long as the future.
struct Parameters {
    /// Of the function: receiver included, patterns replaced by names.
    outer: Vec<TokenStream>,
    /// The names, without the receiver.
    names: Vec<Ident>,
    /// `let` statements that make the user's bindings again.
    bindings: Vec<TokenStream>,
}

impl Parameters {
    fn of(step: &StepFn) -> Self {
        let mut parameters = Self { outer: Vec::new(), names: Vec::new(), bindings: Vec::new() };
        for input in &step.sig.inputs {
            match input {
                FnArg::Receiver(receiver) => parameters.receiver(receiver, step),
                FnArg::Typed(typed) => parameters.typed(typed),
            }
        }
        parameters
    }

    fn receiver(&mut self, receiver: &syn::Receiver, step: &StepFn) {
        self.outer.push(receiver.to_token_stream());
        if Receiver::of(&step.sig) == Some(Receiver::Value) {
            // Unused, it would not move into the future.
            let self_token = &receiver.self_token;
            self.bindings.push(quote!(let _ = &#self_token;));
        }
    }

    fn typed(&mut self, PatType { attrs, pat, ty, .. }: &PatType) {
        let (lints, others): (Vec<_>, Vec<_>) = attrs.iter().partition(|attr| is_lint(attr));
        let name = match simple_name(pat) {
            Some(ident) => {
                self.bindings.push(quote_spanned!(pat.span()=> #(#lints)* let #pat = #ident;));
                ident.clone()
            }
            None => {
                let name = format_ident!("__durable_arg_{}", self.names.len(), span = Span::mixed_site());
                // Taken whole first: a pattern that binds nothing would not move it into the future.
                let whole = matches!(**pat, Pat::Wild(_)).then(|| quote!(let #name = #name;));
                let take = whole.unwrap_or_else(|| quote!(let #name = #name; #(#lints)* let #pat = #name;));
                self.bindings.push(take);
                name
            }
        };
        self.outer.push(quote!(#(#others)* #name: #ty));
        self.names.push(name);
    }
}

/// A lint level belongs to the binding, where the lint fires.
fn is_lint(attr: &Attribute) -> bool {
    ["allow", "expect", "warn", "deny", "forbid"].iter().any(|level| attr.path().is_ident(level))
}

fn emit_attempts(step: &StepFn, policy: &Policy, parameters: &Parameters, body: &Body) -> TokenStream {
    let krate = &policy.krate;
    let future = match &step.boxed {
        None => emit_future(&step.output, &parameters.bindings, body),
        Some(boxed) => emit_boxed(boxed, &parameters.bindings, body),
    };
    if policy.retry.is_none() {
        return quote! {
            #krate::private::Body::new(#future, || ::core::option::Option::None)
        };
    }
    let names = &parameters.names;
    let cloned = names.iter().map(|name| quote!((&&#krate::private::Probe(#name)).try_clone()?));
    // The tuple stands first: it tells both closures their argument's type.
    quote! {
        #krate::private::Repeat::new(
            (#(#names,)*),
            |(#(#names,)*)| {
                #[allow(unused_imports)]
                use #krate::private::{NoClone as _, TryClone as _};
                ::core::option::Option::Some((#(#cloned,)*))
            },
            move |(#(#names,)*)| #future,
        )
    }
}

/// The body, with the expectation of its type: coercions and error spans are then those of the plain function.
fn emit_future(output: &ReturnType, bindings: &[TokenStream], Body(block): &Body) -> TokenStream {
    let ty = output_type(output);
    let value = Ident::new("__durable_output", Span::mixed_site());
    quote! {
        async move {
            if let ::core::option::Option::Some(#value) = ::core::option::Option::None::<#ty> {
                #[allow(unreachable_code)]
                return #value;
            }
            #(#bindings)*
            // A body that ends in `panic!` is no mistake of the user's.
            #[allow(clippy::diverging_sub_expression)]
            let #value: #ty = #block;
            #[allow(unreachable_code)]
            #value
        }
    }
}

/// The same of a function that makes the future: it is called when the step runs, and not before.
fn emit_boxed(Boxed { ty, .. }: &Boxed, bindings: &[TokenStream], Body(block): &Body) -> TokenStream {
    let future = Ident::new("__durable_future", Span::mixed_site());
    quote! {{
        let #future: #ty = ::std::boxed::Box::pin(async move {
            #(#bindings)*
            let #future: #ty = (move || -> #ty #block)();
            #future.await
        });
        #future
    }}
}

fn emit_policy(name: &str, policy: &Policy) -> TokenStream {
    let krate = &policy.krate;
    let mut value = quote!(#krate::StepPolicy::new(#name));
    match &policy.retry {
        Some(Retry { parts: None, .. }) => value.extend(quote!(.retry(#krate::Retry::DEFAULT))),
        Some(Retry { parts: Some(parts), .. }) => {
            let (attempts, factor) = (parts.attempts, parts.factor);
            let (initial, max) = (emit_duration(parts.initial_ms), emit_duration(parts.max_ms));
            let jitter = Ident::new(parts.jitter, Span::call_site());
            value.extend(quote! {
                .retry(#krate::Retry::new(#attempts, #initial, #factor, #max, #krate::Jitter::#jitter))
            });
        }
        None => {}
    }
    if let Some(timeout_ms) = policy.timeout_ms {
        let timeout = emit_duration(timeout_ms);
        value.extend(quote!(.timeout(#timeout)));
    }
    if policy.at_most_once.is_some() {
        value.extend(quote!(.at_most_once()));
    }
    value
}

fn emit_duration(ms: u64) -> TokenStream {
    quote!(::core::time::Duration::from_millis(#ms))
}

/// What the runtime asks of the output type. Only trait lookup knows the answers, not tokens: the type may be an alias.
fn emit_hooks(output: &ReturnType, policy: &Policy) -> TokenStream {
    let krate = &policy.krate;
    let ty = output_type(output);
    let interrupted = match policy.at_most_once {
        Some(_) => {
            // At the type: this is where `From<Interrupted>` may be found missing.
            let span = ty.span();
            let krate = krate.clone().into_iter().map(|mut token| {
                token.set_span(span.resolved_at(token.span()));
                token
            });
            let path = quote_spanned!(span=> ::private::from_interrupted::<#ty>);
            quote!(#(#krate)* #path ())
        }
        None => quote!(::core::option::Option::None),
    };
    quote! {
        #krate::private::StepHooks {
            error: |output| {
                #[allow(unused_imports)]
                use #krate::private::{ErrorDebug as _, ErrorFallback as _, ErrorSilent as _, ErrorText as _};
                (&&&&#krate::private::Probe(output)).error_text()
            },
            failed: {
                #[allow(unused_imports)]
                use #krate::private::{FromFailure as _, NoFailure as _};
                (&&#krate::private::Probe(::core::marker::PhantomData::<#ty>)).on_failure()
            },
            interrupted: #interrupted,
        }
    }
}

fn output_type(output: &ReturnType) -> TokenStream {
    match output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) => ty.to_token_stream(),
    }
}
