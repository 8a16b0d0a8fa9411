//! Types as they are written: between a text and a schema.

use super::Name;
use crate::schema::{Schema, VariantSchema};
use std::fmt;

/// A type where it is used.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Type {
    /// Without parts.
    Scalar(Schema),
    /// Declared elsewhere.
    Named(Label),
    Option(Box<Type>),
    Seq(Box<Type>),
    Map(Box<Type>, Box<Type>),
    Tuple(Vec<Type>),
    /// So many of one type.
    Array(Box<Type>, u32),
    /// Declared here.
    Inline(Box<Declared>),
    Ref(u32),
}

/// A type as it is declared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Declared {
    pub(super) label: Label,
    pub(super) body: Body,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Body {
    UnitStruct,
    NewtypeStruct(Type),
    TupleStruct(Vec<Type>),
    Struct(Vec<(Name, Type)>),
    Enum(Vec<(Name, Variant)>),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Variant {
    Unit,
    Newtype(Type),
    Tuple(Vec<Type>),
    Struct(Vec<(Name, Type)>),
    Unreadable,
}

/// The name of a type, and what tells it from others of the same name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Label {
    pub(super) name: Name,
    /// Digits of its fingerprint; may be empty.
    pub(super) version: String,
}

/// Scalars by their words.
pub(super) const SCALARS: [(&str, Schema); 16] = [
    ("bool", Schema::Bool),
    ("i8", Schema::I8),
    ("i16", Schema::I16),
    ("i32", Schema::I32),
    ("i64", Schema::I64),
    ("i128", Schema::I128),
    ("u8", Schema::U8),
    ("u16", Schema::U16),
    ("u32", Schema::U32),
    ("u64", Schema::U64),
    ("u128", Schema::U128),
    ("f32", Schema::F32),
    ("f64", Schema::F64),
    ("char", Schema::Char),
    ("String", Schema::String),
    ("Bytes", Schema::Bytes),
];

const WORDS: [&str; 4] = ["Option", "Map", "struct", "enum"];

/// A line of text is not longer, if it can be cut.
const LINE_CHARS_MAX: usize = 100;

/// A name as it stands in a text: in quotes, if it is no plain word.
pub fn name_text(name: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let begins = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let taken = WORDS.contains(&name) || SCALARS.iter().any(|(word, _)| *word == name);
    if begins && !taken && name.chars().all(is_word) {
        return name.to_owned();
    }
    let mut text = String::from("\"");
    for c in name.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            // Whatever could pass for something else in a review is shown by its number.
            c if c.is_ascii_graphic() || c == ' ' || c.is_alphanumeric() => text.push(c),
            c => text.extend(c.escape_unicode()),
        }
    }
    text.push('"');
    text
}

/// The name at the beginning of a text, and the bytes it takes. `None` if there is none.
pub fn read_name(text: &str) -> Option<(String, usize)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let len = text.find(|c| !is_word(c)).unwrap_or(text.len());
        let word = &text[..len];
        return word.starts_with(|c: char| c.is_alphabetic() || c == '_').then(|| (word.to_owned(), len));
    };
    let mut name = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((name, at + 2)),
            '\\' => match chars.next()?.1 {
                c @ ('"' | '\\') => name.push(c),
                'u' => {
                    let digits = quoted[at + 2..].strip_prefix('{')?;
                    let (digits, _) = digits.split_at(digits.find('}').filter(|len| *len <= 6)?);
                    // `from_str_radix` would take a sign.
                    let is_number = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                    let number = is_number.then(|| u32::from_str_radix(digits, 16).ok())??;
                    name.push(char::from_u32(number)?);
                    chars = quoted.char_indices();
                    let _ = chars.nth(quoted[..at + 2 + digits.len() + 1].chars().count());
                }
                _ => return None,
            },
            '\n' => return None,
            c => name.push(c),
        }
    }
    None
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&name_text(&self.name))?;
        if self.version.is_empty() { Ok(()) } else { write!(f, "#{}", self.version) }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Scalar(schema) => match SCALARS.iter().find(|(_, scalar)| scalar == schema) {
                Some((word, _)) => f.write_str(word),
                None => f.write_str("()"),
            },
            Type::Named(label) => write!(f, "{label}"),
            Type::Option(inner) => write!(f, "Option<{inner}>"),
            Type::Seq(inner) => write!(f, "[{inner}]"),
            Type::Map(key, value) => write!(f, "Map<{key}, {value}>"),
            Type::Tuple(parts) if parts.is_empty() => f.write_str("(,)"),
            Type::Tuple(parts) => tuple(f, parts),
            Type::Array(inner, count) => write!(f, "[{inner}; {count}]"),
            Type::Inline(declared) => write!(f, "{declared}"),
            Type::Ref(number) => write!(f, "^{number}"),
        }
    }
}

