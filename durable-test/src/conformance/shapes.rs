//! What the types of events and outputs look like: kept once, by fingerprint.

use super::{
    failure::{Checked, check, check_eq},
    scenario::Scenario,
    subject::Subject,
};
use durable_core::{Fingerprint, Schema, schema::VariantSchema};
use std::sync::Arc;

/// One with a type that contains itself and names of any letters, and a small one.
fn shapes() -> Vec<Arc<Schema>> {
    let list = Schema::Option(Box::new(Schema::Ref(0)));
    let variants = vec![
        ("Ünit".into(), VariantSchema::Unit),
        ("🦀".into(), VariantSchema::Newtype(Box::new(list))),
        ("".into(), VariantSchema::Struct(vec![("amount".into(), Schema::U128)])),
    ];
    vec![Arc::new(Schema::Enum { name: "Approval".into(), variants }), Arc::new(Schema::String)]
}

pub(super) async fn shapes_are_kept_by_fingerprint(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    s.store.record_shapes(shapes()).await?;
    for shape in shapes() {
        let found = s.store.shape(shape.fingerprint()).await?;
        check_eq!(found.as_ref(), Some(&*shape), "shape {}", shape.fingerprint());
    }
    Ok(())
}

pub(super) async fn shape_that_is_known_is_the_same_once_more(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let [first, second] = &shapes()[..] else { return Ok(()) };
    s.store.record_shapes(vec![Arc::clone(first)]).await?;
    // Known, new, and both once more.
    s.store.record_shapes([shapes(), shapes()].concat()).await?;
    s.store.record_shapes(Vec::new()).await?;
    for shape in [first, second] {
        let found = s.store.shape(shape.fingerprint()).await?;
        check_eq!(found.as_ref(), Some(&**shape), "shape {}", shape.fingerprint());
    }
    Ok(())
}

pub(super) async fn shape_that_nobody_recorded_is_not_there(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    s.store.record_shapes(shapes()).await?;
    for unknown in [Schema::Bool.fingerprint(), Fingerprint([0; 16]), Fingerprint([0xff; 16])] {
        check!(s.store.shape(unknown).await?.is_none(), "shape {unknown} must not exist");
    }
    Ok(())
}
