//! Whether two inputs are the same start: by bytes, else by value, since maps encode in any order (E5).

use crate::schemas::Schemas;
use durable_core::{
    schema::{Value, VariantValue},
    store::{SchemaId, StoreError},
    stored::STORED_HEADER_BYTES,
};

/// Compares two `Start` snapshots, checked and unpacked, each with the number of its schema row. What cannot be read is not the same.
pub(crate) async fn same_input(
    (schema, given): (SchemaId, &[u8]),
    (existing_schema, existing): (SchemaId, &[u8]),
    schemas: &Schemas,
) -> Result<bool, StoreError> {
    let (given, existing) = (&given[STORED_HEADER_BYTES..], &existing[STORED_HEADER_BYTES..]);
    if schema == existing_schema && given == existing {
        return Ok(true);
    }
    let (Some(given), Some(existing)) =
        (read(schema, given, schemas).await?, read(existing_schema, existing, schemas).await?)
    else {
        return Ok(false);
    };
    Ok(given == existing)
}

/// The parameters by name, maps sorted.
async fn read(
    schema: SchemaId,
    payload: &[u8],
    schemas: &Schemas,
) -> Result<Option<Vec<(String, Value)>>, StoreError> {
    let Some(known) = schemas.row(schema).await? else { return Ok(None) };
    let mut rest = payload;
    let mut values = Vec::new();
    for (name, schema) in &known.point.fields {
        let Ok((value, after)) = schema.decode(rest) else { return Ok(None) };
        values.push((name.clone(), sort_maps(value)));
        rest = after;
    }
    Ok(rest.is_empty().then_some(values))
}

fn sort_maps(value: Value) -> Value {
    let all = |values: Vec<Value>| values.into_iter().map(sort_maps).collect();
    match value {
        Value::Map(pairs) => {
            let sorted = pairs.into_iter().map(|(key, value)| (sort_maps(key), sort_maps(value)));
            let mut pairs: Vec<_> = sorted.collect();
            // Any total order will do, as long as it is one of the values alone.
            pairs.sort_by_cached_key(|(key, _)| key.to_string());
            Value::Map(pairs)
        }
        Value::Option(inner) => Value::Option(inner.map(|inner| Box::new(sort_maps(*inner)))),
        Value::Seq(values) => Value::Seq(all(values)),
        Value::Tuple(values) => Value::Tuple(all(values)),
        Value::NewtypeStruct { name, inner } => {
            Value::NewtypeStruct { name, inner: Box::new(sort_maps(*inner)) }
        }
        Value::TupleStruct { name, fields } => Value::TupleStruct { name, fields: all(fields) },
        Value::Struct { name, fields } => Value::Struct { name, fields: sort_fields(fields) },
        Value::Enum { name, variant, payload } => {
            let payload = match payload {
                VariantValue::Unit => VariantValue::Unit,
                VariantValue::Newtype(inner) => VariantValue::Newtype(Box::new(sort_maps(*inner))),
                VariantValue::Tuple(values) => VariantValue::Tuple(all(values)),
                VariantValue::Struct(fields) => VariantValue::Struct(sort_fields(fields)),
            };
            Value::Enum { name, variant, payload }
        }
        leaf => leaf,
    }
}

fn sort_fields<N>(fields: Vec<(N, Value)>) -> Vec<(N, Value)> {
    fields.into_iter().map(|(name, value)| (name, sort_maps(value))).collect()
}
