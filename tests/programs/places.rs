//! Where workflows may stand: in modules, functions and macros, with any visibility and any name.

use super::world::{World, everywhere};
use durable::{State, workflow};

/// A module of a user's, with types of its own.
mod shop {
    use super::super::world::World;
    use durable::workflow;
    use serde::{Deserialize, Serialize};

    pub(crate) mod orders {
        use serde::{Deserialize, Serialize};

        #[derive(Serialize, Deserialize, Debug)]
        pub(crate) struct Order {
            pub(crate) total: u64,
        }

        pub(crate) mod deep {
            use super::super::super::World;
            use durable::workflow;

            #[workflow]
            pub(in super::super) async fn deepest(world: &World, n: u64) -> u64 {
                let got = world.ask(n).await;
                world.note("deepest").await;
                got
            }
        }
    }

    #[derive(Serialize, Deserialize, Debug)]
    struct Secret(u64);

    #[workflow]
    pub(super) async fn visible(world: &World, order: orders::Order) -> u64 {
        let secret: Secret = Secret(order.total);
        let got = world.ask(secret.0).await;
        world.note(format!("{secret:?}")).await;
        let deep: u64 = orders::deep::deepest(world, got).await;
        hidden(world, deep).await + order.total + secret.0
    }

    #[workflow]
    async fn hidden(world: &World, n: u64) -> u64 {
        let secret = Secret(n);
        world.note("hidden").await;
        secret.0
    }
}

#[tokio::test]
async fn modules_of_all_depths_with_types_of_their_own() {
    assert_eq!(everywhere(shop::visible::input(shop::orders::Order { total: 3 })).await, 9);
}

/// More visible than what it saves, though not than what it takes.
mod open {
    use super::World;
    use durable::workflow;
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize, Debug)]
    struct Secret(u64);

    #[workflow]
    pub(crate) async fn opens(world: &World, n: u64) -> u64 {
        let secret: Secret = Secret(n);
        world.note("open").await;
        secret.0
    }
}

#[tokio::test]
async fn a_workflow_saves_a_type_more_private_than_itself() {
    assert_eq!(everywhere(open::opens::input(3)).await, 3);
}

/// More visible than what it takes and gives, of which rustc only warns.
mod opener {
    use super::World;
    use durable::workflow;
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    pub(super) struct Given(pub(super) u64);

    #[allow(private_interfaces)]
    #[workflow]
    pub async fn gives(world: &World, given: Given) -> Given {
        let got: u64 = world.ask(given.0).await;
        Given(got + given.0)
    }

    #[allow(private_interfaces)]
    #[workflow]
    pub(crate) async fn gives_any<T: durable::Durable + Into<u64>>(
        world: &World,
        given: Given,
        more: T,
    ) -> Given {
        let got: u64 = gives(world, given).await.0;
        Given(got + more.into())
    }
}

#[tokio::test]
async fn a_workflow_more_visible_than_its_types() {
    assert_eq!(everywhere(opener::gives::input(opener::Given(3))).await, opener::Given(6));
    assert_eq!(everywhere(opener::gives_any::<u8>::input(opener::Given(3), 2)).await, opener::Given(8));
}

#[tokio::test]
async fn a_workflow_in_a_function() {
    const BASE: u64 = 40;
    #[workflow]
    async fn local(world: &World, n: u64) -> u64 {
        world.ask(n + BASE).await + BASE
    }
    assert_eq!(everywhere(local::input(2)).await, 82);
}

#[workflow]
async fn r#match(world: &World, r#fn: u64) -> u64 {
    let r#loop = world.ask(r#fn).await;
    world.note(format!("{loop} {fn}", loop = r#loop, fn = r#fn)).await;
    r#loop + r#fn
}

#[tokio::test]
async fn a_workflow_with_a_raw_name() {
    assert_eq!(r#match::NAME, "match");
    assert_eq!(everywhere(r#match::input(2)).await, 4);
    fn _is_typed(state: MatchState) -> &'static str {
        let MatchState::Ask { r#fn: _ } = &state else { return state.point() };
        state.point()
    }
}

/// Makes two workflows, one of which calls the other; names come from both sides of the macro.
macro_rules! pair {
    ($(#[$attr:meta])* $vis:vis $first:ident, $second:ident($world:ident: &$World:ty, $n:ident) $body:block) => {
        $(#[$attr])*
        #[workflow]
        $vis async fn $first($world: &$World, $n: u64) -> u64 {
            let inner = 7;
            let outer = $body;
            let got: u64 = $second($world, outer + inner).await;
            #[at(Last)]
            $world.ask(got + inner).await
        }

        #[workflow]
        $vis async fn $second($world: &$World, $n: u64) -> u64 {
            let text = "inner";
            #[at(Body)]
            $world.note(format!("{text} {}", $n)).await;
            let again = $body;
            #[at(BodyAgain)]
            $world.note(text).await;
            again + $n
        }
    };
}

pair! {
    /// Documented through a macro.
    pub(crate) first_of_pair, second_of_pair(world: &World, n) {
        let inner = n + 1;
        world.ask(inner).await * inner
    }
}

#[tokio::test]
async fn a_macro_makes_workflows_and_keeps_its_names_apart_from_the_users() {
    // first: inner = 3, outer = 9; second(16): inner = 17, again = 289, gives 305.
    assert_eq!(everywhere(first_of_pair::input(2)).await, 305 + 7);
}
