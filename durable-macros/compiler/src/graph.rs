//! The IR: a graph of blocks, each a tree of user statements that ends in jumps.
//!
//! A block begins where the machine can begin: at an await point, or where ways join. Inside a block the user's statements
//! stand as they were written; only `if`s and `match`es with an await in a branch are opened, so a block is a tree of
//! sequences, and every leaf ends in a jump, a return, or code that never comes back.

use crate::{facts, place};
use proc_macro2::Span;
use std::collections::{BTreeMap, BTreeSet};
use syn::{Attribute, Expr, Ident, Pat, Stmt, Type};

/// A local of the workflow: a parameter, a `let`, a pattern's name, a cursor, a temporary.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BindingId(pub usize);

/// A block.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BlockId(pub usize);

/// A sequence of statements within a block.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SeqId(pub usize);

/// A borrow that can be taken again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BorrowId(pub usize);

/// Sets of bindings are small and must be ordered: what is generated from them is deterministic.
pub type Bindings = BTreeSet<BindingId>;

/// The whole function.
#[derive(Debug, Default, Clone)]
pub struct Graph {
    /// All locals, in the order of their declaration.
    pub bindings: Vec<Binding>,
    /// All blocks; the first is `Start`.
    pub blocks: Vec<Block>,
    /// The blocks that control comes to, in the order of the source: types are inferred in that order.
    pub order: Vec<BlockId>,
    /// All sequences.
    pub seqs: Vec<Seq>,
    /// All borrows that are taken again, in the order of their declaration.
    pub borrows: Vec<Borrow>,
    /// The await points, in the order of the source; the first is `Start`.
    pub points: Vec<PointInfo>,
    /// Field names of temporaries that hold the result of an await.
    pub result_names: BTreeMap<BindingId, String>,
    /// How the branch at the end of a sequence was written, for people.
    pub written: BTreeMap<SeqId, Written>,
    /// Where each `loop` begins, for people.
    pub loop_heads: BTreeSet<BlockId>,
    /// Locals that are declared on some targets only.
    pub conditional: Bindings,
    /// Locals that look like references which a call gave.
    pub lent: BTreeMap<BindingId, Lent>,
    /// Locals that a pattern binds, where no type can be written.
    pub in_patterns: Bindings,
    /// Where the user wrote what a loop binds: the name of its place is none of the user's.
    pub loop_spans: BTreeMap<BindingId, Span>,
}

/// A branch as it was written: lowering takes its expression apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// `if`, `while`, `match` or `for`.
    pub keyword: &'static str,
    /// What stands behind it.
    pub text: String,
}

/// A local.
#[derive(Debug, Clone)]
pub struct Binding {
    /// Its name, with the user's span.
    pub ident: Ident,
    /// Declared `mut`.
    pub mutable: bool,
    /// Its type, where the macro can know it.
    pub ty: Option<Type>,
    /// Its type as it was annotated, for a deferred declaration.
    pub annotation: Option<Type>,
    /// What it is.
    pub kind: BindingKind,
}

/// What a local is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindingKind {
    /// By-value parameter.
    Input,
    /// By-reference parameter: always at hand, never saved.
    Resource,
    /// A `let`, or a pattern's name.
    Local,
    /// The place of a `for` loop.
    Cursor,
    /// The result of an await inside an expression.
    Result,
    /// An operand evaluated before an await of the same expression, by its number.
    Operand(usize),
    /// The value of an `if`, `match` or block.
    Value,
    /// A borrow that is taken again.
    Borrowed(BorrowId),
    /// A reference that cannot be taken again, and why: an error if it is alive at an await point.
    Reference(&'static str),
    /// The same of a name bound by reference in a pattern.
    PatternReference(&'static str),
    /// A closure, or a future made by an `async` block: an error if it is alive at an await point.
    Code(Code),
}

/// Code as a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// `|..| ..`
    Closure,
    /// `async { .. }`
    Future,
}

/// What looks like a reference which a call gave.
#[derive(Debug, Clone)]
pub struct Lent {
    /// The method's name.
    pub method: String,
    /// Whether it gives text.
    pub text: bool,
    /// Whether it points into a local, which moves from block to block; a resource stays where it is.
    pub local: bool,
    /// The code that gives an owned value instead, where it is known.
    pub owned: Option<String>,
}

