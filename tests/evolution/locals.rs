//! Locals that come to be saved, or are saved no more.

use super::change;

change! { local_is_annotated: Continues("7 9"),
    was { body!((id: u64) {
        let found = charge(9).await;
        let _: u64 = event("go").await;
        format!("{id} {found}")
    }); }
    is { body!((id: u64) {
        let found: u64 = charge(9).await;
        let _: u64 = event("go").await;
        format!("{id} {found}")
    }); }
}

change! { local_is_not_needed_any_more: Continues("7"),
    was { body!((id: u64) {
        let found = charge(9).await;
        let _: u64 = event("go").await;
        format!("{id} {found}")
    }); }
    is { body!((id: u64) {
        let _found = charge(9).await;
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
}

change! { local_is_needed_that_was_not_saved: Stays("`found` is needed at await point `EventGo`"),
    was { body!((id: u64) {
        let _found = charge(9).await;
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
    is { body!((id: u64) {
        let found = charge(9).await;
        let _: u64 = event("go").await;
        format!("{id} {found}")
    }); }
}

change! {
    /// A field of a struct would be `None`; a local that was not saved is not known to be.
    optional_local_is_needed_that_was_not_saved: Stays("`found` is needed at await point `EventGo`"),
    was { body!((id: u64) {
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
    is { body!((id: u64) {
        let found: Option<u64> = Some(charge(9).await);
        let _: u64 = event("go").await;
        format!("{id} {found:?}")
    }); }
}

change! { local_is_renamed: Stays("`charged` is needed at await point `EventGo`"),
    was { body!((id: u64) {
        let found = charge(9).await;
        let _: u64 = event("go").await;
        format!("{id} {found}")
    }); }
    is { body!((id: u64) {
        let charged = charge(9).await;
        let _: u64 = event("go").await;
        format!("{id} {charged}")
    }); }
}

change! { locals_are_declared_in_another_order: Continues("7 2 1"),
    was { body!((id: u64) {
        let first = charge(1).await;
        #[at(Second)]
        let second = charge(2).await;
        let _: u64 = event("go").await;
        format!("{id} {second} {first}")
    }); }
    is { body!((id: u64) {
        #[at(Second)]
        let second = charge(20).await;
        let first = charge(10).await;
        let _: u64 = event("go").await;
        format!("{id} {second} {first}")
    }); }
}

change! { local_is_made_after_the_await_point: Continues("7 14"),
    was { body!((id: u64) {
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
    is { body!((id: u64) {
        let _: u64 = event("go").await;
        let twice = charge(id * 2).await;
        format!("{id} {twice}")
    }); }
}

change! { local_comes_to_be_mutable: Continues("7 10"),
    was { body!((id: u64) {
        let found = charge(9).await;
        let _: u64 = event("go").await;
        format!("{id} {found}")
    }); }
    is { body!((id: u64) {
        let mut found = charge(9).await;
        let _: u64 = event("go").await;
        found += 1;
        format!("{id} {found}")
    }); }
}

change! { local_of_a_closed_block_takes_a_name: Continues("7 9"),
    was { body!((id: u64) {
        let found = charge(9).await;
        let _: u64 = event("go").await;
        format!("{id} {found}")
    }); }
    is { body!((id: u64) {
        {
            let found = "another";
            audit(found).await;
        }
        let found = charge(9).await;
        let _: u64 = event("go").await;
        format!("{id} {found}")
    }); }
}

change! { parameter_is_not_needed_any_more: Continues("done"),
    was { body!((id: u64) {
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
    is { body!((_id: u64) {
        let _: u64 = event("go").await;
        "done".to_owned()
    }); }
}

change! { borrowed_part_of_a_local_is_used_afterwards: Continues("7 b"),
    was { body!((id: u64) {
        let names = vec!["a".to_owned(), "b".to_owned()];
        let _: u64 = event("go").await;
        format!("{id} {}", names[1])
    }); }
    is { body!((id: u64) {
        let names = vec!["a".to_owned(), "b".to_owned()];
        let last = &names[1];
        let _: u64 = event("go").await;
        format!("{id} {last}")
    }); }
}
