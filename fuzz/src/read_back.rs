//! What must hold of schemas and values, whoever wrote them.

use durable_core::{
    PointSchema, Schema,
    schema::{
        Value, VariantSchema,
        text::{Declarations, one_schema, write_schemas},
    },
};

/// Bytes that are a schema are the schema's own, and it reads the payload or says why not.
pub fn check_schema(schema: &Schema, payload: &[u8]) {
    assert_eq!(Schema::from_bytes(&schema.to_bytes()).as_ref(), Ok(schema));
    let length = schema.skip(payload);
    let decoded = schema.decode(payload);
    assert_eq!(
        decoded.as_ref().map(|(_, rest)| payload.len() - rest.len()).map_err(Clone::clone),
        length,
        "reading and skipping agree"
    );
    if let Ok((value, _)) = decoded {
        check_value(schema, &value);
    }
}

fn check_value(schema: &Schema, value: &Value) {
    let shown = value.to_string();
    // A map's keys may be anything, and JSON's may not.
    let _ = serde_json::to_string(value);
    if !tells_variants_apart(schema) {
        return;
    }
    let written = schema.encode(value).expect("what was read can be written");
    let (again, rest) = schema.decode(&written).expect("what was written can be read");
    assert!(rest.is_empty());
    // Compared as text and bytes: a NaN is not equal to itself.
    assert_eq!(again.to_string(), shown);
    assert_eq!(schema.encode(&again).as_ref(), Ok(&written));
}

/// A value has the variant's name, and no program has two of one name.
fn tells_variants_apart(schema: &Schema) -> bool {
    let names_differ = |variants: &[(_, VariantSchema)]| {
        let mut names: Vec<_> = variants.iter().map(|(name, _)| name).collect();
        names.sort();
        names.windows(2).all(|pair| pair[0] != pair[1])
    };
    schema.nodes().into_iter().all(|node| match node {
        Schema::Enum { variants, .. } => names_differ(variants),
        _ => true,
    })
}

/// The same of all that is saved at an await point.
pub fn check_point(point: &PointSchema, payload: &[u8]) {
    assert_eq!(PointSchema::from_bytes(&point.to_bytes()).as_ref(), Ok(point));
    if let Ok(value) = point.decode(payload) {
        let _ = serde_json::to_string(&value);
    }
    if let Some((_, schema)) = point.fields.first() {
        check_schema(schema, payload);
    }
}

/// As text, schemas are read as what they were.
pub fn check_texts(schemas: &[&Schema]) {
    let texts = write_schemas(schemas);
    let types =
        Declarations::read(texts.declarations.iter().map(String::as_str)).expect("declarations are read");
    for (text, schema) in texts.schemas.iter().zip(schemas) {
        assert_eq!(types.schema(text, &mut usize::MAX.clone()).as_ref(), Ok(*schema), "{text}");
        let alone = one_schema(schema);
        assert_eq!(
            Declarations::default().schema(&alone, &mut usize::MAX.clone()).as_ref(),
            Ok(*schema),
            "{alone}"
        );
    }
}