/// A borrow, or a pattern of borrows, that is taken again at the start of each block where one of them is alive.
#[derive(Debug, Clone)]
pub struct Borrow {
    /// What it binds.
    pub bindings: Vec<BindingId>,
    /// How.
    pub retake: Retake,
    /// The locals it borrows from or is found with.
    pub bases: Vec<BindingId>,
}

impl Borrow {
    /// How many names its pattern binds, copies included.
    pub fn names(&self) -> usize {
        let (Retake::Let { pat, .. } | Retake::Matched { pat, .. } | Retake::Item { pat, .. }) = &self.retake;
        facts::pattern_names(pat).len()
    }

    /// Whether what is borrowed can be changed through it.
    pub fn is_exclusive(&self) -> bool {
        match &self.retake {
            Retake::Let { pat, expr } | Retake::Matched { pat, expr } => {
                place::borrowed(expr).is_some_and(|(_, exclusive)| exclusive)
                    || facts::pattern_names(pat).iter().any(|name| name.exclusive)
            }
            Retake::Item { exclusive, .. } => *exclusive,
        }
    }
}

/// How a borrow is taken again. The names in the expressions are those of `Borrow::bases`.
#[derive(Debug, Clone)]
pub enum Retake {
    /// `let PAT = EXPR;`
    Let {
        /// What it binds.
        pat: Pat,
        /// What it borrows.
        expr: Expr,
    },
    /// `let PAT = EXPR else { lost }`: the pattern matched before.
    Matched {
        /// What it binds.
        pat: Pat,
        /// What it borrows.
        expr: Expr,
    },
    /// The item of a `for` loop: `let Some(PAT) = item(&PLACE, CURSOR) else { lost }`.
    Item {
        /// What it binds.
        pat: Pat,
        /// The collection.
        place: Expr,
        /// The position in it.
        cursor: BindingId,
        /// `&mut`.
        exclusive: bool,
    },
}

/// An await point.
#[derive(Debug, Clone)]
pub struct PointInfo {
    /// Its name.
    pub name: Ident,
    /// The names that it had in earlier versions.
    pub was: Vec<String>,
    /// The awaited expression as written, for people.
    pub callee: String,
    /// The name of what is called there.
    pub operation: String,
    /// The doc comment before it.
    pub doc: String,
    /// Where its `.await` stands.
    pub span: Span,
    /// Its block.
    pub block: BlockId,
}

/// A block.
#[derive(Debug, Clone)]
pub struct Block {
    /// The await point it begins with, by number; `None` where ways join.
    pub point: Option<usize>,
    /// Its code.
    pub root: SeqId,
    /// Which binding each name means at its start: `(name, binding)`, innermost last.
    pub scope: Vec<(String, BindingId)>,
}

/// Statements, then an end.
#[derive(Debug, Clone, Default)]
pub struct Seq {
    /// In order.
    pub ops: Vec<Op>,
    /// `None`: control never comes here.
    pub end: Option<End>,
}

/// A statement and what it means for the locals.
#[derive(Debug, Clone)]
pub enum Op {
    /// The user's statement, or one made of it.
    Stmt {
        /// Untouched but for await points and jumps.
        stmt: Stmt,
        /// What it reads, writes and where it may go.
        effect: Effect,
        /// What it declares.
        defs: Vec<BindingId>,
    },
    /// `let PAT = EXPR else { SEQ }` whose `else` contains awaits.
    LetElse {
        /// The pattern, with its type.
        pat: Pat,
        /// The value.
        expr: Expr,
        /// What the value reads and writes.
        effect: Effect,
        /// What the pattern declares.
        defs: Vec<BindingId>,
        /// The `else`: it never comes back.
        otherwise: SeqId,
    },
    /// A scope begins.
    Enter,
    /// A scope ends: these names mean these bindings again.
    Leave {
        /// `(name, binding)`.
        visible: Vec<(String, BindingId)>,
    },
}

