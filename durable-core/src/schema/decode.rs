//! Reading postcard bytes by a schema alone: to a [`Value`], or only past it.
//!
//! Accepts and refuses what the postcard crate does, and is bounded besides: in depth, and in the number of
//! values, because elements of no bytes (`Vec<()>`) would else let ten bytes cost hours.

use std::cell::OnceCell;

use super::{Name, Schema, Value, VariantSchema, VariantValue};

/// The deepest nesting of values that is decoded.
pub const VALUE_DEPTH_MAX: usize = 128;

/// The same where the program's own type reads it, and no [`Value`]s are made: as deep as a thread's stack holds, with some to spare.
const DEPTH_OF_A_PROGRAM: usize = 512;

/// Values that may be read whatever the length of the input.
const VALUES_FREE: u64 = 1 << 20;
/// The same where no [`Value`]s are made of them: about a second's worth.
const VALUES_OF_A_PROGRAM: u64 = 1 << 28;
/// Values that may be read for each byte of input: wrappers and fields of no bytes cost nothing on the wire.
const VALUES_PER_BYTE: u64 = 16;

/// Why bytes are not a value of a schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end early.
    #[error(
        "the value needs {need} more bytes at byte {at}, {have} are left; it was cut, or has another schema"
    )]
    Truncated {
        /// Where.
        at: usize,
        /// How many more bytes the value needs there.
        need: u64,
        /// How many there are.
        have: usize,
    },
    /// Bytes that are not what the schema says.
    #[error("byte {at} is not {expected}; the value was damaged, or has another schema")]
    Invalid {
        /// Where.
        at: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// A variant the enum does not have, or that cannot be read.
    #[error(
        "byte {at} names variant {found} of `{name}`, which has no such readable variant; the value has another schema"
    )]
    UnknownVariant {
        /// Where.
        at: usize,
        /// The enum.
        name: Name,
        /// The position found.
        found: u32,
    },
    /// Nested deeper than [`VALUE_DEPTH_MAX`]; or, where the type itself reads it, than a thread's stack holds.
    #[error("the value nests deeper than {max} levels at byte {at}; flatten the type{}", otherwise(*max))]
    TooDeep {
        /// Where.
        at: usize,
        /// The limit.
        max: usize,
    },
    /// More values than the bytes can honestly hold.
    #[error("more than {max} values in {bytes} bytes; a count in it is damaged or hostile")]
    TooManyValues {
        /// The limit for this input.
        max: u64,
        /// The length of the input.
        bytes: usize,
    },
    /// Bytes after the last value.
    #[error("{left} bytes are left at byte {at}, where the value ends; the value has another schema")]
    Trailing {
        /// Where.
        at: usize,
        /// How many.
        left: usize,
    },
    /// A [`Schema::Ref`] that points nowhere: the schema was made or taken apart by hand.
    #[error("the schema refers to its node {number}, which is not there; decode with the whole schema")]
    DanglingRef {
        /// The number.
        number: u32,
    },
}

fn otherwise(depth_max: usize) -> &'static str {
    if depth_max > VALUE_DEPTH_MAX { "" } else { ", or read it with the type itself" }
}

impl DecodeError {
    /// The same, of bytes that begin later.
    pub(crate) fn further(mut self, by: usize) -> Self {
        match &mut self {
            Self::Truncated { at, .. }
            | Self::Invalid { at, .. }
            | Self::UnknownVariant { at, .. }
            | Self::TooDeep { at, .. }
            | Self::Trailing { at, .. } => *at += by,
            Self::TooManyValues { .. } | Self::DanglingRef { .. } => {}
        }
        self
    }
}

impl Schema {
    /// Reads one value and returns it with the bytes after it.
    pub fn decode<'b>(&self, bytes: &'b [u8]) -> Result<(Value, &'b [u8]), DecodeError> {
        self.decode_part(bytes, &mut Allowance::of(bytes))
    }

    /// The same for one of several values in the bytes that the allowance is for.
    pub(crate) fn decode_part<'b>(
        &self,
        bytes: &'b [u8],
        allowance: &mut Allowance,
    ) -> Result<(Value, &'b [u8]), DecodeError> {
        let mut reader = Reader { root: self, nodes: OnceCell::new(), bytes, at: 0, allowance };
        let value = reader.value(self, 0)?;
        Ok((value, &bytes[reader.at..]))
    }

    /// The length of the one value `bytes` begin with.
    pub fn skip(&self, bytes: &[u8]) -> Result<usize, DecodeError> {
        self.skip_part(bytes, &mut Allowance::of(bytes))
    }

    /// The same for one of several values in the bytes that the allowance is for.
    pub(crate) fn skip_part(&self, bytes: &[u8], allowance: &mut Allowance) -> Result<usize, DecodeError> {
        let mut reader = Reader { root: self, nodes: OnceCell::new(), bytes, at: 0, allowance };
        reader.skip(self, 0)?;
        Ok(reader.at)
    }
}

