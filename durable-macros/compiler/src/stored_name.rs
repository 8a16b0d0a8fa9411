//! The name under which stores know a workflow. That of a generic one has parts that only its arguments give.

use crate::{
    diagnostic::{Code, Diagnostics},
    generics::parameters_of,
    graph::plain_name,
};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{GenericParam, Generics, Ident, LitStr, Type};

/// A name in stores.
#[derive(Debug, Clone)]
pub struct StoredName {
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    /// A type parameter: its own name.
    Type(Ident),
    /// A const parameter, and the kind of its value.
    Const(Ident, &'static str),
}

impl StoredName {
    /// Without parameters.
    pub fn plain(name: String) -> Self {
        Self { parts: vec![Part::Text(name)] }
    }

    /// The function's name, with all arguments: `sync<google>`.
    pub fn with_all(function: String, generics: &[&Generics], diagnostics: &Diagnostics) -> Self {
        let parameters: Vec<_> = generics.iter().flat_map(|generics| parameters_of(generics)).collect();
        if parameters.is_empty() {
            return Self::plain(function);
        }
        let mut parts = vec![Part::Text(format!("{function}<"))];
        for (at, parameter) in parameters.iter().enumerate() {
            if at > 0 {
                parts.push(Part::Text(", ".into()));
            }
            parts.extend(part(parameter, generics, diagnostics));
        }
        parts.push(Part::Text(">".into()));
        Self { parts }
    }

    /// What the user wrote, where `{T}` is the argument of a generic workflow's parameter.
    pub fn written(text: &LitStr, generics: &[&Generics], diagnostics: &Diagnostics) -> Self {
        let value = text.value();
        let parameters: Vec<_> = generics.iter().flat_map(|generics| parameters_of(generics)).collect();
        if parameters.is_empty() {
            return Self::plain(value);
        }
        let (mut parts, mut rest) = (Vec::new(), value.as_str());
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else {
                diagnostics.error_at_with_help(
                    Code::Argument,
                    text,
                    "the `{` in this name is not closed",
                    "write `{T}` where the argument of the parameter `T` shall stand",
                );
                break;
            };
            parts.push(Part::Text(before.to_owned()));
            rest = after;
            match parameters.iter().find(|parameter| plain_name(parameter) == name) {
                Some(parameter) => parts.extend(part(parameter, generics, diagnostics)),
                None => {
                    let known: Vec<_> = parameters.iter().map(|known| format!("`{{{known}}}`")).collect();
                    diagnostics.error_at_with_help(
                        Code::Argument,
                        text,
                        format!("the workflow has no type or const parameter `{name}`"),
                        format!("its parameters are {}", known.join(", ")),
                    );
                }
            }
        }
        parts.push(Part::Text(rest.to_owned()));
        Self { parts }
    }

    /// The name, if no argument is part of it.
    pub fn text(&self) -> Option<&str> {
        match &self.parts[..] {
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether the name of this type parameter's argument is part of it.
    pub fn mentions(&self, parameter: &Ident) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Type(ident) if ident == parameter))
    }

    /// The parts, as values of `NamePart`.
    pub fn parts(&self, private: &TokenStream, krate: &syn::Path) -> TokenStream {
        let parts = self.parts.iter().map(|part| match part {
            Part::Text(text) => quote!(Text(#text)),
            Part::Type(ident) => quote!(Text(<#ident as #krate::Named>::NAME)),
            Part::Const(ident, kind) => {
                let kind = Ident::new(kind, ident.span());
                let value = match kind.to_string().as_str() {
                    "Unsigned" => quote!(#ident as u128),
                    "Signed" => quote!(#ident as i128),
                    _ => quote!(#ident),
                };
                quote!(#kind(#value))
            }
        });
        quote!(&[#(#private::NamePart::#parts),*])
    }
}

fn part(parameter: &Ident, generics: &[&Generics], diagnostics: &Diagnostics) -> Option<Part> {
    let declared = generics.iter().flat_map(|generics| &generics.params).find_map(|param| match param {
        GenericParam::Const(constant) if constant.ident == *parameter => Some(constant),
        _ => None,
    });
    let Some(constant) = declared else { return Some(Part::Type(parameter.clone())) };
    let written = match &constant.ty {
        Type::Path(path) => path.path.get_ident().map(ToString::to_string).unwrap_or_default(),
        _ => String::new(),
    };
    let kind = match written.as_str() {
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => "Unsigned",
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => "Signed",
        "bool" => "Bool",
        "char" => "Char",
        _ => {
            diagnostics.error_at_with_help(
                Code::Signature,
                &constant.ty,
                "the value of this parameter is part of the workflow's stored name, so its type must be written as what it is",
                "write the integer type, `bool` or `char` itself, not an alias",
            );
            return None;
        }
    };
    Some(Part::Const(parameter.clone(), kind))
}
