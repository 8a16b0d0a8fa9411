//! Writing a [`Value`] as postcard by a schema alone: the way back from [`Schema::decode`].

use std::cell::OnceCell;

use super::{Name, Schema, VALUE_DEPTH_MAX, Value, VariantSchema, VariantValue, decode::bits};

/// Why a value cannot be written by a schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The value is of another kind, or too large for its type.
    #[error("{found} cannot be written as {expected}")]
    Mismatch {
        /// What the schema asks for.
        expected: &'static str,
        /// The value, as text, or the beginning of it.
        found: String,
    },
    /// The enum has no such variant with such a payload.
    #[error("`{name}` has no variant `{variant}` with such a payload")]
    UnknownVariant {
        /// The enum.
        name: Name,
        /// The variant.
        variant: Name,
    },
    /// Nested deeper than what can be read back ([`VALUE_DEPTH_MAX`]).
    #[error("the value nests deeper than {VALUE_DEPTH_MAX} levels")]
    TooDeep,
    /// A [`Schema::Ref`] that points nowhere: the schema was made or taken apart by hand.
    #[error("the schema refers to its node {number}, which is not there; write with the whole schema")]
    DanglingRef {
        /// The number.
        number: u32,
    },
}

impl Schema {
    /// The bytes of a value: what [`Schema::decode`] reads back.
    pub fn encode(&self, value: &Value) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer { root: self, nodes: OnceCell::new(), out: Vec::new() };
        writer.value(self, value, 0)?;
        Ok(writer.out)
    }
}

struct Writer<'s> {
    root: &'s Schema,
    nodes: OnceCell<Vec<&'s Schema>>,
    out: Vec<u8>,
}

impl<'s> Writer<'s> {
    fn value(&mut self, schema: &'s Schema, value: &Value, depth: usize) -> Result<(), EncodeError> {
        if depth >= VALUE_DEPTH_MAX {
            return Err(EncodeError::TooDeep);
        }
        let depth = depth + 1;
        match (schema, value) {
            (Schema::Unit, Value::Unit) | (Schema::UnitStruct { .. }, Value::UnitStruct { .. }) => {}
            (Schema::Bool, Value::Bool(value)) => self.out.push(u8::from(*value)),
            (Schema::I8, Value::Signed(number)) => {
                let number = i8::try_from(*number).map_err(|_| mismatch(schema, value))?;
                self.out.push(number as u8);
            }
            (Schema::U8, Value::Unsigned(number)) => {
                self.out.push(u8::try_from(*number).map_err(|_| mismatch(schema, value))?);
            }
            (Schema::I16 | Schema::I32 | Schema::I64 | Schema::I128, Value::Signed(number)) => {
                let bits = bits(schema);
                if number >> (bits - 1) != 0 && number >> (bits - 1) != -1 {
                    return Err(mismatch(schema, value));
                }
                self.varint(((number << 1) ^ (number >> 127)) as u128);
            }
            (Schema::U16 | Schema::U32 | Schema::U64 | Schema::U128, Value::Unsigned(number)) => {
                if number.checked_shr(bits(schema)).is_some_and(|rest| rest != 0) {
                    return Err(mismatch(schema, value));
                }
                self.varint(*number);
            }
            (Schema::F32, Value::F32(number)) => self.out.extend(number.to_le_bytes()),
            (Schema::F64, Value::F64(number)) => self.out.extend(number.to_le_bytes()),
            (Schema::Char, Value::Char(value)) => self.counted(value.encode_utf8(&mut [0; 4]).as_bytes()),
            (Schema::String, Value::String(text)) => self.counted(text.as_bytes()),
            (Schema::Bytes, Value::Bytes(bytes)) => self.counted(bytes),
            (Schema::Option(_), Value::Option(None)) => self.out.push(0),
            (Schema::Option(inner), Value::Option(Some(value))) => {
                self.out.push(1);
                self.value(inner, value, depth)?;
            }
            (Schema::Seq(inner), Value::Seq(values)) => {
                self.varint(values.len() as u128);
                values.iter().try_for_each(|value| self.value(inner, value, depth))?;
            }
            (Schema::Map(key_schema, value_schema), Value::Map(pairs)) => {
                self.varint(pairs.len() as u128);
                for (key, value) in pairs {
                    self.value(key_schema, key, depth)?;
                    self.value(value_schema, value, depth)?;
                }
            }
            (Schema::Tuple(schemas), Value::Tuple(fields))
            | (Schema::TupleStruct { fields: schemas, .. }, Value::TupleStruct { fields, .. })
                if schemas.len() == fields.len() =>
            {
                self.tuple(schemas, fields, depth)?;
            }
            (Schema::NewtypeStruct { inner, .. }, Value::NewtypeStruct { inner: value, .. }) => {
                self.value(inner, value, depth)?;
            }
            (Schema::Struct { fields: schemas, .. }, Value::Struct { fields, .. })
                if same_names(schemas, fields) =>
            {
                self.fields(schemas, fields, depth)?;
            }
            (Schema::Enum { name, variants }, Value::Enum { variant, payload, .. }) => {
                self.variant(name, variants, variant, payload, depth)?;
            }
            (Schema::Ref(number), value) => self.value(self.resolve(*number)?, value, depth)?,
            _ => return Err(mismatch(schema, value)),
        }
        Ok(())
    }

