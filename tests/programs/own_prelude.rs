//! Workflows among items that are called like those of the prelude.

use super::world::{World, report};

/// A user may call a type `Option`, and its variants too.
mod items {
    #![allow(dead_code, non_snake_case)]
    use super::World;
    use durable::{step, workflow};

    #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    pub(super) enum Option {
        Some { strike: u64 },
        None,
    }
    pub(super) use self::Option::{None, Some};

    type Result = std::result::Result<u64, std::string::String>;
    fn Ok<T>(_: T) {}
    fn Err<T>(_: T) {}
    struct Vec;
    struct String;
    struct Box;
    trait Default {}
    trait Clone {}
    trait Copy {}
    trait Debug {}
    trait Send {}
    trait Iterator {}
    trait IntoIterator {}
    trait Future {}
    fn drop() {}

    #[step(retry(attempts = 2))]
    async fn halve(world: &World, n: u64) -> Result {
        let half = world.ask(n / 2).await;
        std::result::Result::Ok(half)
    }

    #[workflow]
    pub(super) async fn priced(world: &World, limit: u64) -> Result {
        let option = Some { strike: limit };
        let mut found = std::vec::Vec::new();
        for n in vec![1u64, 2, 3] {
            if n > 2 {
                continue;
            }
            found.push(world.ask(n).await);
        }
        for n in found.iter() {
            #[at(Each)]
            world.ask(*n).await;
        }
        let half = halve(world, found[0]).await?;
        match &option {
            Some { strike } if *strike > 3 => {
                #[at(Dear)]
                world.ask(*strike).await;
            }
            Some { strike } => {
                #[at(Cheap)]
                world.ask(*strike).await;
            }
            None => {}
        }
        let mut last;
        loop {
            last = world.even(half).await?;
            if last % 2 == 0 {
                break;
            }
        }
        std::result::Result::Ok(last)
    }
}

#[tokio::test]
async fn names_of_the_prelude_are_the_users_to_take() {
    let r = report(items::priced::input(4)).await;
    assert!(r.states.iter().any(|state| state.starts_with("Dear")), "{:?}", r.states);
    let r = report(items::priced::input(2)).await;
    assert!(r.states.iter().any(|state| state.starts_with("Cheap")), "{:?}", r.states);
}