/// `{:#}` gives each field and each variant a line of its own.
impl fmt::Display for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = &self.label;
        match &self.body {
            Body::UnitStruct => write!(f, "struct {label}"),
            Body::NewtypeStruct(inner) => write!(f, "struct {label}({inner})"),
            Body::TupleStruct(parts) => {
                write!(f, "struct {label}")?;
                tuple(f, parts)
            }
            Body::Struct(fields) => {
                write!(f, "struct {label} ")?;
                members(f, fields.iter().map(|(name, ty)| format!("{}: {ty}", name_text(name))))
            }
            Body::Enum(variants) => {
                write!(f, "enum {label} ")?;
                let long = f.alternate();
                members(f, variants.iter().map(|(name, variant)| variant.text(name, long)))
            }
        }
    }
}

impl Variant {
    fn text(&self, name: &str, long: bool) -> String {
        let name = name_text(name);
        match self {
            Variant::Unit => name,
            Variant::Newtype(inner) => format!("{name}({inner})"),
            Variant::Tuple(parts) => {
                let shown = fmt::from_fn(|f| tuple(f, parts));
                format!("{name}{shown}")
            }
            Variant::Struct(fields) => {
                let fields = || fields.iter().map(|(name, ty)| format!("{}: {ty}", name_text(name)));
                let line = format!("{name} {}", fmt::from_fn(|f| members(f, fields())));
                if !long || line.len() <= LINE_CHARS_MAX {
                    return line;
                }
                let lines: String = fields().map(|field| format!("        {field},\n")).collect();
                format!("{name} {{\n{lines}    }}")
            }
            Variant::Unreadable => format!("{name}(!)"),
        }
    }
}

/// One part has a comma behind it, or it would be a newtype.
fn tuple(f: &mut fmt::Formatter<'_>, parts: &[Type]) -> fmt::Result {
    f.write_str("(")?;
    for (number, part) in parts.iter().enumerate() {
        let comma = if number > 0 { ", " } else { "" };
        write!(f, "{comma}{part}")?;
    }
    f.write_str(if parts.len() == 1 { ",)" } else { ")" })
}

fn members(f: &mut fmt::Formatter<'_>, members: impl Iterator<Item = String>) -> fmt::Result {
    let mut members = members.peekable();
    if members.peek().is_none() {
        return f.write_str("{}");
    }
    if f.alternate() {
        f.write_str("{\n")?;
        members.try_for_each(|member| writeln!(f, "    {member},"))?;
        return f.write_str("}");
    }
    f.write_str("{ ")?;
    for (number, member) in members.enumerate() {
        let comma = if number > 0 { ", " } else { "" };
        write!(f, "{comma}{member}")?;
    }
    f.write_str(" }")
}

