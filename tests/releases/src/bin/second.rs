//! The second release of every change in tests/evolution.

#[path = "../approvals.rs"]
mod approvals;
#[allow(dead_code, unused_imports, unused_macros, reason = "each release uses some of it")]
#[path = "../../../evolution/prelude.rs"]
mod prelude;
#[path = "../release.rs"]
mod release;

#[path = "../../../evolution/enums.rs"]
mod enums;
#[path = "../../../evolution/locals.rs"]
mod locals;
#[path = "../../../evolution/migrations.rs"]
mod migrations;
#[path = "../../../evolution/points.rs"]
mod points;
#[path = "../../../evolution/structs.rs"]
mod structs;
#[path = "../../../evolution/values.rs"]
mod values;

/// As this release has it.
mod approval {
    use crate::prelude::*;

    #[derive(Debug, Serialize, Deserialize)]
    pub(crate) struct Approval {
        note: Option<String>,
        #[serde(default)]
        cents: u64,
        means: Means,
        by: String,
    }

    #[derive(Debug, Serialize, Deserialize)]
    enum Means {
        Gift,
        Cash,
        Card(u64),
    }

    pub(crate) fn approval() -> Approval {
        Approval { note: Some("fine".into()), cents: 3, means: Means::Cash, by: "eve".into() }
    }

    #[workflow]
    pub(crate) async fn approve(id: u64) -> Approval {
        let approval: Approval = event("approved").await;
        assert_eq!(id, 7);
        approval
    }
}

use release::Asked;
use std::{error::Error, process::ExitCode};

macro_rules! change {
    ($(#[$doc:meta])* $name:ident: $expected:expr, was { $($was:tt)* } is { $($is:tt)* }) => {
        $(#[$doc])*
        #[allow(dead_code)]
        pub(crate) mod $name {
            #[allow(unused_imports)]
            use crate::prelude::*;
            $($is)*
        }
    };
}
pub(crate) use change;

macro_rules! with_changes {
    ($($file:ident::$name:ident)*) => {
        async fn run(asked: Asked) -> Result<(), Box<dyn Error>> {
            match &*asked.change {
                $(concat!(stringify!($file), "::", stringify!($name)) => {
                    release::run::<$file::$name::place_order>(asked, None).await
                })*
                unknown => Err(format!("there is no change `{unknown}`").into()),
            }
        }
    };
}

include!(concat!(env!("OUT_DIR"), "/changes.rs"));

#[tokio::main]
async fn main() -> ExitCode {
    let Some(asked) = Asked::of_this_process() else {
        eprintln!(
            "usage: <change> <database> begin|start|wait|go-on|go-back|finish|serve [<executions>|<losses>]"
        );
        return ExitCode::from(2);
    };
    let done = match &*asked.change {
        "approval" => approvals::run(asked, approval::approve::input(7), approval::approval()).await,
        _ => run(asked).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