/// How many values may be read from some bytes, however many parts these are read in.
pub(crate) struct Allowance {
    values: u64,
    max: u64,
    bytes: usize,
    /// By the program's own types, which are no larger than somebody has written.
    is_of_program: bool,
}

impl Allowance {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let max = VALUES_FREE + VALUES_PER_BYTE * bytes.len() as u64;
        Self { values: 0, max, bytes: bytes.len(), is_of_program: false }
    }

    /// What the program itself has saved: it makes no [`Value`]s of them, so that there may be more.
    pub(crate) fn of_a_program(bytes: &[u8]) -> Self {
        let max = VALUES_OF_A_PROGRAM + VALUES_PER_BYTE * bytes.len() as u64;
        Self { values: 0, max, bytes: bytes.len(), is_of_program: true }
    }

    fn depth_max(&self) -> usize {
        if self.is_of_program { DEPTH_OF_A_PROGRAM } else { VALUE_DEPTH_MAX }
    }

    fn take(&mut self, values: u64) -> Result<(), DecodeError> {
        self.values = self.values.saturating_add(values);
        match self.values > self.max {
            true => Err(DecodeError::TooManyValues { max: self.max, bytes: self.bytes }),
            false => Ok(()),
        }
    }
}

struct Reader<'s, 'b, 'a> {
    root: &'s Schema,
    nodes: OnceCell<Vec<&'s Schema>>,
    bytes: &'b [u8],
    at: usize,
    allowance: &'a mut Allowance,
}

