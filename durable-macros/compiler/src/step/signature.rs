//! Refuses functions that cannot be steps.

use super::{
    parse::{Receiver, StepFn},
    policy::Policy,
};
use crate::diagnostic::{Code, Diagnostics};
use quote::ToTokens;
use std::fmt::Display;
use syn::{FnArg, ReturnType, Safety, Type, visit::Visit};

/// Reports everything that is wrong with the signature.
pub(super) fn check(step: &StepFn, policy: &Policy, diagnostics: &Diagnostics) {
    let report = Report(diagnostics);
    check_qualifiers(step, &report);
    check_receiver(step, policy, &report);
    check_parameters(step, &report);
    check_output(step, policy, &report);
    if step.body.is_none() && policy.stated {
        let _ = diagnostics.error_at_with_help(
            Code::StepPolicy,
            &step.sig.ident,
            "a method without a body has no policy",
            "write `#[step]` here, and the arguments on the method in each `impl`",
        );
    }
}

/// Whether the expansion would say the same as the error, and not something confusing beside it.
pub(super) fn can_be_emitted(step: &StepFn) -> bool {
    let sig = &step.sig;
    sig.constness.is_none()
        && sig.abi.is_none()
        && sig.variadic.is_none()
        && step.defaultness.is_none()
        && matches!(sig.safety, Safety::Default)
        && Receiver::of(sig) != Some(Receiver::Exclusive)
        && impl_trait_in(&step.output).is_none()
        && !never(&step.output)
        && configured_parameter(step).is_none()
}

struct Report<'a>(&'a Diagnostics);

impl Report<'_> {
    fn error(&self, tokens: &impl ToTokens, message: impl Display, help: impl Display) {
        let _ = self.0.error_at_with_help(Code::StepSignature, tokens, message, help);
    }
}

fn check_qualifiers(step: &StepFn, report: &Report<'_>) {
    let sig = &step.sig;
    match &step.boxed {
        Some(boxed) if !boxed.sendable => report.error(
            boxed,
            "a step may go on in another thread, and this future is not known to be `Send`",
            "write `dyn Future<..> + Send`",
        ),
        Some(_) => {}
        None if sig.asyncness.is_some() => {}
        None => report.error(
            &sig.fn_token,
            "a step is an `async fn`, or gives a boxed future",
            format!("write `async fn {}`", sig.ident),
        ),
    }
    if let Some(constness) = &sig.constness {
        report.error(constness, "a step cannot be `const`", "remove `const`");
    }
    match &sig.safety {
        Safety::Default => {}
        safety => report.error(
            safety,
            "a step cannot be `unsafe`: the runtime calls its body again where you do not see it",
            "make the function safe, with the `unsafe` block inside it",
        ),
    }
    if let Some(abi) = &sig.abi {
        report.error(abi, "a step cannot be `extern`", "call the foreign function inside an `async fn`");
    }
    if let Some(variadic) = &sig.variadic {
        report.error(variadic, "a step cannot take a variable number of arguments", "take a `Vec`");
    }
    if let Some(defaultness) = &step.defaultness {
        report.error(defaultness, "a step cannot be `default`", "remove `default`");
    }
}

fn check_receiver(step: &StepFn, policy: &Policy, report: &Report<'_>) {
    let Some(receiver) = step.sig.receiver() else { return };
    match Receiver::of(&step.sig) {
        Some(Receiver::Exclusive) => report.error(
            receiver,
            "a step cannot take `&mut self`: what a failed attempt changed would stay changed in the next",
            "take `&self`",
        ),
        Some(Receiver::Value) if policy.retry.is_some() => report.error(
            receiver,
            "a step with `retry` cannot take `self` by value: the next attempt needs it again",
            "take `&self`, or leave `retry` out",
        ),
        _ => {}
    }
}

fn check_parameters(step: &StepFn, report: &Report<'_>) {
    if let Some(parameter) = configured_parameter(step) {
        report.error(parameter, "a step's parameter cannot be `#[cfg]`", "put the `#[cfg]` on two functions");
    }
}

fn check_output(step: &StepFn, policy: &Policy, report: &Report<'_>) {
    if let Some(found) = impl_trait_in(&step.output) {
        report.error(
            found,
            "a step's output needs a name: `impl Trait` has none",
            "name the type, or return `Box<dyn Trait + Send>`",
        );
    }
    if never(&step.output) {
        report.error(&step.output, "a step that never ends has no result to save", "return `Infallible`");
    }
    if let (Some(span), ReturnType::Default) = (policy.at_most_once, &step.output) {
        let _ = report.0.error_with_help(
            Code::StepSignature,
            span,
            "an `at_most_once` step must be able to say that it was interrupted, and this one returns nothing",
            "return a `Result` whose error implements `From<durable::Interrupted>`",
        );
    }
}

fn configured_parameter(step: &StepFn) -> Option<&FnArg> {
    step.sig.inputs.iter().find(|input| {
        let attrs = match input {
            FnArg::Receiver(receiver) => &receiver.attrs,
            FnArg::Typed(typed) => &typed.attrs,
        };
        attrs.iter().any(|attr| attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr"))
    })
}

fn never(output: &ReturnType) -> bool {
    matches!(output, ReturnType::Type(_, ty) if matches!(**ty, Type::Never(_)))
}

fn impl_trait_in(output: &ReturnType) -> Option<&syn::TypeImplTrait> {
    struct Find<'ast>(Option<&'ast syn::TypeImplTrait>);
    impl<'ast> Visit<'ast> for Find<'ast> {
        fn visit_type_impl_trait(&mut self, found: &'ast syn::TypeImplTrait) {
            self.0.get_or_insert(found);
        }
    }
    let mut find = Find(None);
    find.visit_return_type(output);
    find.0
}
