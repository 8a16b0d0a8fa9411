//! What the user says of earlier versions: names that await points had, and functions from their states.

use super::change;

change! { await_point_is_renamed_and_says_so: Continues("7"),
    was { body!((id: u64) {
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
    is { body!((id: u64) {
        #[at(Approval, was = "EventGo")]
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
}

change! { await_point_was_renamed_twice: Continues("7"),
    was { body!((id: u64) {
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
    is { body!((id: u64) {
        #[at(Release, was = "Approval", was = "EventGo")]
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
}

change! { renamed_await_point_saves_more: Stays("`found` is needed"),
    was { body!((id: u64) {
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
    is { body!((id: u64) {
        let found: u64 = charge(id).await;
        #[at(Approval, was = "EventGo")]
        let _: u64 = event("go").await;
        format!("{id} {found}")
    }); }
}

change! { value_is_migrated: Continues("7 Money { cents: 1250, currency: \"EUR\" }"),
    was { body!((id: u64) {
        let total: f64 = 12.5;
        let _: u64 = event("go").await;
        format!("{id} {total}")
    }); }
    is {
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct Money { cents: u64, currency: String }

        #[derive(Deserialize)]
        struct Floating { id: u64, total: f64 }

        fn from_floating(old: Floating) -> PlaceOrderState {
            let total = Money { cents: (old.total * 100.0) as u64, currency: "EUR".into() };
            PlaceOrderState::EventGo { id: old.id, total }
        }

        #[workflow(migrate(EventGo = from_floating))]
        pub(crate) async fn place_order(id: u64) -> String {
            let total: Money = Money { cents: 0, currency: String::new() };
            let _: u64 = event("go").await;
            format!("{id} {total:?}")
        }
    }
}

change! { removed_await_point_leads_to_another: Continues("7 audited 3"),
    was { body!((id: u64) {
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
    is {
        #[derive(Deserialize)]
        struct Waiting { id: u64 }

        #[workflow(migrate(EventGo = without_approval))]
        pub(crate) async fn place_order(id: u64) -> String {
            let length = audit("abc").await;
            format!("{id} audited {length}")
        }

        fn without_approval(Waiting { id }: Waiting) -> PlaceOrderState {
            PlaceOrderState::Audit { id }
        }
    }
}

change! { another_operation_is_said_to_take_the_place: Continues("7 9"),
    was { body!((id: u64) {
        #[at(Approval)]
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
    is {
        #[derive(Deserialize)]
        struct Waiting { id: u64 }

        #[workflow(migrate(Approval = automatic))]
        pub(crate) async fn place_order(id: u64) -> String {
            #[at(Approval)]
            let found: u64 = charge(9).await;
            format!("{id} {found}")
        }

        fn automatic(old: Waiting) -> PlaceOrderState {
            PlaceOrderState::Approval { id: old.id }
        }
    }
}

change! {
    /// Read by name alone, it would go on in the wrong unit.
    migration_goes_before_reading_by_name: Continues("7 500 checked: true"),
    was { body!((id: u64) {
        let total: u64 = 5;
        let _: u64 = event("go").await;
        format!("{id} {total}")
    }); }
    is {
        #[derive(Deserialize)]
        struct InEuros { id: u32, total: u64 }

        #[derive(Deserialize)]
        struct Whole { id: u64, total: u64 }

        fn narrow(old: InEuros) -> PlaceOrderState {
            PlaceOrderState::EventGo { id: old.id.into(), total: old.total.into(), checked: false }
        }

        fn from_euros(old: Whole) -> Result<PlaceOrderState, String> {
            Ok(PlaceOrderState::EventGo { id: old.id, total: u128::from(old.total) * 100, checked: true })
        }

        #[workflow(migrate(EventGo = narrow, EventGo = from_euros))]
        pub(crate) async fn place_order(id: u64) -> String {
            let total: u128 = 0;
            let checked: bool = true;
            let _: u64 = event("go").await;
            format!("{id} {total} checked: {checked}")
        }
    }
}

change! { migration_takes_json: Continues("7 from {\"found\":9,\"id\":7}"),
    was { body!((id: u64) {
        let found = charge(9).await;
        let _: u64 = event("go").await;
        format!("{id} {found}")
    }); }
    is {
        #[workflow(migrate(EventGo = from_any))]
        pub(crate) async fn place_order(id: u64) -> String {
            let note: String = String::new();
            let _: u64 = event("go").await;
            format!("{id} {note}")
        }

        fn from_any(old: serde_json::Value) -> Result<PlaceOrderState, serde_json::Error> {
            let id = serde_json::from_value(old["id"].clone())?;
            Ok(PlaceOrderState::EventGo { id, note: format!("from {old}") })
        }
    }
}

change! { migration_gives_a_value_whose_type_is_not_annotated: Continues("7 9"),
    was { body!((id: u64) {
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
    is {
        #[derive(Deserialize)]
        struct Waiting { id: u64 }

        #[workflow(migrate(EventGo = with_found))]
        pub(crate) async fn place_order(id: u64) -> String {
            let found = charge(1).await;
            let _: u64 = event("go").await;
            format!("{id} {found}")
        }

        fn with_found(old: Waiting) -> Result<PlaceOrderState, durable::StateError> {
            Ok(PlaceOrderState::EventGo { id: old.id, found: durable::Inferred::new(&9u64)? })
        }
    }
}

change! { migration_gives_a_value_of_another_type: SetAside("`found` at `EventGo` has another type"),
    was { body!((id: u64) {
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
    is {
        #[derive(Deserialize)]
        struct Waiting { id: u64 }

        #[workflow(migrate(EventGo = with_found))]
        pub(crate) async fn place_order(id: u64) -> String {
            let found = charge(1).await;
            let _: u64 = event("go").await;
            format!("{id} {found}")
        }

        fn with_found(old: Waiting) -> Result<PlaceOrderState, durable::StateError> {
            Ok(PlaceOrderState::EventGo { id: old.id, found: durable::Inferred::new(&9u8)? })
        }
    }
}

change! { migration_refuses_the_value: SetAside("the migration from await point `EventGo` of workflow `place_order` gives no state: id 7 is too old"),
    was { body!((id: u64) {
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
    is {
        #[derive(Deserialize)]
        struct Waiting { id: u64 }

        #[workflow(migrate(EventGo = refuse))]
        pub(crate) async fn place_order(id: u64) -> String {
            let found: u64 = charge(1).await;
            let _: u64 = event("go").await;
            format!("{id} {found}")
        }

        fn refuse(old: Waiting) -> Result<PlaceOrderState, String> {
            Err(format!("id {} is too old", old.id))
        }
    }
}

change! { migration_of_another_shape_is_left_alone: Stays("`found` is needed at await point `EventGo`"),
    was { body!((id: u64) {
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
    is {
        #[derive(Deserialize)]
        struct Waiting { id: u32 }

        #[workflow(migrate(EventGo = with_found))]
        pub(crate) async fn place_order(id: u64) -> String {
            let found: u64 = charge(1).await;
            let _: u64 = event("go").await;
            format!("{id} {found}")
        }

        fn with_found(old: Waiting) -> PlaceOrderState {
            PlaceOrderState::EventGo { id: old.id.into(), found: 9 }
        }
    }
}

change! { locals_whose_type_contains_itself_are_migrated: Continues("7 Both(One(1), One(2)) One(3) migrated"),
    was {
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) enum Tree { One(u64), Both(Box<Tree>, Box<Tree>) }

        body!((id: u64) {
            let first: Tree = Tree::Both(Box::new(Tree::One(1)), Box::new(Tree::One(2)));
            let second: Tree = Tree::One(3);
            let _: u64 = event("go").await;
            format!("{id} {first:?} {second:?}")
        });
    }
    is {
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) enum Tree { One(u64), Both(Box<Tree>, Box<Tree>) }

        #[derive(Deserialize)]
        struct Trees { id: u64, first: Tree, second: Tree }

        fn with_note(Trees { id, first, second }: Trees) -> PlaceOrderState {
            PlaceOrderState::EventGo { id, first, second, note: "migrated".into() }
        }

        #[workflow(migrate(EventGo = with_note))]
        pub(crate) async fn place_order(id: u64) -> String {
            let first: Tree = Tree::One(1);
            let second: Tree = Tree::One(1);
            let note: String = String::new();
            let _: u64 = event("go").await;
            format!("{id} {first:?} {second:?} {note}")
        }
    }
}
