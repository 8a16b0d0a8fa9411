//! Reading: text nobody vouches for.

use super::{
    Name, SCHEMA_DEPTH_MAX, Schema, TextError,
    expand::Types,
    types::{Body, Declared, Label, SCALARS, Type, Variant, read_name},
};
use std::collections::HashSet;

/// Declared types, by which schemas are read.
#[derive(Debug, Default)]
pub struct Declarations {
    types: Types,
}

impl Declarations {
    /// Reads declarations, one `struct` or `enum` in each text. They may name each other in any order.
    ///
    /// # Errors
    ///
    /// The number of the first text that cannot be read, and why.
    pub fn read<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Self, (usize, TextError)> {
        let (mut all, mut labels) = (Vec::new(), HashSet::new());
        for (number, text) in texts.into_iter().enumerate() {
            let mut reader = Reader { text, at: 0, depth: 0 };
            let declared = reader.word_ahead().and_then(|word| reader.declared(&word));
            let declared = declared.and_then(|declared| reader.end().map(|()| declared));
            let declared = declared.map_err(|error| (number, error))?;
            if !labels.insert(declared.label.clone()) {
                let error = TextError::new(0, format!("type `{}` is declared twice", declared.label));
                return Err((number, error));
            }
            all.push(declared);
        }
        Ok(Self { types: Types::new(all) })
    }

