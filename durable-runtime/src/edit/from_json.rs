//! From JSON to a value of a schema: every form that [`Value`] has as JSON is read back, and whatever does not fit is named by its
//! place.

use durable_core::schema::{Name, Schema, VALUE_DEPTH_MAX, Value, VariantSchema, VariantValue};
use serde_json::{Map, Value as Json};
use std::{cell::OnceCell, fmt};

/// More would not be read.
const PROBLEMS_MAX: usize = 50;

/// Something in the JSON of an edit that the saved types do not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EditProblem {
    /// Where: `state.order.lines[2].sku`, and `child.state.payment` inside a child workflow.
    pub path: String,
    /// What is wrong there, and what may stand there.
    pub problem: String,
}

impl fmt::Display for EditProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.path, self.problem)
    }
}

/// Reads a value; `None` if there are problems, which are added. `path` is where it stands.
pub(super) fn read(
    schema: &Schema,
    json: &Json,
    path: &str,
    problems: &mut Vec<EditProblem>,
) -> Option<Value> {
    Reader { root: schema, nodes: OnceCell::new(), path: path.to_owned(), problems }.value(schema, json, 0)
}

/// Adds a problem, if there are not too many.
pub(super) fn add(problems: &mut Vec<EditProblem>, path: &str, problem: impl Into<String>) {
    if problems.len() < PROBLEMS_MAX {
        problems.push(EditProblem { path: path.to_owned(), problem: problem.into() });
    }
}

struct Reader<'s, 'p> {
    root: &'s Schema,
    nodes: OnceCell<Vec<&'s Schema>>,
    path: String,
    problems: &'p mut Vec<EditProblem>,
}