impl<'s, 'b> Reader<'s, 'b, '_> {
    fn value(&mut self, schema: &'s Schema, depth: usize) -> Result<Value, DecodeError> {
        let depth = self.enter(depth)?;
        Ok(match schema {
            Schema::Unit => Value::Unit,
            Schema::Bool => Value::Bool(self.bool()?),
            Schema::I8 => Value::Signed(i128::from(self.byte()? as i8)),
            Schema::I16 | Schema::I32 | Schema::I64 | Schema::I128 => {
                Value::Signed(zigzag(self.varint(bits(schema))?))
            }
            Schema::U8 => Value::Unsigned(u128::from(self.byte()?)),
            Schema::U16 | Schema::U32 | Schema::U64 | Schema::U128 => {
                Value::Unsigned(self.varint(bits(schema))?)
            }
            Schema::F32 => Value::F32(f32::from_le_bytes(self.array()?)),
            Schema::F64 => Value::F64(f64::from_le_bytes(self.array()?)),
            Schema::Char => Value::Char(self.char()?),
            Schema::String => Value::String(self.str()?.to_owned()),
            Schema::Bytes => Value::Bytes(self.counted()?.to_vec()),
            Schema::Option(inner) => Value::Option(match self.option()? {
                true => Some(Box::new(self.value(inner, depth)?)),
                false => None,
            }),
            Schema::Seq(inner) => Value::Seq(self.seq(inner, depth)?),
            Schema::Map(key, value) => Value::Map(self.map(key, value, depth)?),
            Schema::Tuple(fields) => Value::Tuple(self.tuple(fields, depth)?),
            Schema::UnitStruct { name } => Value::UnitStruct { name: name.clone() },
            Schema::NewtypeStruct { name, inner } => {
                Value::NewtypeStruct { name: name.clone(), inner: Box::new(self.value(inner, depth)?) }
            }
            Schema::TupleStruct { name, fields } => {
                Value::TupleStruct { name: name.clone(), fields: self.tuple(fields, depth)? }
            }
            Schema::Struct { name, fields } => {
                Value::Struct { name: name.clone(), fields: self.fields(fields, depth)? }
            }
            Schema::Enum { name, variants } => {
                let (variant, payload) = self.variant(name, variants)?;
                let payload = match payload {
                    VariantSchema::Newtype(inner) => {
                        VariantValue::Newtype(Box::new(self.value(inner, depth)?))
                    }
                    VariantSchema::Tuple(fields) => VariantValue::Tuple(self.tuple(fields, depth)?),
                    VariantSchema::Struct(fields) => VariantValue::Struct(self.fields(fields, depth)?),
                    VariantSchema::Unit | VariantSchema::Unreadable => VariantValue::Unit,
                };
                Value::Enum { name: name.clone(), variant: variant.clone(), payload }
            }
            Schema::Ref(number) => self.value(self.resolve(*number)?, depth)?,
        })
    }

    /// What has no parts is skipped elsewhere: what calls itself is to take little of the stack.
    fn skip(&mut self, schema: &'s Schema, depth: usize) -> Result<(), DecodeError> {
        let depth = self.enter(depth)?;
        match schema {
            Schema::Option(inner) => match self.option()? {
                true => self.skip(inner, depth),
                false => Ok(()),
            },
            Schema::Seq(inner) => self.skip_elements(inner, None, depth),
            Schema::Map(key, value) => self.skip_elements(key, Some(value), depth),
            Schema::NewtypeStruct { inner, .. } => self.skip(inner, depth),
            Schema::Tuple(fields) | Schema::TupleStruct { fields, .. } => self.skip_tuple(fields, depth),
            Schema::Struct { fields, .. } => self.skip_fields(fields, depth),
            Schema::Enum { name, variants } => match self.variant(name, variants)?.1 {
                VariantSchema::Unit | VariantSchema::Unreadable => Ok(()),
                VariantSchema::Newtype(inner) => self.skip(inner, depth),
                VariantSchema::Tuple(fields) => self.skip_tuple(fields, depth),
                VariantSchema::Struct(fields) => self.skip_fields(fields, depth),
            },
            Schema::Ref(number) => self.skip(self.resolve(*number)?, depth),
            leaf => self.skip_leaf(leaf),
        }
    }

    fn skip_leaf(&mut self, schema: &Schema) -> Result<(), DecodeError> {
        match schema {
            Schema::Bool => drop(self.bool()?),
            Schema::I8 | Schema::U8 => drop(self.byte()?),
            Schema::I16 | Schema::I32 | Schema::I64 | Schema::I128 => drop(self.varint(bits(schema))?),
            Schema::U16 | Schema::U32 | Schema::U64 | Schema::U128 => drop(self.varint(bits(schema))?),
            Schema::F32 => drop(self.array::<4>()?),
            Schema::F64 => drop(self.array::<8>()?),
            Schema::Char => drop(self.char()?),
            Schema::String => drop(self.str()?),
            Schema::Bytes => drop(self.counted()?),
            // `()` and `struct Name;`
            _ => {}
        }
        Ok(())
    }

    /// The elements of a sequence, or the keys and values of a map.
    fn skip_elements(
        &mut self,
        first: &'s Schema,
        second: Option<&'s Schema>,
        depth: usize,
    ) -> Result<(), DecodeError> {
        let count = self.count()?;
        if self.allowance.is_of_program
            && first.is_always_empty()
            && second.is_none_or(Schema::is_always_empty)
        {
            return self.allowance.take(count);
        }
        for _ in 0..count {
            self.skip(first, depth)?;
            if let Some(second) = second {
                self.skip(second, depth)?;
            }
        }
        Ok(())
    }

    fn skip_tuple(&mut self, fields: &'s [Schema], depth: usize) -> Result<(), DecodeError> {
        for field in fields {
            self.skip(field, depth)?;
        }
        Ok(())
    }

    fn skip_fields(&mut self, fields: &'s [(Name, Schema)], depth: usize) -> Result<(), DecodeError> {
        for (_, field) in fields {
            self.skip(field, depth)?;
        }
        Ok(())
    }

    fn seq(&mut self, inner: &'s Schema, depth: usize) -> Result<Vec<Value>, DecodeError> {
        let count = self.count()?;
        // Never reserved by the count alone: it is not trusted before the elements are there.
        let mut values = Vec::with_capacity(count.min(self.left() as u64).min(1024) as usize);
        for _ in 0..count {
            values.push(self.value(inner, depth)?);
        }
        Ok(values)
    }

    fn map(
        &mut self,
        key: &'s Schema,
        value: &'s Schema,
        depth: usize,
    ) -> Result<Vec<(Value, Value)>, DecodeError> {
        let mut pairs = Vec::new();
        for _ in 0..self.count()? {
            pairs.push((self.value(key, depth)?, self.value(value, depth)?));
        }
        Ok(pairs)
    }

    fn tuple(&mut self, fields: &'s [Schema], depth: usize) -> Result<Vec<Value>, DecodeError> {
        fields.iter().map(|field| self.value(field, depth)).collect()
    }

    fn fields(
        &mut self,
        fields: &'s [(Name, Schema)],
        depth: usize,
    ) -> Result<Vec<(Name, Value)>, DecodeError> {
        fields.iter().map(|(name, field)| Ok((name.clone(), self.value(field, depth)?))).collect()
    }

    fn variant(
        &mut self,
        name: &Name,
        variants: &'s [(Name, VariantSchema)],
    ) -> Result<(&'s Name, &'s VariantSchema), DecodeError> {
        let at = self.at;
        let found = self.varint(32)? as u32;
        match variants.get(found as usize) {
            Some((variant, payload)) if *payload != VariantSchema::Unreadable => Ok((variant, payload)),
            _ => Err(DecodeError::UnknownVariant { at, name: name.clone(), found }),
        }
    }

    fn resolve(&self, number: u32) -> Result<&'s Schema, DecodeError> {
        let nodes = self.nodes.get_or_init(|| self.root.nodes());
        match nodes.get(number as usize) {
            Some(schema) if schema.is_composite() => Ok(schema),
            _ => Err(DecodeError::DanglingRef { number }),
        }
    }

    fn enter(&mut self, depth: usize) -> Result<usize, DecodeError> {
        let max = self.allowance.depth_max();
        if depth >= max {
            return Err(DecodeError::TooDeep { at: self.at, max });
        }
        self.allowance.take(1)?;
        Ok(depth + 1)
    }

    fn bool(&mut self) -> Result<bool, DecodeError> {
        self.flag("a bool (0 or 1)")
    }

    fn option(&mut self) -> Result<bool, DecodeError> {
        self.flag("an option's tag (0 or 1)")
    }

    fn flag(&mut self, expected: &'static str) -> Result<bool, DecodeError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::Invalid { at: self.at - 1, expected }),
        }
    }

    /// Up to four bytes of UTF-8, of which postcard takes the first character.
    fn char(&mut self) -> Result<char, DecodeError> {
        let at = self.at;
        let invalid = DecodeError::Invalid { at, expected: "a character" };
        let count = self.count()?;
        if count > 4 {
            return Err(invalid);
        }
        let bytes = self.take(count)?;
        std::str::from_utf8(bytes).ok().and_then(|text| text.chars().next()).ok_or(invalid)
    }

    fn str(&mut self) -> Result<&'b str, DecodeError> {
        let at = self.at;
        std::str::from_utf8(self.counted()?).map_err(|_| DecodeError::Invalid { at, expected: "UTF-8 text" })
    }

    fn counted(&mut self) -> Result<&'b [u8], DecodeError> {
        let count = self.count()?;
        self.take(count)
    }

    fn count(&mut self) -> Result<u64, DecodeError> {
        Ok(self.varint(64)? as u64)
    }

    /// A varint of at most `bits` bits. Like postcard, a longer form than needed is accepted as long as it
    /// has no more bytes than the type's largest number.
    fn varint(&mut self, bits: u32) -> Result<u128, DecodeError> {
        let at = self.at;
        let mut number = 0u128;
        for shift in (0..bits).step_by(7) {
            let byte = self.byte()?;
            let room = bits - shift;
            number |= u128::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                if room < 7 && byte >> room != 0 {
                    break;
                }
                return Ok(number);
            }
        }
        Err(DecodeError::Invalid { at, expected: "a number of the type's size" })
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N as u64)?);
        Ok(array)
    }

    fn byte(&mut self) -> Result<u8, DecodeError> {
        Ok(self.take(1)?[0])
    }

    fn take(&mut self, count: u64) -> Result<&'b [u8], DecodeError> {
        let have = self.left();
        if count > have as u64 {
            return Err(DecodeError::Truncated { at: self.at, need: count, have });
        }
        let taken = &self.bytes[self.at..self.at + count as usize];
        self.at += count as usize;
        Ok(taken)
    }

    fn left(&self) -> usize {
        self.bytes.len() - self.at
    }
}

/// The width of an integer that is written as a varint.
pub(super) fn bits(schema: &Schema) -> u32 {
    match schema {
        Schema::I16 | Schema::U16 => 16,
        Schema::I32 | Schema::U32 => 32,
        Schema::I64 | Schema::U64 => 64,
        _ => 128,
    }
}

fn zigzag(number: u128) -> i128 {
    ((number >> 1) as i128) ^ -((number & 1) as i128)
}
