//! Two versions of one workflow on one store: what was begun with the first goes on with the second, or stays.

mod damage;
mod deployed;
mod enums;
mod exported;
mod locals;
mod losses;
mod migrations;
mod points;
mod prelude;
mod redriven;
mod rescued;
mod rolled_back;
mod sent;
mod side_by_side;
mod structs;
mod table;
mod values;

/// Two versions of `place_order`, each in a module of its own, and what becomes of an execution of the first.
///
/// The first runs until it waits for the event `go`; then its worker is shut down, and one with the second is started. And the other way round.
macro_rules! change {
    ($(#[$doc:meta])* $name:ident: $expected:expr, was { $($was:tt)* } is { $($is:tt)* }) => {
        $(#[$doc])*
        mod $name {
            #[allow(dead_code)]
            mod was {
                #[allow(unused_imports)]
                use crate::evolution::prelude::*;
                $($was)*
            }
            #[allow(dead_code)]
            mod is {
                #[allow(unused_imports)]
                use crate::evolution::prelude::*;
                $($is)*
            }

            #[tokio::test]
            async fn deployed() {
                #[allow(unused_imports)]
                use super::super::deployed::Expected::{Continues, SetAside, Stays};
                let found = super::super::deployed::deploy::<was::place_order, is::place_order>(was::begin()).await;
                super::super::deployed::compare(&found, &$expected);
            }

            #[tokio::test]
            async fn rolled_back() {
                super::super::rolled_back::roll_back::<was::place_order, is::place_order>(was::begin).await;
            }
        }
    };
}
pub(crate) use change;