impl<'s> Reader<'s, '_> {
    fn value(&mut self, schema: &'s Schema, json: &Json, depth: usize) -> Option<Value> {
        if depth >= VALUE_DEPTH_MAX {
            return self.problem(format!("nests deeper than {VALUE_DEPTH_MAX} levels"));
        }
        let depth = depth + 1;
        match schema {
            Schema::Unit => self.null(json).map(|()| Value::Unit),
            Schema::UnitStruct { name } => self.null(json).map(|()| Value::UnitStruct { name: name.clone() }),
            Schema::Bool => match json {
                Json::Bool(value) => Some(Value::Bool(*value)),
                _ => self.expected("true or false", json),
            },
            Schema::I8 | Schema::I16 | Schema::I32 | Schema::I64 | Schema::I128 => {
                self.signed(schema, integer(json), json)
            }
            Schema::U8 | Schema::U16 | Schema::U32 | Schema::U64 | Schema::U128 => {
                self.unsigned(schema, integer(json), json)
            }
            Schema::F32 => self.f32(json),
            Schema::F64 => match float(json) {
                Some(number) => Some(Value::F64(number)),
                None => self.expected("a number", json),
            },
            Schema::Char => match json.as_str().and_then(one_char) {
                Some(value) => Some(Value::Char(value)),
                None => self.expected("a string of one character", json),
            },
            Schema::String => match json {
                Json::String(text) => Some(Value::String(text.clone())),
                _ => self.expected("a string", json),
            },
            Schema::Bytes => match json.as_str().and_then(bytes) {
                Some(bytes) => Some(Value::Bytes(bytes)),
                None => self.expected("a string of hexadecimal digits, two for each byte", json),
            },
            Schema::Option(inner) => self.option(inner, json, depth),
            Schema::Seq(inner) => {
                let Json::Array(elements) = json else { return self.expected("an array", json) };
                let inner = std::iter::repeat(&**inner);
                self.elements(inner, elements, depth).map(Value::Seq)
            }
            Schema::Map(key, value) => self.map(key, value, json, depth),
            Schema::Tuple(fields) => self.tuple(fields, json, depth).map(Value::Tuple),
            Schema::NewtypeStruct { name, inner } => {
                let inner = Box::new(self.value(inner, json, depth)?);
                Some(Value::NewtypeStruct { name: name.clone(), inner })
            }
            Schema::TupleStruct { name, fields } => {
                let fields = self.tuple(fields, json, depth)?;
                Some(Value::TupleStruct { name: name.clone(), fields })
            }
            Schema::Struct { name, fields } => {
                let fields = self.fields(fields, json, depth)?;
                Some(Value::Struct { name: name.clone(), fields })
            }
            Schema::Enum { name, variants } => self.variant(name, variants, json, depth),
            Schema::Ref(number) => {
                let schema = self.resolve(*number)?;
                self.value(schema, json, depth)
            }
        }
    }

    fn resolve(&mut self, number: u32) -> Option<&'s Schema> {
        let nodes = self.nodes.get_or_init(|| self.root.nodes());
        match nodes.get(number as usize).copied() {
            Some(schema) if !matches!(schema, Schema::Ref(_)) => Some(schema),
            _ => self.problem(format!("has a damaged schema: it refers to node {number}")),
        }
    }

    fn null(&mut self, json: &Json) -> Option<()> {
        if json.is_null() { Some(()) } else { self.expected("null", json) }
    }

    fn signed(&mut self, schema: &Schema, number: Option<Integer>, json: &Json) -> Option<Value> {
        let (name, min, max) = match schema {
            Schema::I8 => ("i8", i8::MIN.into(), i8::MAX.into()),
            Schema::I16 => ("i16", i16::MIN.into(), i16::MAX.into()),
            Schema::I32 => ("i32", i32::MIN.into(), i32::MAX.into()),
            Schema::I64 => ("i64", i64::MIN.into(), i64::MAX.into()),
            _ => ("i128", i128::MIN, i128::MAX),
        };
        match number.and_then(Integer::signed) {
            Some(number) if (min..=max).contains(&number) => Some(Value::Signed(number)),
            _ => self.expected(&format!("an integer that fits {name}"), json),
        }
    }

    fn unsigned(&mut self, schema: &Schema, number: Option<Integer>, json: &Json) -> Option<Value> {
        let (name, max) = match schema {
            Schema::U8 => ("u8", u8::MAX.into()),
            Schema::U16 => ("u16", u16::MAX.into()),
            Schema::U32 => ("u32", u32::MAX.into()),
            Schema::U64 => ("u64", u64::MAX.into()),
            _ => ("u128", u128::MAX),
        };
        match number.and_then(Integer::unsigned) {
            Some(number) if number <= max => Some(Value::Unsigned(number)),
            _ => self.expected(&format!("an integer that fits {name}"), json),
        }
    }

    /// A number that is finite and no `f32` is refused, not made infinite.
    fn f32(&mut self, json: &Json) -> Option<Value> {
        match float(json) {
            Some(number) if !number.is_finite() || (number as f32).is_finite() => {
                Some(Value::F32(number as f32))
            }
            _ => self.expected("a number that fits f32", json),
        }
    }

    /// `Some` of what is null itself is written `{"Some": ..}`.
    fn option(&mut self, inner: &'s Schema, json: &Json, depth: usize) -> Option<Value> {
        if json.is_null() {
            return Some(Value::Option(None));
        }
        let json = if is_marked(json) { &json["Some"] } else { json };
        Some(Value::Option(Some(Box::new(self.value(inner, json, depth)?))))
    }

    /// An object if all keys can be text, else pairs.
    fn map(&mut self, key: &'s Schema, value: &'s Schema, json: &Json, depth: usize) -> Option<Value> {
        let mut pairs = Vec::new();
        let before = self.problems.len();
        match json {
            Json::Object(object) => {
                for (text, json) in object {
                    let pair = self.inside(format_args!("[{text:?}]"), |reader| {
                        let key = reader.key(key, text, depth);
                        key.zip(reader.value(value, json, depth))
                    });
                    pairs.extend(pair);
                }
            }
            Json::Array(elements) => {
                for (at, json) in elements.iter().enumerate() {
                    let pair = self.inside(format_args!("[{at}]"), |reader| {
                        let Json::Array(pair) = json else { return reader.expected("a pair", json) };
                        let [key_json, value_json] = pair.as_slice() else {
                            return reader.expected("a pair", json);
                        };
                        let key = reader.inside(format_args!("[0]"), |r| r.value(key, key_json, depth));
                        key.zip(reader.inside(format_args!("[1]"), |r| r.value(value, value_json, depth)))
                    });
                    pairs.extend(pair);
                }
            }
            _ => return self.expected("an object, or an array of pairs", json),
        }
        (self.problems.len() == before).then_some(Value::Map(pairs))
    }

    /// A key as text.
    fn key(&mut self, schema: &'s Schema, text: &str, depth: usize) -> Option<Value> {
        let json = || Json::String(text.to_owned());
        match schema {
            Schema::Bool => match text.parse() {
                Ok(value) => Some(Value::Bool(value)),
                Err(_) => self.expected("true or false as its key", &json()),
            },
            Schema::I8 | Schema::I16 | Schema::I32 | Schema::I64 | Schema::I128 => {
                self.signed(schema, parsed(text), &json())
            }
            Schema::U8 | Schema::U16 | Schema::U32 | Schema::U64 | Schema::U128 => {
                self.unsigned(schema, parsed(text), &json())
            }
            Schema::NewtypeStruct { name, inner } if depth < VALUE_DEPTH_MAX => {
                let inner = Box::new(self.key(inner, text, depth + 1)?);
                Some(Value::NewtypeStruct { name: name.clone(), inner })
            }
            Schema::Ref(number) if depth < VALUE_DEPTH_MAX => {
                let schema = self.resolve(*number)?;
                self.key(schema, text, depth + 1)
            }
            Schema::String | Schema::Char | Schema::Enum { .. } => self.value(schema, &json(), depth),
            _ => self.problem("cannot be a key: write this map as an array of pairs"),
        }
    }

    fn tuple(&mut self, fields: &'s [Schema], json: &Json, depth: usize) -> Option<Vec<Value>> {
        match json {
            Json::Array(elements) if elements.len() == fields.len() => {
                self.elements(fields.iter(), elements, depth)
            }
            _ => self.expected(&format!("an array of {}", fields.len()), json),
        }
    }

    fn elements(
        &mut self,
        schemas: impl Iterator<Item = &'s Schema>,
        elements: &[Json],
        depth: usize,
    ) -> Option<Vec<Value>> {
        let mut values = Vec::with_capacity(elements.len());
        for (at, (schema, json)) in schemas.zip(elements).enumerate() {
            values.extend(self.inside(format_args!("[{at}]"), |reader| reader.value(schema, json, depth)));
        }
        (values.len() == elements.len()).then_some(values)
    }

    fn fields(
        &mut self,
        fields: &'s [(Name, Schema)],
        json: &Json,
        depth: usize,
    ) -> Option<Vec<(Name, Value)>> {
        let Json::Object(object) = json else { return self.expected("an object", json) };
        let mut values = Vec::with_capacity(fields.len());
        for (name, schema) in fields {
            let value = self.inside(format_args!(".{name}"), |reader| match object.get(&**name) {
                Some(json) => reader.value(schema, json, depth),
                None => reader.problem("is missing"),
            });
            values.extend(value.map(|value| (name.clone(), value)));
        }
        let known = self.all_known(object, fields.iter().map(|(name, _)| &**name));
        (known && values.len() == fields.len()).then_some(values)
    }

    fn all_known<'n>(
        &mut self,
        object: &Map<String, Json>,
        names: impl Iterator<Item = &'n str> + Clone,
    ) -> bool {
        let unknown = object.keys().filter(|key| !names.clone().any(|name| name == *key));
        let mut known = true;
        for key in unknown {
            known = false;
            let names = names.clone().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let there =
                if names.is_empty() { "there is no field".into() } else { format!("there is {names}") };
            self.inside(format_args!(".{key}"), |r| r.problem::<()>(format!("is unknown: {there}")));
        }
        known
    }

    fn variant(
        &mut self,
        name: &Name,
        variants: &'s [(Name, VariantSchema)],
        json: &Json,
        depth: usize,
    ) -> Option<Value> {
        let (found, payload) = match json {
            Json::String(found) => (found.as_str(), None),
            Json::Object(object) if object.len() == 1 => {
                let (found, payload) = object.iter().next()?;
                (found.as_str(), Some(payload))
            }
            _ => return self.expected(&format!("a variant of `{name}`: {}", listed(variants)), json),
        };
        let known = variants.iter().find(|(variant, _)| **variant == *found);
        let value = match (known, payload) {
            (Some((_, VariantSchema::Unit)), None) => VariantValue::Unit,
            (Some((_, VariantSchema::Newtype(inner))), Some(json)) => {
                let inner = self.inside(format_args!(".{found}"), |r| r.value(inner, json, depth))?;
                VariantValue::Newtype(Box::new(inner))
            }
            (Some((_, VariantSchema::Tuple(fields))), Some(json)) => VariantValue::Tuple(
                self.inside(format_args!(".{found}"), |reader| reader.tuple(fields, json, depth))?,
            ),
            (Some((_, VariantSchema::Struct(fields))), Some(json)) => VariantValue::Struct(
                self.inside(format_args!(".{found}"), |reader| reader.fields(fields, json, depth))?,
            ),
            _ => return self.expected(&format!("a variant of `{name}`: {}", listed(variants)), json),
        };
        let (variant, _) = known?;
        Some(Value::Enum { name: name.clone(), variant: variant.clone(), payload: value })
    }

    fn inside<T>(&mut self, step: fmt::Arguments<'_>, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        // A `String` takes whatever is written.
        let _ = fmt::Write::write_fmt(&mut self.path, step);
        let found = read(self);
        self.path.truncate(length);
        found
    }

    fn expected<T>(&mut self, what: &str, found: &Json) -> Option<T> {
        let found = match found {
            Json::Array(_) => "an array".to_owned(),
            Json::Object(_) => "an object".to_owned(),
            Json::String(text) if text.len() > 60 => "a string".to_owned(),
            scalar => scalar.to_string(),
        };
        self.problem(format!("must be {what}, and is {found}"))
    }

    fn problem<T>(&mut self, problem: impl Into<String>) -> Option<T> {
        add(self.problems, &self.path, problem);
        None
    }
}