    fn variant(
        &mut self,
        name: &Name,
        variants: &'s [(Name, VariantSchema)],
        variant: &Name,
        payload: &VariantValue,
        depth: usize,
    ) -> Result<(), EncodeError> {
        let unknown = || EncodeError::UnknownVariant { name: name.clone(), variant: variant.clone() };
        let (at, (_, schema)) =
            variants.iter().enumerate().find(|(_, (known, _))| known == variant).ok_or_else(unknown)?;
        self.varint(at as u128);
        match (schema, payload) {
            (VariantSchema::Unit, VariantValue::Unit) => Ok(()),
            (VariantSchema::Newtype(inner), VariantValue::Newtype(value)) => self.value(inner, value, depth),
            (VariantSchema::Tuple(schemas), VariantValue::Tuple(fields)) if schemas.len() == fields.len() => {
                self.tuple(schemas, fields, depth)
            }
            (VariantSchema::Struct(schemas), VariantValue::Struct(fields)) if same_names(schemas, fields) => {
                self.fields(schemas, fields, depth)
            }
            _ => Err(unknown()),
        }
    }

    fn tuple(&mut self, schemas: &'s [Schema], values: &[Value], depth: usize) -> Result<(), EncodeError> {
        schemas.iter().zip(values).try_for_each(|(schema, value)| self.value(schema, value, depth))
    }

    fn fields(
        &mut self,
        schemas: &'s [(Name, Schema)],
        values: &[(Name, Value)],
        depth: usize,
    ) -> Result<(), EncodeError> {
        schemas.iter().zip(values).try_for_each(|((_, schema), (_, value))| self.value(schema, value, depth))
    }

    fn resolve(&self, number: u32) -> Result<&'s Schema, EncodeError> {
        let nodes = self.nodes.get_or_init(|| self.root.nodes());
        match nodes.get(number as usize) {
            Some(schema) if schema.is_composite() => Ok(schema),
            _ => Err(EncodeError::DanglingRef { number }),
        }
    }

    fn counted(&mut self, bytes: &[u8]) {
        self.varint(bytes.len() as u128);
        self.out.extend_from_slice(bytes);
    }

    fn varint(&mut self, mut number: u128) {
        while number >= 0x80 {
            self.out.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.out.push(number as u8);
    }
}

fn same_names(schemas: &[(Name, Schema)], values: &[(Name, Value)]) -> bool {
    schemas.len() == values.len() && schemas.iter().zip(values).all(|((known, _), (name, _))| known == name)
}

fn mismatch(schema: &Schema, value: &Value) -> EncodeError {
    /// Enough to recognise it.
    const SHOWN: usize = 80;
    let mut found: String = value.to_string().chars().take(SHOWN + 1).collect();
    if found.chars().count() > SHOWN {
        found.pop();
        found.push('…');
    }
    EncodeError::Mismatch { expected: kind(schema), found }
}

fn kind(schema: &Schema) -> &'static str {
    match schema {
        Schema::Unit => "()",
        Schema::Bool => "a bool",
        Schema::I8 => "an i8",
        Schema::I16 => "an i16",
        Schema::I32 => "an i32",
        Schema::I64 => "an i64",
        Schema::I128 => "an i128",
        Schema::U8 => "a u8",
        Schema::U16 => "a u16",
        Schema::U32 => "a u32",
        Schema::U64 => "a u64",
        Schema::U128 => "a u128",
        Schema::F32 => "an f32",
        Schema::F64 => "an f64",
        Schema::Char => "a char",
        Schema::String => "a string",
        Schema::Bytes => "bytes",
        Schema::Option(_) => "an option",
        Schema::Seq(_) => "a sequence",
        Schema::Map(..) => "a map",
        Schema::Tuple(_) => "a tuple of its length",
        Schema::UnitStruct { .. } | Schema::NewtypeStruct { .. } | Schema::TupleStruct { .. } => {
            "such a struct"
        }
        Schema::Struct { .. } => "a struct with such fields",
        Schema::Enum { .. } => "an enum",
        Schema::Ref(_) => "a value of its own type",
    }
}
