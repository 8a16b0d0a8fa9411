//! Schema versions: a list of SQL steps, applied in one transaction when a file is opened.

use rusqlite::{Connection, TransactionBehavior};

/// "dura": tells this library's files from other SQLite databases.
pub(crate) const APPLICATION_ID: i32 = 0x6475_7261;

/// Step `n` leads from version `n` to `n + 1`. Steps are only ever added: a file of any release opens in all later ones.
pub(crate) const STEPS: &[&str] = &[
    include_str!("schema.sql"),
    include_str!("kept.sql"),
    include_str!("large.sql"),
    include_str!("shapes.sql"),
];

/// What a file turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// At the newest version now.
    Current,
    /// Written by a newer build.
    Newer(u32),
    /// A database of some other program: its application id.
    Foreign(i32),
}

/// Looks before anything is written: whose file is it?
pub(crate) fn inspect(conn: &Connection, newest: usize) -> rusqlite::Result<Found> {
    let application: i32 = conn.query_row("PRAGMA application_id", [], |r| r.get(0))?;
    let version: i64 = conn.query_row("PRAGMA user_version", [], |r| r.get(0))?;
    let objects: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0))?;
    Ok(match application {
        APPLICATION_ID if version > newest as i64 => Found::Newer(u32::try_from(version).unwrap_or(u32::MAX)),
        APPLICATION_ID if version >= 0 => Found::Current,
        0 if objects == 0 && version == 0 => Found::Current,
        other => Found::Foreign(other),
    })
}

/// Brings the file to the newest version. The write lock is taken before the version is read, so two openers at the same
/// moment do it once.
pub(crate) fn migrate(conn: &mut Connection, steps: &[&str]) -> rusqlite::Result<Found> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = inspect(&tx, steps.len())?;
    if found != Found::Current {
        return Ok(found);
    }
    let version: i64 = tx.query_row("PRAGMA user_version", [], |r| r.get(0))?;
    let done = usize::try_from(version).unwrap_or(0);
    if done == steps.len() {
        return Ok(found);
    }
    for step in &steps[done..] {
        tx.execute_batch(step)?;
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", steps.len() as i64)?;
    tx.commit()?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applies_only_the_steps_that_are_missing() {
        let mut conn = Connection::open_in_memory().unwrap();
        assert_eq!(migrate(&mut conn, &["CREATE TABLE a (x)"]).unwrap(), Found::Current);
        conn.execute("INSERT INTO a VALUES (7)", []).unwrap();
        let steps = ["CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y DEFAULT 8"];
        assert_eq!(migrate(&mut conn, &steps).unwrap(), Found::Current);
        let row: (i64, i64) =
            conn.query_row("SELECT x, y FROM a", [], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
        assert_eq!(row, (7, 8));
        assert_eq!(migrate(&mut conn, &steps[..1]).unwrap(), Found::Newer(2));
    }

    #[test]
    fn a_file_of_the_first_version_gets_kept_snapshots_and_large_fields_which_go_with_their_execution() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, &STEPS[..1]).unwrap();
        let start = "INSERT INTO execution (row, id, instance, queue, priority, created, status)
             VALUES (?1, ?1, x'', 1, 0, 0, 0)";
        conn.execute(start, [1]).unwrap();
        migrate(&mut conn, STEPS).unwrap();
        conn.execute(start, [2]).unwrap();
        for row in [1, 2] {
            conn.execute("INSERT INTO kept VALUES (?1, 5, 1, 1, 1, NULL, NULL, 0, x'')", [row]).unwrap();
            conn.execute("INSERT INTO large VALUES (NULL, ?1, x'00', x'')", [row]).unwrap();
        }
        conn.execute("DELETE FROM execution WHERE row = 1", []).unwrap();
        let left: Vec<i64> = conn
            .prepare("SELECT row FROM kept UNION ALL SELECT row FROM large")
            .unwrap()
            .query_map([], |r| r.get(0))
            .unwrap()
            .flatten()
            .collect();
        assert_eq!(left, [2, 2]);
    }

    #[test]
    fn a_file_of_the_second_version_keeps_shapes_from_then_on() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, &STEPS[..2]).unwrap();
        let shapes = "SELECT count(*) FROM shape";
        assert!(conn.query_row(shapes, [], |r| r.get::<_, i64>(0)).is_err());
        migrate(&mut conn, STEPS).unwrap();
        assert_eq!(conn.query_row(shapes, [], |r| r.get::<_, i64>(0)).unwrap(), 0);
    }

    #[test]
    fn a_failing_step_leaves_the_file_at_its_old_version() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, &["CREATE TABLE a (x)"]).unwrap();
        let steps = ["CREATE TABLE a (x)", "CREATE TABLE b (x)", "CREATE TABLE a (x)"];
        assert!(migrate(&mut conn, &steps).is_err());
        let version: i64 = conn.query_row("PRAGMA user_version", [], |r| r.get(0)).unwrap();
        let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0)).unwrap();
        assert_eq!((version, tables), (1, 1));
    }
}