/// Variants as they are written.
fn listed(variants: &[(Name, VariantSchema)]) -> String {
    let written = variants.iter().filter_map(|(name, variant)| match variant {
        VariantSchema::Unit => Some(format!("\"{name}\"")),
        VariantSchema::Unreadable => None,
        _ => Some(format!("{{\"{name}\": ..}}")),
    });
    written.collect::<Vec<_>>().join(", ")
}

/// `{"Some": ..}` around null, once or several times.
fn is_marked(json: &Json) -> bool {
    match json {
        Json::Object(object) if object.len() == 1 => {
            object.get("Some").is_some_and(|inner| inner.is_null() || is_marked(inner))
        }
        _ => false,
    }
}

#[derive(Clone, Copy)]
enum Integer {
    Negative(i128),
    Positive(u128),
}

impl Integer {
    fn signed(self) -> Option<i128> {
        match self {
            Self::Negative(number) => Some(number),
            Self::Positive(number) => number.try_into().ok(),
        }
    }

    fn unsigned(self) -> Option<u128> {
        match self {
            Self::Negative(_) => None,
            Self::Positive(number) => Some(number),
        }
    }
}

/// A number, or the text of one that JSON cannot hold.
fn integer(json: &Json) -> Option<Integer> {
    match json {
        Json::Number(number) => number
            .as_u64()
            .map(|number| Integer::Positive(number.into()))
            .or_else(|| number.as_i64().map(|number| Integer::Negative(number.into()))),
        Json::String(text) => parsed(text),
        _ => None,
    }
}

fn parsed(text: &str) -> Option<Integer> {
    let negative = || text.parse().ok().map(Integer::Negative);
    text.parse().ok().map(Integer::Positive).or_else(negative)
}

/// A number, or the text of one that JSON cannot hold.
fn float(json: &Json) -> Option<f64> {
    match json {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "inf" => Some(f64::INFINITY),
            "-inf" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

fn one_char(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars.next().filter(|_| chars.next().is_none())
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some((digit(*high)? * 16 + digit(*low)?) as u8));
    if rest.is_empty() { bytes.collect() } else { None }
}
