//! Functions that give a boxed future: what an `async fn` is in a trait that is used as `dyn`.

use quote::ToTokens;
use syn::{
    AngleBracketedGenericArguments, GenericArgument, Lifetime, PathArguments, PathSegment, ReturnType, Type,
    TypeParamBound, TypeTraitObject,
};

/// A written type of a boxed future.
#[derive(Clone)]
pub(super) struct Boxed {
    /// The whole type.
    pub(super) ty: Type,
    /// What the future gives.
    pub(super) output: Type,
    /// How long it lives; `'static` unless it is written.
    pub(super) lifetime: Option<Lifetime>,
    /// Whether its tokens say that it may be sent to another thread, or hide it in an alias.
    pub(super) sendable: bool,
}

impl Boxed {
    /// `BoxFuture<'_, T>` or `Pin<Box<dyn Future<Output = T> + Send + '_>>`.
    pub(super) fn of(output: &ReturnType) -> Option<Self> {
        let ReturnType::Type(_, ty) = output else { return None };
        let last = last_segment(ty)?;
        match last.ident.to_string().as_str() {
            "BoxFuture" => Self::of_alias(ty, arguments(last)?),
            "Pin" => Self::of_pin(ty, arguments(last)?),
            _ => None,
        }
    }

    fn of_alias(ty: &Type, arguments: &AngleBracketedGenericArguments) -> Option<Self> {
        let lifetime = arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::Lifetime(lifetime) => Some(lifetime.clone()),
            _ => None,
        });
        let output = only_type(arguments)?.clone();
        Some(Self { ty: ty.clone(), output, lifetime, sendable: true })
    }

    fn of_pin(ty: &Type, arguments: &AngleBracketedGenericArguments) -> Option<Self> {
        let boxed = last_segment(only_type(arguments)?).filter(|last| last.ident == "Box")?;
        let Type::TraitObject(object) = only_type(self::arguments(boxed)?)? else { return None };
        let output = output_of(object)?.clone();
        let lifetime = object.bounds.iter().find_map(|bound| match bound {
            TypeParamBound::Lifetime(lifetime) => Some(lifetime.clone()),
            _ => None,
        });
        let sendable =
            object.bounds.iter().any(|bound| named(bound).is_some_and(|last| last.ident == "Send"));
        Some(Self { ty: ty.clone(), output, lifetime, sendable })
    }
}

/// `T` of `dyn Future<Output = T>`.
fn output_of(object: &TypeTraitObject) -> Option<&Type> {
    let future = object.bounds.iter().filter_map(named).find(|last| last.ident == "Future")?;
    arguments(future)?.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(given) if given.ident == "Output" => Some(&given.ty),
        _ => None,
    })
}

fn named(bound: &TypeParamBound) -> Option<&PathSegment> {
    match bound {
        TypeParamBound::Trait(bound) => bound.path.segments.last(),
        _ => None,
    }
}

fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(path) => path.path.segments.last(),
        Type::Paren(paren) => last_segment(&paren.elem),
        Type::Group(group) => last_segment(&group.elem),
        _ => None,
    }
}

fn arguments(segment: &PathSegment) -> Option<&AngleBracketedGenericArguments> {
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(arguments),
        _ => None,
    }
}

fn only_type(arguments: &AngleBracketedGenericArguments) -> Option<&Type> {
    let mut types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.next().filter(|_| types.next().is_none())
}

impl ToTokens for Boxed {
    fn to_tokens(&self, tokens: &mut proc_macro2::TokenStream) {
        self.ty.to_tokens(tokens);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn seen(output: ReturnType) -> Option<(String, Option<String>, bool)> {
        let Boxed { output, lifetime, sendable, .. } = Boxed::of(&output)?;
        let lifetime = lifetime.map(|lifetime| lifetime.to_string());
        Some((output.to_token_stream().to_string(), lifetime, sendable))
    }

    #[test]
    fn a_boxed_future_is_known_by_how_it_is_written() {
        let some = |output: &str, lifetime: Option<&str>, sendable| {
            Some((output.to_owned(), lifetime.map(str::to_owned), sendable))
        };
        assert_eq!(seen(parse_quote!(-> BoxFuture<'_, u32>)), some("u32", Some("'_"), true));
        assert_eq!(seen(parse_quote!(-> futures::future::BoxFuture<'a, u32>)), some("u32", Some("'a"), true));
        assert_eq!(
            seen(parse_quote!(-> std::pin::Pin<Box<dyn Future<Output = u32> + Send>>)),
            some("u32", None, true)
        );
        assert_eq!(
            seen(parse_quote!(-> Pin<Box<dyn std::future::Future<Output = u32> + 'a>>)),
            some("u32", Some("'a"), false)
        );
        assert_eq!(seen(parse_quote!(-> Pin<Box<u32>>)), None);
        assert_eq!(seen(parse_quote!(-> Result<u32, E>)), None);
    }
}
