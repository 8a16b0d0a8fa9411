//! `#[at(Name)]`, and `#[at(Name, was = "Old")]`.

use super::is_at;
use syn::{
    Attribute, ExprAwait, Ident, LitStr, Token,
    parse::{Parse, ParseStream},
};

/// What the attribute says.
#[derive(Debug, Clone)]
pub struct At {
    /// The await point's name.
    pub name: Ident,
    /// The names that it had in earlier versions.
    pub was: Vec<LitStr>,
}

impl Parse for At {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.parse()?;
        let mut was = Vec::new();
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let key: Ident = input.parse()?;
            if key != "was" {
                return Err(syn::Error::new(key.span(), "it takes `was = \"..\"`"));
            }
            input.parse::<Token![=]>()?;
            was.push(input.parse()?);
        }
        Ok(Self { name, was })
    }
}

/// What an await was given.
pub fn point_at(awaited: &ExprAwait) -> Option<At> {
    awaited.attrs.iter().find(|attr| is_at(attr)).and_then(|attr: &Attribute| attr.parse_args().ok())
}
