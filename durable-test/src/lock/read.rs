//! Reading a lock file, which anybody may have edited.

use super::{
    file::{Lines, Lock, LockedPoint, LockedWorkflow, Version},
    write::ENDS,
};
use durable_core::{
    Fingerprint, PointSchema,
    schema::text::{Declarations, read_name},
};
use std::{collections::HashSet, str::FromStr};

/// The largest file that is read.
pub(super) const FILE_BYTES_MAX: usize = 16 << 20;

/// How large all its types may be together, written out.
const NODES_MAX: usize = 1 << 22;

/// Where a lock file cannot be read, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
#[non_exhaustive]
pub struct LineError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there, and what to do.
    pub what: String,
}

impl LineError {
    fn new(line: usize, what: impl Into<String>) -> Self {
        Self { line, what: what.into() }
    }
}

impl FromStr for Lock {
    type Err = LineError;

    fn from_str(text: &str) -> Result<Self, LineError> {
        if text.len() > FILE_BYTES_MAX {
            return Err(LineError::new(1, format!("the file is larger than {FILE_BYTES_MAX} bytes")));
        }
        let mut lines = Reader { lines: significant(text), at: 0, last: text.lines().count().max(1) };
        lines.version()?;
        let (mut lock, mut names, mut nodes_left) = (Lock::default(), HashSet::new(), NODES_MAX);
        while let Some(line) = lines.next_at(0) {
            let workflow = lines.workflow(line, &mut nodes_left)?;
            if !names.insert(workflow.name.clone()) {
                return Err(LineError::new(
                    line.number,
                    format!("workflow `{}` is here twice", workflow.name),
                ));
            }
            lock.workflows.push(workflow);
        }
        match lines.lines.get(lines.at) {
            None => Ok(lock),
            Some(line) => Err(line.refuse("`workflow` and its name at the beginning of the line")),
        }
    }
}

/// A line that says something.
#[derive(Clone, Copy, Debug)]
struct Line<'t> {
    number: usize,
    indent: usize,
    text: &'t str,
}

impl<'t> Line<'t> {
    fn refuse(&self, expected: &str) -> LineError {
        let found: String = self.text.chars().take(40).collect();
        let indent = match self.indent {
            0 => String::new(),
            indent => format!(" after {indent} spaces"),
        };
        LineError::new(self.number, format!("expected {expected}, found `{found}`{indent}"))
    }

    /// What stands behind a keyword.
    fn after(&self, keyword: &str) -> Option<&'t str> {
        let rest = self.text.strip_prefix(keyword)?;
        if rest.is_empty() { Some(rest) } else { rest.strip_prefix(' ') }
    }

    /// The rest of the line, which may be any text.
    fn rest(&self, text: &str) -> Result<String, LineError> {
        if text.starts_with('"') { self.name(text) } else { Ok(text.to_owned()) }
    }

    /// A name that is all the text.
    fn name(&self, text: &str) -> Result<String, LineError> {
        match read_name(text) {
            Some((name, len)) if len == text.len() => Ok(name),
            _ => Err(self.refuse("a name")),
        }
    }
}

/// Lines without comments and empty ones. Git may have given them other ends.
fn significant(text: &str) -> Vec<Line<'_>> {
    let lines = text.lines().enumerate().map(|(index, line)| {
        let text = line.trim_start_matches(' ');
        Line { number: index + 1, indent: line.len() - text.len(), text: text.trim_end() }
    });
    lines.filter(|line| !line.text.is_empty() && !line.text.starts_with('#')).collect()
}

struct Reader<'t> {
    lines: Vec<Line<'t>>,
    at: usize,
    /// The number of the last line.
    last: usize,
}

/// A point whose types are not read yet: they are declared further down.
struct Raw<'t> {
    point: LockedPoint,
    versions: Vec<RawVersion<'t>>,
}

