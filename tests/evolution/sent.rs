//! Events and results of another version of their types: sent by an older or a newer program than the one that receives them, and
//! returned by another one than reads them. In clear, and encrypted.

use super::deployed::until_parked;
use durable::{Client, ClientError, Durable, Status, Worker, WorkerBuilder, Workflow};
use durable_core::memory::{ManualClock, MemoryStore};
use durable_runtime::Keys;
use std::{fmt::Debug, sync::Arc, time::Duration};

/// What is to become of a value.
pub(crate) enum Expected {
    /// It is read, and looks like this.
    Read(&'static str),
    /// It cannot be read, and that is said with these words.
    Refused(&'static [&'static str]),
}

/// One type in two programs: a value of the first, and what the second makes of it.
macro_rules! sent {
    ($(#[$doc:meta])* $name:ident: $expected:expr,
        was { $was:ty = $value:expr; $($was_items:tt)* } is { $is:ty; $($is_items:tt)* }) => {
        $(#[$doc])*
        mod $name {
            #[allow(dead_code)]
            mod was {
                #[allow(unused_imports)]
                use crate::evolution::prelude::*;
                $($was_items)*

                pub(crate) type Value = $was;

                pub(crate) fn value() -> Value {
                    $value
                }

                #[workflow]
                pub(crate) async fn approve(id: u64) -> Value {
                    let _: u64 = event("go").await;
                    assert_eq!(id, 7);
                    value()
                }
            }

            #[allow(dead_code)]
            mod is {
                #[allow(unused_imports)]
                use crate::evolution::prelude::*;
                $($is_items)*

                pub(crate) type Value = $is;

                #[workflow]
                pub(crate) async fn approve(id: u64) -> Value {
                    let value: Value = event("go").await;
                    assert_eq!(id, 7);
                    value
                }
            }

            #[tokio::test]
            async fn received() {
                #[allow(unused_imports)]
                use super::Expected::{Read, Refused};
                for encrypted in [false, true] {
                    let lab = super::Lab::new(encrypted);
                    let input = is::approve::input(7);
                    let found = lab.received::<_, is::approve>(&was::value(), input).await;
                    super::compare(found, &$expected);
                }
            }

            #[tokio::test]
            async fn returned() {
                #[allow(unused_imports)]
                use super::Expected::{Read, Refused};
                for encrypted in [false, true] {
                    let lab = super::Lab::new(encrypted);
                    let input = was::approve::input(7);
                    let found = lab.returned::<was::approve, is::approve>(input).await;
                    super::compare(found, &$expected);
                }
            }
        }
    };
}

/// A store, and programs that may encrypt.
struct Lab {
    store: MemoryStore,
    keys: Option<Keys>,
}

impl Lab {
    fn new(encrypted: bool) -> Self {
        let store = MemoryStore::new(Arc::new(ManualClock::default()));
        Self { store, keys: encrypted.then(|| Keys::new(7, [7; 32])) }
    }

    /// Each has seen nothing of the others.
    fn client(&self) -> Client {
        let client = Client::new(&self.store);
        match &self.keys {
            Some(keys) => client.encryption(keys.clone()),
            None => client,
        }
    }

    fn builder(&self) -> WorkerBuilder {
        let builder = Worker::builder(&self.store);
        match &self.keys {
            Some(keys) => builder.encryption(keys.clone()),
            None => builder,
        }
    }

    /// What a workflow receives that returns what it receives.
    async fn received<T, Is>(&self, value: &T, input: durable::Input<Is>) -> Result<String, ClientError>
    where
        T: Durable + 'static,
        Is: Workflow,
        Is::Output: Durable + Debug + 'static,
    {
        let worker = self.builder().register::<Is>().start().await.unwrap();
        let handle = self.client().start::<Is>("one", input).await.unwrap();
        // Where its name is known, its type is not.
        self.client().handle::<Is>("one").unwrap().send("go", value).await.unwrap();
        let found = tokio::time::timeout(Duration::from_secs(20), handle.result()).await.unwrap();
        if found.is_err() {
            let record = handle.record().await.unwrap();
            assert_eq!((record.status, record.frames.len()), (Status::SetAside, 1), "nothing is lost");
        }
        worker.shutdown().await.unwrap();
        found.map(|found| format!("{found:?}"))
    }

    /// What a client of a later version reads of an execution of the first.
    async fn returned<Was, Is>(&self, input: durable::Input<Was>) -> Result<String, ClientError>
    where
        Was: Workflow,
        Was::Output: Durable + 'static,
        Is: Workflow,
        Is::Output: Durable + Debug + 'static,
    {
        assert_eq!(Was::NAME, Is::NAME);
        let worker = self.builder().register::<Was>().start().await.unwrap();
        let handle = self.client().start::<Was>("one", input).await.unwrap();
        handle.send("go", &1_u64).await.unwrap();
        handle.result().await.unwrap();
        worker.shutdown().await.unwrap();
        assert!(self.client().output_json("one").await.is_ok(), "people can read it in any case");
        let handle = self.client().handle::<Is>("one").unwrap();
        handle.result().await.map(|found| format!("{found:?}"))
    }
}

fn compare(found: Result<String, ClientError>, expected: &Expected) {
    match (found, expected) {
        (Ok(found), Expected::Read(expected)) => assert_eq!(found, *expected),
        (Err(error), Expected::Refused(words)) => {
            let text = error.to_string();
            assert!(matches!(error, ClientError::SetAside { .. } | ClientError::Output { .. }), "{error:?}");
            words.iter().for_each(|word| assert!(text.contains(word), "{word}: {text}"));
        }
        (found, _) => panic!("{found:?}"),
    }
}

sent! { field_with_a_default_is_added: Read(r#"Approval { by: "ada", note: None, cents: 3 }"#),
    was { Approval = Approval { by: "ada".into() };
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct Approval { by: String }
    }
    is { Approval;
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct Approval { by: String, note: Option<String>, #[serde(default = "three")] cents: u64 }
        fn three() -> u64 { 3 }
    }
}

sent! {
    /// What a newer program sends is read by an older one, as JSON would be: what it does not know of is left out.
    field_is_removed: Read(r#"Approval { by: "ada" }"#),
    was { Approval = Approval { by: "ada".into(), note: Some("fine".into()), cents: 4 };
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct Approval { by: String, note: Option<String>, cents: u64 }
    }
    is { Approval;
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct Approval { by: String }
    }
}

sent! {
    /// Unless the type says that it must know all of it.
    field_is_removed_where_none_may_be_unknown: Refused(&["unknown field `note`", "`value.note` is gone, was Option<String>"]),
    was { Approval = Approval { by: "ada".into(), note: None };
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct Approval { by: String, note: Option<String> }
    }
    is { Approval;
        #[derive(Debug, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct Approval { by: String }
    }
}

sent! { field_is_renamed_with_an_alias_and_others_are_reordered: Read(r#"Approval { cents: 4, approver: "ada" }"#),
    was { Approval = Approval { by: "ada".into(), cents: 4 };
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct Approval { by: String, cents: u64 }
    }
    is { Approval;
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct Approval { cents: u64, #[serde(alias = "by")] approver: String }
    }
}

sent! { fields_of_one_type_are_exchanged: Read(r#"Approval { to: "eve", by: "ada" }"#),
    was { Approval = Approval { by: "ada".into(), to: "eve".into() };
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct Approval { by: String, to: String }
    }
    is { Approval;
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct Approval { to: String, by: String }
    }
}

sent! { field_without_a_default_is_added: Refused(&["missing field `note`", "`value.note` is new: String", "#[serde(default)]"]),
    was { Approval = Approval { by: "ada".into() };
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct Approval { by: String }
    }
    is { Approval;
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct Approval { by: String, note: String }
    }
}

sent! { field_has_another_type: Refused(&["`lines[0].cents`: invalid type: integer `5`", "(`value.lines[].cents` was u64, is String)"]),
    was { Order = Order { lines: vec![Line { cents: 5 }] };
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct Order { lines: Vec<Line> }
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct Line { cents: u64 }
    }
    is { Order;
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct Order { lines: Vec<Line> }
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct Line { cents: String }
    }
}

sent! { integer_is_widened: Read("5"),
    was { u32 = 5; }
    is { i64; }
}

sent! {
    /// A value that is here is read by what it is; of a saved one, no worker takes any, since others need not fit.
    integer_is_narrowed_and_fits: Read("5"),
    was { u64 = 5; }
    is { u32; }
}

sent! { integer_is_narrowed_and_does_not_fit: Refused(&["invalid value: integer `4294967296`", "`value` was u64, is u32"]),
    was { u64 = 1 << 32; }
    is { u32; }
}

sent! { value_becomes_optional: Read("Some(5)"),
    was { u32 = 5; }
    is { Option<u32>; }
}

sent! { number_becomes_text: Refused(&["invalid type: integer `5`, expected a string", "(`value` was u32, is String)"]),
    was { u32 = 5; }
    is { String; }
}

sent! { variant_is_inserted_before_others: Read("Card(4)"),
    was { Method = Method::Card(4);
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) enum Method { Cash, Card(u32) }
    }
    is { Method;
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) enum Method { Gift, Card(u64), Cash }
    }
}

sent! { variant_is_not_known: Refused(&["unknown variant `Gift`", "variant `Gift` of `value` is gone"]),
    was { Method = Method::Gift;
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) enum Method { Cash, Gift }
    }
    is { Method;
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) enum Method { Cash }
    }
}

sent! { error_of_a_result_comes_to_have_a_field: Read(r#"Err(Refusal { reason: "late", code: 0 })"#),
    was { Result<u32, Refusal> = Err(Refusal { reason: "late".into() });
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct Refusal { reason: String }
    }
    is { Result<u32, Refusal>;
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct Refusal { reason: String, #[serde(default)] code: u32 }
    }
}

/// What one build cannot receive, the next one does.
mod rescued {
    use super::*;

    mod sender {
        use crate::evolution::prelude::*;

        #[derive(Serialize, Deserialize)]
        pub(crate) struct Approval {
            pub(crate) by: String,
        }
    }

    /// A build of the receiver: its type has a note that was not sent, with these attributes.
    macro_rules! build {
        ($name:ident, $(#[$note:meta])*) => {
            #[allow(dead_code)]
            mod $name {
                use crate::evolution::prelude::*;

                #[derive(Debug, Serialize, Deserialize)]
                struct Approval {
                    by: String,
                    $(#[$note])*
                    note: String,
                }

                #[workflow]
                pub(crate) async fn approve(id: u64) -> String {
                    let approval: Approval = event("go").await;
                    format!("{id} {approval:?}")
                }
            }
        };
    }

    build!(hasty,);
    build!(patient, #[serde(default)]);

    #[tokio::test]
    async fn by_the_next_build() {
        for encrypted in [false, true] {
            let lab = Lab::new(encrypted);
            let hasty = lab.builder().build_id("hasty").register::<hasty::approve>().start().await.unwrap();
            let handle = lab.client().start("one", hasty::approve::input(7)).await.unwrap();
            until_parked(&lab.store, "one").await;
            handle.send("go", &sender::Approval { by: "ada".into() }).await.unwrap();
            let error = handle.result().await.unwrap_err().to_string();
            for part in
                ["event `go`", "hasty::Approval", "missing field `note`", "`value.note` is new: String"]
            {
                assert!(error.contains(part), "{part}: {error}");
            }
            let record = handle.record().await.unwrap();
            assert_eq!(record.set_aside_by.unwrap().as_str(), "hasty");
            hasty.shutdown().await.unwrap();

            let patient =
                lab.builder().build_id("patient").register::<patient::approve>().start().await.unwrap();
            let handle = lab.client().handle::<patient::approve>("one").unwrap();
            let ended = async {
                while handle.status().await.unwrap() != Status::Succeeded {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(Duration::from_secs(20), ended).await.expect("it is tried again");
            assert_eq!(handle.result().await.unwrap(), r#"7 Approval { by: "ada", note: "" }"#);
            patient.shutdown().await.unwrap();
        }
    }
}
