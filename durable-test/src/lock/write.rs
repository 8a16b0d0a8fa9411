//! A lock file as text.

use super::file::{Lock, LockedPoint, LockedWorkflow, Version};
use durable_core::schema::{
    Schema,
    text::{SchemaTexts, name_text, write_schemas},
};
use std::fmt::Write;

/// What stands first in each file.
const HEADER: &str = "\
# What the workflows of this package save at each await point, and what may come next. Commit this file.
# `durable_test::assert_compatible` compares the program with it; `DURABLE_LOCK=update cargo test` records changes.

version 1
";

/// Names of ends, which no await point can have.
pub(super) const ENDS: [&str; 3] = ["Ok(..)", "Err(..)", "return .."];

impl Lock {
    /// The text of the file.
    pub fn to_text(&self) -> String {
        let mut text = HEADER.to_owned();
        for workflow in &self.workflows {
            write_workflow(workflow, &mut text).expect("a text takes everything");
        }
        text
    }
}

fn write_workflow(workflow: &LockedWorkflow, text: &mut String) -> std::fmt::Result {
    // What today's program saves comes first: its types have their names alone.
    let today = || workflow.points.iter().filter_map(|point| point.saves.as_ref());
    let older = || workflow.points.iter().flat_map(|point| &point.older);
    let schemas: Vec<&Schema> = today().chain(older()).flat_map(schemas_of).collect();
    let SchemaTexts { schemas, declarations } = write_schemas(&schemas);
    let today_count = today().flat_map(schemas_of).count();
    let mut schemas = schemas.into_iter();
    let (mut today, mut older) =
        (schemas.by_ref().take(today_count).collect::<Vec<_>>().into_iter(), schemas);

    writeln!(text, "\nworkflow {}", one_line(&workflow.name))?;
    for point in &workflow.points {
        let LockedPoint { name, next, saves, .. } = point;
        writeln!(text, "\n    at {}", name_text(name))?;
        if !point.calls().is_empty() {
            writeln!(text, "        calls {}", one_line(point.calls()))?;
        }
        if !next.is_empty() {
            let next: Vec<String> = next.iter().map(|next| next_text(next)).collect();
            writeln!(text, "        next {}", next.join(", "))?;
        }
        if let Some(version) = saves {
            write_version("saves", version, point.calls(), &mut today, text)?;
        }
        for version in &point.older {
            write_version("older", version, point.calls(), &mut older, text)?;
        }
    }
    for declaration in declarations {
        text.push('\n');
        for line in declaration.lines() {
            writeln!(text, "    {line}")?;
        }
    }
    Ok(())
}

fn schemas_of(version: &Version) -> impl Iterator<Item = &Schema> {
    version.schema.fields.iter().map(|(_, schema)| schema)
}

fn write_version(
    keyword: &str,
    version: &Version,
    calls: &str,
    schemas: &mut dyn Iterator<Item = String>,
    text: &mut String,
) -> std::fmt::Result {
    write!(text, "        {keyword} {}", version.schema.fingerprint())?;
    match version.schema.operation == calls {
        true => writeln!(text)?,
        false => writeln!(text, " calling {}", one_line(&version.schema.operation))?,
    }
    for ((name, _), schema) in version.schema.fields.iter().zip(schemas) {
        writeln!(text, "            {}: {schema}", name_text(name))?;
    }
    Ok(())
}

/// The rest of a line: `sync<google>` and `event("paid")` read well as they are.
fn one_line(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_graphic() || c.is_alphanumeric() || c == ' ';
    match name.chars().all(is_plain) && name == name.trim() && !name.starts_with('"') && !name.is_empty() {
        true => name.to_owned(),
        // In quotes, whatever it is.
        false => name_text(name),
    }
}

fn next_text(next: &str) -> String {
    if ENDS.contains(&next) { next.to_owned() } else { name_text(next) }
}
