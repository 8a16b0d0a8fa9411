//! Queues and schema rows: registered once, compared ever after.

use super::{
    failure::{Checked, check, check_eq},
    scenario::{Scenario, point, points, registration},
    subject::Subject,
};
use durable_core::{
    Fingerprint, Schema,
    store::{Registration, SchemaId, StoreError},
};

pub(super) async fn registration_is_idempotent(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let again = s.store.register(registration("orders", points())).await?;
    check_eq!((again.queue, again.schemas), (s.queue, s.schemas.clone()), "queue and schema rows");
    let mut reversed = points();
    reversed.reverse();
    let again = s.store.register(registration("orders", reversed)).await?;
    let mut schemas = s.schemas;
    schemas.reverse();
    check_eq!((again.queue, again.schemas), (s.queue, schemas), "queue and schema rows in another order");
    Ok(())
}

pub(super) async fn schema_rows_are_read_back(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    for (schema, point) in s.schemas.iter().zip(points()) {
        let Some(row) = s.store.schema(*schema).await? else {
            check!(false, "schema row {schema:?} is missing");
            continue;
        };
        check_eq!((row.workflow.as_str(), &row.point), ("orders", &point), "schema row {schema:?}");
    }
    for unknown in [0, 1_000_000, u32::MAX] {
        check!(s.store.schema(SchemaId(unknown)).await?.is_none(), "schema row {unknown} must not exist");
    }
    Ok(())
}

pub(super) async fn new_version_has_a_queue_of_its_own_and_shares_equal_points(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut next = points();
    next[1] = point("Charge", &[("order", Schema::String), ("total", Schema::U128)]);
    next.push(point("Ship", &[]));
    let registered = s.store.register(registration("orders", next)).await?;
    check!(registered.queue != s.queue, "two versions share a queue");
    check_eq!(registered.schemas.len(), 4, "schema rows");
    check_eq!(
        registered.schemas[0],
        s.schemas[0],
        "schema row of `Start`, which is the same in both versions"
    );
    check_eq!(
        registered.schemas[2],
        s.schemas[2],
        "schema row of `EventGateway`, which is the same in both versions"
    );
    check!(registered.schemas[1] != s.schemas[1], "two schemas of `Charge` share a row");
    Ok(())
}

pub(super) async fn equal_points_of_other_names_and_workflows_have_rows_of_their_own(
    subject: Subject,
) -> Checked {
    let s = Scenario::new(subject).await?;
    let other = s.store.register(registration("refunds", points())).await?;
    check!(other.queue != s.queue, "two workflows share a queue");
    check!(other.schemas.iter().all(|row| !s.schemas.contains(row)), "two workflows share a schema row");
    let twins = vec![point("Start", &[]), point("Ship", &[])];
    let twins = s.store.register(registration("twins", twins)).await?;
    check!(twins.schemas[0] != twins.schemas[1], "two await points of one shape share a schema row");
    Ok(())
}

pub(super) async fn other_content_under_one_fingerprint_is_refused(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let fingerprint = registration("orders", points()).fingerprint;
    let changed = vec![points()[0].clone(), point("Charge", &[("order", Schema::Bool)]), points()[2].clone()];
    let mut longer = points();
    longer.push(point("Ship", &[]));
    for points in [changed, points()[..2].to_vec(), longer] {
        let registration = Registration { workflow: "orders".into(), version: 1, fingerprint, points };
        match s.store.register(registration).await {
            Err(StoreError::SchemaConflict { workflow, .. }) => {
                check_eq!(workflow, "orders", "workflow in conflict")
            }
            answer => check!(false, "other points under the same fingerprint: found {answer:?}"),
        }
    }
    // The same fingerprint of another workflow is no conflict, and a refusal changed nothing.
    let points_of_other = vec![point("Start", &[])];
    let other = Registration { workflow: "refunds".into(), version: 1, fingerprint, points: points_of_other };
    check!(s.store.register(other).await?.queue != s.queue, "two workflows share a queue");
    let again = s.store.register(registration("orders", points())).await?;
    check_eq!((again.queue, again.schemas), (s.queue, s.schemas), "queue and schema rows after the refusals");
    Ok(())
}

pub(super) async fn every_kind_of_schema_is_kept(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let nested = Schema::Option(Box::new(Schema::Seq(Box::new(Schema::Map(
        Box::new(Schema::String),
        Box::new(Schema::Tuple(vec![Schema::I128, Schema::F64, Schema::Char, Schema::Bytes, Schema::Unit])),
    )))));
    let points = vec![point("Start", &[]), point("Wäit🦀", &[("ünïcode", nested), ("", Schema::Bool)])];
    let fingerprint = Fingerprint([0xff; 16]);
    let registration =
        Registration { workflow: "näme 🦀".into(), version: 1, fingerprint, points: points.clone() };
    let registered = s.store.register(registration).await?;
    for (schema, point) in registered.schemas.into_iter().zip(points) {
        let row = s.store.schema(schema).await?;
        check_eq!(
            row.map(|row| (row.workflow, row.point)),
            Some(("näme 🦀".to_owned(), point)),
            "schema row"
        );
    }
    Ok(())
}