struct RawVersion<'t> {
    is_older: bool,
    line: Line<'t>,
    calls: String,
    fingerprint: Fingerprint,
    fields: Vec<(String, &'t str, usize)>,
    lines: Lines,
}

impl<'t> Reader<'t> {
    /// The next line, if it is indented so.
    fn next_at(&mut self, indent: usize) -> Option<Line<'t>> {
        let line = self.lines.get(self.at).filter(|line| line.indent == indent).copied()?;
        self.at += 1;
        Some(line)
    }

    /// The number of the line before the next.
    fn before(&self) -> usize {
        self.at.checked_sub(1).map_or(1, |before| self.lines[before].number)
    }

    fn version(&mut self) -> Result<(), LineError> {
        let Some(line) = self.next_at(0) else {
            return Err(LineError::new(self.last, "expected `version 1`, as a lock file begins"));
        };
        match line.after("version") {
            Some("1") => Ok(()),
            Some(other) if other.bytes().all(|byte| byte.is_ascii_digit()) && !other.is_empty() => {
                let what = format!("version {other} of the file is unknown: use a newer `durable-test`");
                Err(LineError::new(line.number, what))
            }
            _ => Err(line.refuse("`version 1`, as a lock file begins")),
        }
    }

    fn workflow(&mut self, line: Line<'t>, nodes_left: &mut usize) -> Result<LockedWorkflow, LineError> {
        let name = match line.after("workflow") {
            Some(name) if !name.is_empty() => line.rest(name)?,
            _ => return Err(line.refuse("`workflow` and its name")),
        };
        let (mut raw, mut declared) = (Vec::new(), Vec::new());
        while let Some(line) = self.next_at(4) {
            if let Some(name) = line.after("at") {
                raw.push(self.point(line, name)?);
            } else if line.after("struct").or(line.after("enum")).is_some() {
                declared.push((line.number, self.declaration(line)));
            } else {
                return Err(line.refuse("`at`, `struct` or `enum`"));
            }
        }
        if let Some(line) = self.lines.get(self.at).filter(|line| line.indent > 0) {
            return Err(line.refuse("a line that belongs to the one before"));
        }
        let lines = Lines { first: line.number, last: self.before() };
        let types = Declarations::read(declared.iter().map(|(_, text)| text.as_str()));
        let types = types.map_err(|(number, error)| {
            let (first, text) = &declared[number];
            let within = text.get(..error.at).unwrap_or(text).matches('\n').count();
            LineError::new(first + within, error.what)
        })?;
        let (mut points, mut names) = (Vec::new(), HashSet::new());
        for raw in raw {
            if !names.insert(raw.point.name.clone()) {
                let what = format!("await point `{}` is here twice", raw.point.name);
                return Err(LineError::new(raw.point.lines.first, what));
            }
            points.push(resolve(raw, &types, nodes_left)?);
        }
        Ok(LockedWorkflow { name, points, lines })
    }

    /// The lines of a declaration as one text, with as many lines as in the file.
    fn declaration(&mut self, line: Line<'t>) -> String {
        let mut text = line.text.to_owned();
        if !line.text.ends_with('{') {
            return text;
        }
        let mut last = line.number;
        while let Some(next) = self.lines.get(self.at).copied() {
            let closes = next.indent <= 4;
            if closes && next.text != "}" {
                break;
            }
            (last..next.number).for_each(|_| text.push('\n'));
            text.push_str(next.text);
            last = next.number;
            self.at += 1;
            if closes {
                break;
            }
        }
        text
    }

    fn point(&mut self, line: Line<'t>, name: &str) -> Result<Raw<'t>, LineError> {
        let mut point = LockedPoint {
            name: line.name(name)?,
            next: Vec::new(),
            saves: None,
            older: Vec::new(),
            lines: Lines { first: line.number, last: line.number },
        };
        let (mut versions, mut seen, mut calls) = (Vec::<RawVersion<'t>>::new(), 0, String::new());
        while let Some(line) = self.next_at(8) {
            // Each once, in this order.
            let rank = if let Some(text) = line.after("calls") {
                calls = line.rest(text)?;
                1
            } else if let Some(next) = line.after("next") {
                point.next = read_next(&line, next)?;
                2
            } else if let Some(text) = line.after("saves") {
                versions.push(self.raw_version(line, text, &calls, false)?);
                3
            } else if let Some(text) = line.after("older") {
                versions.push(self.raw_version(line, text, &calls, true)?);
                4
            } else {
                return Err(line.refuse("`calls`, `next`, `saves` or `older`"));
            };
            if rank < seen || (rank == seen && rank < 4) {
                return Err(line.refuse("`calls`, `next`, `saves` and `older`, in this order"));
            }
            seen = rank;
        }
        point.lines.last = self.before();
        Ok(Raw { point, versions })
    }

    fn raw_version(
        &mut self,
        line: Line<'t>,
        text: &str,
        calls: &str,
        is_older: bool,
    ) -> Result<RawVersion<'t>, LineError> {
        let (fingerprint, calls) = match text.split_once(" calling ") {
            Some((fingerprint, calls)) => (fingerprint, line.rest(calls)?),
            None => (text, calls.to_owned()),
        };
        let fingerprint = Fingerprint::from_str(fingerprint)
            .map_err(|error| LineError::new(line.number, error.to_string()))?;
        let mut fields = Vec::new();
        while let Some(line) = self.next_at(12) {
            let Some((name, len)) = read_name(line.text) else {
                return Err(line.refuse("a saved field, `name: type`"));
            };
            let Some(ty) = line.text[len..].strip_prefix(": ") else {
                return Err(line.refuse("a saved field, `name: type`"));
            };
            fields.push((name, ty, line.number));
        }
        let lines = Lines { first: line.number, last: self.before() };
        Ok(RawVersion { is_older, line, calls, fingerprint, fields, lines })
    }
}