impl Body {
    /// The types in it, in order.
    pub(super) fn types(&self) -> Vec<&Type> {
        match self {
            Body::UnitStruct => Vec::new(),
            Body::NewtypeStruct(inner) => vec![inner],
            Body::TupleStruct(parts) => parts.iter().collect(),
            Body::Struct(fields) => fields.iter().map(|(_, ty)| ty).collect(),
            Body::Enum(variants) => variants.iter().flat_map(|(_, variant)| variant.types()).collect(),
        }
    }
}

impl Variant {
    fn types(&self) -> Vec<&Type> {
        match self {
            Variant::Unit | Variant::Unreadable => Vec::new(),
            Variant::Newtype(inner) => vec![inner],
            Variant::Tuple(parts) => parts.iter().collect(),
            Variant::Struct(fields) => fields.iter().map(|(_, ty)| ty).collect(),
        }
    }
}

impl Type {
    /// The declared types it names.
    pub(super) fn named<'t>(&'t self, into: &mut Vec<&'t Label>) {
        match self {
            Type::Scalar(_) | Type::Ref(_) => {}
            Type::Named(label) => into.push(label),
            Type::Option(inner) | Type::Seq(inner) | Type::Array(inner, _) => inner.named(into),
            Type::Map(key, value) => {
                key.named(into);
                value.named(into);
            }
            Type::Tuple(parts) => parts.iter().for_each(|part| part.named(into)),
            Type::Inline(declared) => declared.body.types().into_iter().for_each(|ty| ty.named(into)),
        }
    }

    /// The same type, made from a schema's node with its parts already made.
    pub(super) fn of(schema: &Schema, parts: Vec<Type>) -> Type {
        let mut parts = parts.into_iter();
        let mut next = || Box::new(parts.next().unwrap_or(Type::Ref(u32::MAX)));
        match schema {
            Schema::Option(_) => Type::Option(next()),
            Schema::Seq(_) => Type::Seq(next()),
            Schema::Map(..) => Type::Map(next(), next()),
            Schema::Tuple(_) => {
                let parts: Vec<_> = parts.collect();
                match parts.split_first() {
                    // Shorter ones read well as they are.
                    Some((first, rest)) if rest.len() >= 3 && rest.iter().all(|part| part == first) => {
                        Type::Array(Box::new(first.clone()), parts.len() as u32)
                    }
                    _ => Type::Tuple(parts),
                }
            }
            Schema::Ref(number) => Type::Ref(*number),
            scalar => Type::Scalar(scalar.clone()),
        }
    }
}

impl Body {
    /// The body of a named node, with its parts already made. `None` if it has no name.
    pub(super) fn of(schema: &Schema, parts: Vec<Type>) -> Option<(Name, Body)> {
        let mut parts = parts.into_iter();
        let mut next = || parts.next().unwrap_or(Type::Ref(u32::MAX));
        Some(match schema {
            Schema::UnitStruct { name } => (name.clone(), Body::UnitStruct),
            Schema::NewtypeStruct { name, .. } => (name.clone(), Body::NewtypeStruct(next())),
            Schema::TupleStruct { name, .. } => (name.clone(), Body::TupleStruct(parts.collect())),
            Schema::Struct { name, fields } => {
                let fields = fields.iter().map(|(name, _)| (name.clone(), next())).collect();
                (name.clone(), Body::Struct(fields))
            }
            Schema::Enum { name, variants } => {
                let variants = variants.iter().map(|(name, variant)| {
                    let variant = match variant {
                        VariantSchema::Unit => Variant::Unit,
                        VariantSchema::Unreadable => Variant::Unreadable,
                        VariantSchema::Newtype(_) => Variant::Newtype(next()),
                        VariantSchema::Tuple(fields) => {
                            Variant::Tuple(fields.iter().map(|_| next()).collect())
                        }
                        VariantSchema::Struct(fields) => {
                            Variant::Struct(fields.iter().map(|(name, _)| (name.clone(), next())).collect())
                        }
                    };
                    (name.clone(), variant)
                });
                (name.clone(), Body::Enum(variants.collect()))
            }
            _ => return None,
        })
    }
}
