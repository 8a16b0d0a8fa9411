//! The functions that are compiled: the same source on both sides, but for the attribute and the names of the await points.

use std::fmt::Write as _;

/// Locals of a function, beside the results of its awaits.
pub(crate) const LOCALS: usize = 20;

/// A package without functions: what building costs at least.
pub(crate) const NOTHING: &str = "";

/// How a function is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One await after the other, all locals alive at each.
    Straight,
    /// The same with a branch, a loop or a `match` around each third await.
    Branches,
    /// One await after the other, and after each of them every local is made anew under the same name.
    Shadowed,
    /// One await after the other, each of a `#[step]` of its own, and its result is used further on.
    Steps,
}

impl Shape {
    pub(crate) const ALL: [Self; 4] = [Self::Straight, Self::Branches, Self::Shadowed, Self::Steps];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Straight => "straight",
            Self::Branches => "branches",
            Self::Shadowed => "shadowed",
            Self::Steps => "steps",
        }
    }

    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::Straight => "one await after the other, all locals alive at each",
            Self::Branches => "branches, loops and `match`es around the awaits",
            Self::Shadowed => "every local made anew under its name after each await",
            Self::Steps => "each await of a `#[step]` of its own, its result used further on",
        }
    }
}

/// On which side of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Plain,
    Workflow,
}

impl Side {
    pub(crate) const ALL: [Self; 2] = [Self::Plain, Self::Workflow];
}

/// One function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Program {
    pub(crate) shape: Shape,
    pub(crate) awaits: usize,
    pub(crate) side: Side,
}

impl Program {
    /// A whole crate around it. It is made a trait object, so that all of it is compiled.
    pub(crate) fn source(self) -> String {
        let function = self.function();
        let steps = match self.shape {
            Shape::Steps => (0..self.awaits).map(|at| self.step(at)).collect(),
            _ => String::new(),
        };
        // A program that has a workflow registers it, and so contains its drive function.
        let used = match self.side {
            Side::Plain => {
                "pub fn bytes() -> usize { std::mem::size_of_val(&run(&Shop, String::new())) }
                 pub fn begun(shop: &Shop, l0: String) -> Boxed<'_> { Box::pin(run(shop, l0)) }"
            }
            Side::Workflow => "pub fn registered() -> bool { durable::describe::<run>().is_ok() }",
        };
        format!("{PRELUDE}\n{steps}\n{function}\n{used}\n")
    }

    fn function(self) -> String {
        let attribute = if self.side == Side::Workflow { "#[durable::workflow]\n" } else { "" };
        let mut body = String::new();
        for local in 1..LOCALS {
            let _ = writeln!(
                body,
                "    let mut l{local} = {};",
                ["String::from(\"a\")", "7u64", "vec![1u64]"][local % 3]
            );
        }
        for at in 0..self.awaits {
            body += &match self.shape {
                Shape::Straight => self.call(at, "r") + &update(at),
                Shape::Branches => self.branch(at),
                Shape::Shadowed => self.call(at, "r") + &shadow(),
                Shape::Steps => self.call(at, &format!("r{at}")) + &keep(at),
            };
        }
        let all =
            (0..LOCALS).map(|local| format!("l{local}{}", if local % 3 == 1 { "" } else { ".len() as u64" }));
        let all = all.collect::<Vec<_>>().join(" + ");
        format!(
            "{attribute}pub async fn run(shop: &Shop, l0: String) -> Result<u64, Failed> {{\n    let mut l0 = l0;\n{body}    Ok({all})\n}}\n"
        )
    }

    /// `let result = <the call number `at`>.await?;`
    fn call(self, at: usize, result: &str) -> String {
        let text = at * 3 % LOCALS / 3 * 3;
        let name = match (self.side, self.shape) {
            (Side::Workflow, Shape::Straight | Shape::Branches | Shape::Shadowed) => format!("#[at(A{at})] "),
            _ => String::new(),
        };
        let call = match self.shape {
            Shape::Steps => format!("step{at}(shop, &l{text}, {at})"),
            _ => format!("shop.call(&l{text}, {at})"),
        };
        format!("    {name}let {result} = {call}.await?;\n")
    }

    fn branch(self, at: usize) -> String {
        let (call, update) = (self.call(at, "r"), update(at));
        match at % 12 {
            2 => format!("    if l1 > {at} {{ {call}{update} }} else {{ l4 += 1; }}\n"),
            5 => format!("    for i in 0..3u64 {{ {call}{update} if i > l4 {{ break; }} }}\n"),
            8 => format!(
                "    match l4 {{ 0 => {{ l1 += 1; }} n if n > 9 => {{ {call}{update} }} _ => {{}} }}\n"
            ),
            11 => format!("    while l7 < {at} {{ {call}{update} l7 += 1; }}\n"),
            _ => call + &update,
        }
    }

    fn step(self, at: usize) -> String {
        let attribute = if self.side == Side::Workflow { "#[durable::step]\n" } else { "" };
        format!(
            "{attribute}async fn step{at}(shop: &Shop, a: &str, b: u64) -> Result<u64, Failed> {{ shop.call(a, b).await }}\n"
        )
    }
}

/// A use of the result by one of the locals.
fn update(at: usize) -> String {
    let local = at * 7 % LOCALS;
    let statement = [".push_str(&r.to_string());", " += r;", ".push(r);"][local % 3];
    format!("    l{local}{statement}\n")
}

/// Every local made anew.
fn shadow() -> String {
    let made = (0..LOCALS).map(|local| match local % 3 {
        0 => format!("    let l{local} = format!(\"{{l{local}}}{{r}}\");\n"),
        1 => format!("    let l{local} = l{local} + r;\n"),
        _ => format!("    let mut l{local} = l{local};\n    l{local}.push(r);\n"),
    });
    made.collect()
}

/// A use of the result of some awaits before.
fn keep(at: usize) -> String {
    let (local, before) = (at % 6 * 3 + 1, at.saturating_sub(5));
    format!("    l{local} += r{before};\n")
}

const PRELUDE: &str = "//! Generated.
#![allow(unused)]

use std::{future::Future, pin::Pin};

pub struct Shop;

#[derive(Debug)]
pub struct Failed;

impl Shop {
    pub async fn call(&self, a: &str, b: u64) -> Result<u64, Failed> {
        std::future::ready(()).await;
        Ok(a.len() as u64 + b)
    }
}

pub type Boxed<'a> = Pin<Box<dyn Future<Output = Result<u64, Failed>> + Send + 'a>>;
";
