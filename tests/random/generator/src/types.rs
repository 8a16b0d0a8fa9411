//! The types of locals.

/// The type of a local, or of what it refers to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ty {
    Num,
    Bool,
    Text,
    Nums,
    Texts,
    Maybe,
    MaybeText,
    Pair,
    Array,
    Parts,
    Kind,
    Outcome,
}

impl Ty {
    /// All but `Num`, which is more frequent than the others together.
    pub(crate) const OTHERS: [Self; 11] = [
        Self::Bool,
        Self::Text,
        Self::Nums,
        Self::Texts,
        Self::Maybe,
        Self::MaybeText,
        Self::Pair,
        Self::Array,
        Self::Parts,
        Self::Kind,
        Self::Outcome,
    ];

    /// As it is written.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Num => "u64",
            Self::Bool => "bool",
            Self::Text => "String",
            Self::Nums => "Vec<u64>",
            Self::Texts => "Vec<String>",
            Self::Maybe => "Option<u64>",
            Self::MaybeText => "Option<String>",
            Self::Pair => "(u64, String)",
            Self::Array => "[u64; 3]",
            Self::Parts => "Parts",
            Self::Kind => "Kind",
            Self::Outcome => "Result<u64, String>",
        }
    }

    pub(crate) fn is_copy(self) -> bool {
        matches!(self, Self::Num | Self::Bool | Self::Maybe | Self::Array)
    }

    /// Whether `std::mem::take` can leave something.
    pub(crate) fn has_default(self) -> bool {
        !matches!(self, Self::Kind | Self::Outcome)
    }
}