fn read_next(line: &Line<'_>, text: &str) -> Result<Vec<String>, LineError> {
    let (mut next, mut rest) = (Vec::new(), text);
    loop {
        let end = ENDS.iter().find(|end| rest.starts_with(*end));
        let found = end.map(|end| ((*end).to_owned(), end.len())).or_else(|| read_name(rest));
        let Some((name, len)) = found else {
            return Err(line.refuse("names of await points and ends"));
        };
        next.push(name);
        rest = &rest[len..];
        if rest.is_empty() {
            return Ok(next);
        }
        rest = rest.strip_prefix(", ").ok_or_else(|| line.refuse("`, ` between the names"))?;
    }
}

fn resolve(raw: Raw<'_>, types: &Declarations, nodes_left: &mut usize) -> Result<LockedPoint, LineError> {
    let Raw { mut point, versions } = raw;
    let mut known = HashSet::new();
    for RawVersion { is_older, line, calls, fingerprint, fields, lines } in versions {
        let name = point.name.clone();
        let mut schema = PointSchema { name, operation: calls, fields: Vec::with_capacity(fields.len()) };
        for (name, text, number) in fields {
            let ty = types.schema(text, nodes_left).map_err(|error| LineError::new(number, error.what))?;
            schema.fields.push((name, ty));
        }
        let found = schema.fingerprint();
        if found != fingerprint {
            let what = format!(
                "what stands here has the fingerprint {found}: it was edited by hand, or a merge mixed two versions. \
                 Restore these lines and the types they name from version control; versions are removed whole or not at all"
            );
            return Err(LineError::new(line.number, what));
        }
        if !known.insert(fingerprint) {
            return Err(LineError::new(line.number, "this version is here twice: remove one of them"));
        }
        let version = Version { schema, lines };
        match is_older {
            true => point.older.push(version),
            false => point.saves = Some(version),
        }
    }
    Ok(point)
}
