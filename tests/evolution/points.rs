//! Await points that come, go, move and change.

use super::change;

change! { step_is_inserted_behind: Continues("7 3"),
    was { body!((id: u64) {
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
    is { body!((id: u64) {
        let _: u64 = event("go").await;
        let length = audit("abc").await;
        format!("{id} {length}")
    }); }
}

change! { step_is_inserted_before: Continues("7"),
    was { body!((id: u64) {
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
    is { body!((id: u64) {
        audit("abc").await;
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
}

change! { step_that_was_passed_is_removed: Continues("7"),
    was { body!((id: u64) {
        audit("abc").await;
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
    is { body!((id: u64) {
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
}

change! { step_to_come_is_removed: Continues("7"),
    was { body!((id: u64) {
        let _: u64 = event("go").await;
        audit("abc").await;
        format!("{id}")
    }); }
    is { body!((id: u64) {
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
}

change! { await_point_where_it_stands_is_removed: Stays("no such await point"),
    was { body!((id: u64) {
        let _: u64 = event("go").await;
        audit("abc").await;
        format!("{id}")
    }); }
    is { body!((id: u64) {
        audit("abc").await;
        format!("{id}")
    }); }
}

change! { await_point_where_it_stands_is_renamed: Stays("no such await point"),
    was { body!((id: u64) {
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
    is { body!((id: u64) {
        #[at(Approval)]
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
}

change! { await_point_is_given_the_name_it_has: Continues("7"),
    was { body!((id: u64) {
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
    is { body!((id: u64) {
        #[at(EventGo)]
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
}

change! { another_event_is_awaited_under_the_same_name:
    Stays("awaits `event(\"approved\")` now, and awaited `event(\"go\")`"),
    was { body!((id: u64) {
        #[at(Approval)]
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
    is { body!((id: u64) {
        #[at(Approval)]
        let _: u64 = event("approved").await;
        format!("{id}")
    }); }
}

change! { operation_takes_the_place_of_the_event: Stays("awaits `charge` now, and awaited `event(\"go\")`"),
    was { body!((id: u64) {
        #[at(Approval)]
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
    is { body!((id: u64) {
        #[at(Approval)]
        let _: u64 = charge(id).await;
        format!("{id}")
    }); }
}

change! { await_point_moves_into_a_branch: Continues("7"),
    was { body!((id: u64) {
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
    is { body!((id: u64) {
        if id > 100 {
            return "large".to_owned();
        } else if id > 0 {
            let _: u64 = event("go").await;
        }
        format!("{id}")
    }); }
}

change! { await_point_moves_into_a_loop: Continues("7"),
    was { body!((id: u64) {
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
    is { body!((id: u64) {
        loop {
            let go: u64 = event("go").await;
            if go > 0 {
                break;
            }
        }
        format!("{id}")
    }); }
}

change! { await_point_moves_into_a_loop_over_something: Stays("line_at` is needed"),
    was { body!((id: u64) {
        let lines = vec![id, 2];
        let _: u64 = event("go").await;
        format!("{id} {lines:?}")
    }); }
    is { body!((id: u64) {
        let lines = vec![id, 2];
        for line in &lines {
            let _: u64 = event("go").await;
            charge(*line).await;
        }
        format!("{id} {lines:?}")
    }); }
}

change! { loop_becomes_a_branch: Continues("7 [7]"),
    was { body!((id: u64) {
        let lines = vec![id];
        for line in &lines {
            let _: u64 = event("go").await;
            charge(*line).await;
        }
        format!("{id} {lines:?}")
    }); }
    is { body!((id: u64) {
        let lines = vec![id];
        if lines.len() == 1 {
            let _: u64 = event("go").await;
        }
        format!("{id} {lines:?}")
    }); }
}

change! { await_is_doubled: Continues("7"),
    was { body!((id: u64) {
        let _: u64 = event("go").await;
        charge(id).await;
        format!("{id}")
    }); }
    is { body!((id: u64) {
        let _: u64 = event("go").await;
        charge(id).await;
        #[at(ChargeAgain)]
        charge(id).await;
        format!("{id}")
    }); }
}

change! { await_points_are_exchanged: Continues("7"),
    was { body!((id: u64) {
        audit("abc").await;
        let _: u64 = event("go").await;
        charge(id).await;
        format!("{id}")
    }); }
    is { body!((id: u64) {
        charge(id).await;
        let _: u64 = event("go").await;
        audit("abc").await;
        format!("{id}")
    }); }
}

change! { result_of_a_step_has_another_type: Continues("7 refunded 9"),
    was { body!((id: u64) {
        let found = charge(9).await;
        audit(&found.to_string()).await;
        let _: u64 = event("go").await;
        format!("{id}")
    }); }
    is { body!((id: u64) {
        let found = format!("{}", charge(9).await);
        audit(&found).await;
        let _: u64 = event("go").await;
        let found = format!("refunded {}", refund(9).await);
        format!("{id} {found}")
    }); }
}

change! { call_is_retried_from_now_on: Continues("7 3"),
    was { body!((id: u64) {
        let _: u64 = event("go").await;
        let length = audit("abc").await;
        format!("{id} {length}")
    }); }
    is {
        #[step(retry)]
        async fn checked(text: &str) -> Result<usize, String> {
            Ok(audit(text).await)
        }
        body!((id: u64) {
            let _: u64 = event("go").await;
            let length = checked("abc").await.unwrap_or_default();
            format!("{id} {length}")
        });
    }
}
