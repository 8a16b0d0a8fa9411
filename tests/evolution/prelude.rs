//! What versions are written with.

pub(crate) use durable::{Input, event, step, workflow};
pub(crate) use serde::{Deserialize, Serialize};
pub(crate) use std::collections::{BTreeMap, VecDeque};

/// Payment services.
pub(crate) async fn charge(cents: u64) -> u64 {
    cents
}

/// The other way round.
pub(crate) async fn refund(cents: u64) -> u64 {
    cents
}

/// Another service.
pub(crate) async fn audit(text: &str) -> usize {
    text.len()
}

/// A version that saves one value, of this type, with these items beside it.
macro_rules! saves {
    ($ty:ty = $value:expr; $($items:tt)*) => {
        $($items)*

        #[workflow]
        pub(crate) async fn place_order(id: u64) -> String {
            let value: $ty = $value;
            let _: u64 = event("go").await;
            format!("{id} {value:?}")
        }

        pub(crate) fn begin() -> Input<place_order> {
            place_order::input(7)
        }
    };
}
pub(crate) use saves;

/// A workflow with this body.
macro_rules! body {
    (($($parameters:tt)*) $body:block) => {
        #[workflow]
        pub(crate) async fn place_order($($parameters)*) -> String $body

        pub(crate) fn begin() -> Input<place_order> {
            place_order::input(7)
        }
    };
}
pub(crate) use body;