/// How a sequence ends.
#[derive(Debug, Clone)]
pub enum End {
    /// On to a block.
    Goto(BlockId),
    /// `if COND { THEN } else { OTHERWISE }`; the condition may bind.
    If {
        /// The condition.
        cond: Expr,
        /// What it reads and writes.
        effect: Effect,
        /// What it binds.
        defs: Vec<BindingId>,
        /// Where it holds.
        then: SeqId,
        /// Where it does not.
        otherwise: SeqId,
    },
    /// `match SCRUTINEE { ARMS }`.
    Match {
        /// What is matched.
        scrutinee: Expr,
        /// What it reads and writes.
        effect: Effect,
        /// In order.
        arms: Vec<Arm>,
    },
    /// `if let Some(PAT) = item(&PLACE, CURSOR) { THEN } else { OTHERWISE }`: the head of a `for` over a borrowed collection.
    Item {
        /// The item's borrow.
        borrow: BorrowId,
        /// What the pattern binds: borrows, and copies behind a `&`.
        defs: Vec<BindingId>,
        /// While there is one.
        then: SeqId,
        /// At the end.
        otherwise: SeqId,
    },
    /// The workflow's result.
    Return {
        /// The result.
        value: Expr,
        /// What it reads and writes.
        effect: Effect,
    },
    /// The last statement never comes back.
    Diverge,
}

/// An arm of an opened `match`.
#[derive(Debug, Clone)]
pub struct Arm {
    /// Its attributes: an arm without awaits may be there on some targets only.
    pub attrs: Vec<Attribute>,
    /// With its guard.
    pub pat: Pat,
    /// What the guard reads and writes.
    pub effect: Effect,
    /// What the pattern declares.
    pub defs: Vec<BindingId>,
    /// The body.
    pub body: SeqId,
}

/// What a piece of code means for the locals outside it.
#[derive(Debug, Clone, Default)]
pub struct Effect {
    /// Read, borrowed or moved.
    pub uses: Bindings,
    /// Of these, those that some way comes to without having assigned them whole before: only their old value matters.
    pub exposed: Bindings,
    /// Assigned whole on every way through, so the old value does not matter.
    pub kills: Bindings,
    /// Assigned whole on some way.
    pub assigns: Bindings,
    /// Ways out to other blocks.
    pub jumps: Vec<Jump>,
}

/// A `break` or `continue` in untouched code whose loop was opened.
#[derive(Debug, Clone)]
pub struct Jump {
    /// As written.
    pub key: JumpKey,
    /// Where it goes.
    pub target: BlockId,
    /// The local that takes a `break`'s value.
    pub value: Option<BindingId>,
    /// Names bound inside the code where it stands: they hide those the jump must carry.
    pub bound: BTreeSet<String>,
    /// Assigned whole before it, so the old value does not matter.
    pub assigned: Bindings,
}

impl Effect {
    /// Reads nothing but this.
    pub fn of_use(id: BindingId) -> Self {
        Self { uses: [id].into(), exposed: [id].into(), ..Self::default() }
    }
}

/// A jump as written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JumpKey {
    /// `break`, else `continue`.
    pub is_break: bool,
    /// Its label.
    pub label: Option<String>,
}

impl Graph {
    /// A binding.
    pub fn binding(&self, id: BindingId) -> &Binding {
        &self.bindings[id.0]
    }

    /// A sequence.
    pub fn seq(&self, id: SeqId) -> &Seq {
        &self.seqs[id.0]
    }

    /// A borrow.
    pub fn borrow(&self, id: BorrowId) -> &Borrow {
        &self.borrows[id.0]
    }

    /// The borrow a binding belongs to.
    pub fn borrow_of(&self, id: BindingId) -> Option<BorrowId> {
        match self.binding(id).kind {
            BindingKind::Borrowed(borrow) => Some(borrow),
            _ => None,
        }
    }

    /// Whether a local is carried from block to block.
    pub fn is_carried(&self, id: BindingId) -> bool {
        !matches!(self.binding(id).kind, BindingKind::Resource | BindingKind::Borrowed(_))
    }

    /// Where the user wrote what declares a local.
    pub fn span(&self, id: BindingId) -> Span {
        self.loop_spans.get(&id).copied().unwrap_or_else(|| self.binding(id).ident.span())
    }

    /// The name of a local without `r#`.
    pub fn name(&self, id: BindingId) -> String {
        plain_name(&self.binding(id).ident)
    }
}

/// An identifier's text without `r#`.
pub fn plain_name(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map_or(text.clone(), str::to_owned)
}