    /// Reads a schema. `nodes_left` limits how large many of them may be together: each takes its nodes off.
    ///
    /// # Errors
    ///
    /// If the text is no type, names one that is not declared, or is larger or deeper than any traced one.
    pub fn schema(&self, text: &str, nodes_left: &mut usize) -> Result<Schema, TextError> {
        let mut reader = Reader { text, at: 0, depth: 0 };
        let ty = reader.ty()?;
        reader.end()?;
        self.types.expand(&ty, nodes_left).map_err(|what| TextError::new(0, what))
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn rest(&mut self) -> &str {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        &self.text[self.at..]
    }

    fn refuse<T>(&mut self, expected: &str) -> Result<T, TextError> {
        let found: String = self.rest().chars().take(12).collect();
        let found = if found.is_empty() { "the end".to_owned() } else { format!("`{}`", found.trim_end()) };
        Err(TextError::new(self.at, format!("expected {expected}, found {found}")))
    }

    fn end(&mut self) -> Result<(), TextError> {
        if self.rest().is_empty() { Ok(()) } else { self.refuse("nothing more") }
    }

    /// Whether the text goes on with this, which is then behind.
    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn expect(&mut self, token: &str) -> Result<(), TextError> {
        if self.take(token) { Ok(()) } else { self.refuse(&format!("`{token}`")) }
    }

    /// The word that comes next, still ahead; empty if it is none.
    fn word_ahead(&mut self) -> Result<String, TextError> {
        let rest = self.rest();
        if rest.starts_with('"') {
            return Ok(String::new());
        }
        Ok(read_name(rest).map(|(word, _)| word).unwrap_or_default())
    }

    fn name(&mut self) -> Result<Name, TextError> {
        match read_name(self.rest()) {
            Some((name, len)) => {
                self.at += len;
                Ok(name.into())
            }
            None => self.refuse("a name"),
        }
    }

    fn number(&mut self) -> Result<u32, TextError> {
        let rest = self.rest();
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        match rest[..digits].parse() {
            Ok(number) => {
                self.at += digits;
                Ok(number)
            }
            Err(_) => self.refuse("a number"),
        }
    }

    fn label(&mut self) -> Result<Label, TextError> {
        let name = self.name()?;
        // No space between the two.
        let Some(digits) = self.text[self.at..].strip_prefix('#') else {
            return Ok(Label { name, version: String::new() });
        };
        let len = digits.len() - digits.trim_start_matches(|c: char| c.is_ascii_hexdigit()).len();
        let version = digits[..len].to_owned();
        self.at += 1;
        if version.is_empty() {
            return self.refuse("the digits of a fingerprint");
        }
        self.at += len;
        Ok(Label { name, version })
    }

    /// One level deeper. The text could be all brackets, and the stack is finite.
    fn ty(&mut self) -> Result<Type, TextError> {
        if self.depth >= SCHEMA_DEPTH_MAX {
            let what = format!("the type is nested deeper than {SCHEMA_DEPTH_MAX} levels");
            return Err(TextError::new(self.at, what));
        }
        self.depth += 1;
        let ty = self.ty_here();
        self.depth -= 1;
        ty
    }

    fn ty_here(&mut self) -> Result<Type, TextError> {
        if self.take("(") {
            return self.tuple_or_unit();
        }
        if self.take("[") {
            let inner = Box::new(self.ty()?);
            let ty = match self.take(";") {
                true => Type::Array(inner, self.number()?),
                false => Type::Seq(inner),
            };
            return self.expect("]").map(|()| ty);
        }
        if self.take("^") {
            return self.number().map(Type::Ref);
        }
        let word = self.word_ahead()?;
        if let Some((word, scalar)) = SCALARS.iter().find(|(scalar, _)| *scalar == word) {
            self.at += word.len();
            return Ok(Type::Scalar(scalar.clone()));
        }
        match word.as_str() {
            "Option" => {
                self.at += word.len();
                self.expect("<")?;
                let inner = Box::new(self.ty()?);
                self.expect(">").map(|()| Type::Option(inner))
            }
            "Map" => {
                self.at += word.len();
                self.expect("<")?;
                let key = Box::new(self.ty()?);
                self.expect(",")?;
                let value = Box::new(self.ty()?);
                self.expect(">").map(|()| Type::Map(key, value))
            }
            "struct" | "enum" => Ok(Type::Inline(Box::new(self.declared(&word)?))),
            _ => match read_name(self.rest()) {
                Some(_) => self.label().map(Type::Named),
                None => self.refuse("a type"),
            },
        }
    }

    fn tuple_or_unit(&mut self) -> Result<Type, TextError> {
        if self.take(")") {
            return Ok(Type::Scalar(Schema::Unit));
        }
        if self.take(",") {
            return self.expect(")").map(|()| Type::Tuple(Vec::new()));
        }
        let (parts, _) = self.list(")", Self::ty)?;
        Ok(Type::Tuple(parts))
    }

    /// What stands between here and the closing token, and whether a comma stands behind the last.
    fn list<T>(
        &mut self,
        close: &str,
        mut element: impl FnMut(&mut Self) -> Result<T, TextError>,
    ) -> Result<(Vec<T>, bool), TextError> {
        let (mut list, mut comma) = (Vec::new(), false);
        while !self.take(close) {
            if !list.is_empty() && !comma {
                return self.refuse(&format!("`,` or `{close}`"));
            }
            list.push(element(self)?);
            comma = self.take(",");
        }
        Ok((list, comma))
    }

    /// One part without a comma behind it is a newtype.
    fn parts(&mut self) -> Result<Result<Type, Vec<Type>>, TextError> {
        let (mut parts, comma) = self.list(")", Self::ty)?;
        match parts.pop() {
            Some(only) if parts.is_empty() && !comma => Ok(Ok(only)),
            last => {
                parts.extend(last);
                Ok(Err(parts))
            }
        }
    }

    fn fields(&mut self) -> Result<Vec<(Name, Type)>, TextError> {
        let field = |this: &mut Self| {
            let name = this.name()?;
            this.expect(":")?;
            Ok((name, this.ty()?))
        };
        self.list("}", field).map(|(fields, _)| fields)
    }

    fn declared(&mut self, word: &str) -> Result<Declared, TextError> {
        if !["struct", "enum"].contains(&word) {
            return self.refuse("`struct` or `enum`");
        }
        self.at += word.len();
        let label = self.label()?;
        if word == "enum" {
            self.expect("{")?;
            let (variants, _) = self.list("}", Self::variant)?;
            return Ok(Declared { label, body: Body::Enum(variants) });
        }
        let body = if self.take("{") {
            Body::Struct(self.fields()?)
        } else if self.take("(") {
            self.parts()?.map_or_else(Body::TupleStruct, Body::NewtypeStruct)
        } else {
            Body::UnitStruct
        };
        Ok(Declared { label, body })
    }

    fn variant(&mut self) -> Result<(Name, Variant), TextError> {
        let name = self.name()?;
        let variant = if self.take("{") {
            Variant::Struct(self.fields()?)
        } else if self.take("(") {
            match self.take("!") {
                true => self.expect(")").map(|()| Variant::Unreadable)?,
                false => self.parts()?.map_or_else(Variant::Tuple, Variant::Newtype),
            }
        } else {
            Variant::Unit
        };
        Ok((name, variant))
    }
}
