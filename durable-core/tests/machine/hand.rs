//! `place_order` expanded by hand, exactly as `#[workflow]` expands it: the contract between generated code and the machine.
//!
//! ```ignore
//! #[workflow]
//! async fn place_order(shop: &Shop, order: Order) -> Result<String, Nope> {
//!     let mut ids = Vec::new();                             // element type unseen by the macro
//!     for item in &order.items {                            // borrow taken again after a resume
//!         let id = shop.reserve(&order, item).await?;
//!         if id > 1_000 { bail!(Nope::Stock) }              // hidden return
//!         if id % 2 == 0 { continue }
//!         ids.push(id);
//!     }
//!     let customer = &order.customer;                       // borrow across awaits
//!     let longest = longest(&order.items).await.len();      // result borrows from a local
//!     let key = shop.fresh_key();                           // runs once, saved
//!     let payment: Payment = shop.charge(&order, key).await?;
//!     let ok: Approval = event("gateway").await;            // parks
//!     sleep(Duration::from_secs(30 * 24 * 3600)).await;     // so does this
//!     let line = format!("{} {customer} {ids:?} {longest} {}", payment.0, ok.by);
//!     ship(shop, order).await;                              // moves a type that is not Clone
//!     Ok(line)
//! }
//! ```

// As in generated code: states are read by who wants to, and autoref probes need their references.
#![allow(dead_code, clippy::needless_borrow)]

use crate::shop::{Approval, Nope, Order, Payment, Shop, longest, ship};
use durable_core::{
    Child, Inferred, Input, MissingResource, Point, Resources, State, StateError, Workflow, event,
    private::{self, BoxFuture, Context, Describe, Entry, FieldReader, Plain, Probe, Saver},
    sleep,
};
// Which of them a type needs is not known where code is generated.
#[allow(unused_imports)]
use durable_core::private::{ErrorDebug as _, ErrorFallback as _, ErrorSilent as _, ErrorText as _};
use std::time::Duration;

macro_rules! bail {
    ($error:expr) => {
        return Err($error)
    };
}

pub fn place_order<'r>(shop: &'r Shop, order: Order) -> Child<'r, place_order> {
    Child::new((shop,), (order,))
}

#[allow(non_camel_case_types)]
pub struct place_order {
    _p: (),
}

impl place_order {
    pub fn input(order: Order) -> Input<Self> {
        let mut saver = Saver::new();
        private::save(&mut saver, &private::witness(), &order);
        Input::new(saver)
    }
}

#[derive(Debug)]
pub enum PlaceOrderState {
    Start { order: Order },
    Reserve { order: Order, ids: Inferred, item_at: usize },
    Longest { order: Order, ids: Inferred },
    Charge { order: Order, ids: Inferred, longest: Inferred, key: Inferred },
    EventGateway { order: Order, ids: Inferred, longest: Inferred, payment: Payment },
    Sleep { order: Order, ids: Inferred, longest: Inferred, payment: Payment, ok: Approval },
    Ship { line: Inferred, order: Order },
}

impl State for PlaceOrderState {
    fn point(&self) -> &'static str {
        match self {
            Self::Start { .. } => "Start",
            Self::Reserve { .. } => "Reserve",
            Self::Longest { .. } => "Longest",
            Self::Charge { .. } => "Charge",
            Self::EventGateway { .. } => "EventGateway",
            Self::Sleep { .. } => "Sleep",
            Self::Ship { .. } => "Ship",
        }
    }

    fn decode(point: &str, f: &mut FieldReader<'_>) -> Result<Self, StateError> {
        Ok(match point {
            "Start" => Self::Start { order: f.typed(private::witness())? },
            "Reserve" => Self::Reserve {
                order: f.typed(private::witness())?,
                ids: f.inferred()?,
                item_at: f.typed(private::witness())?,
            },
            "Longest" => Self::Longest { order: f.typed(private::witness())?, ids: f.inferred()? },
            "Charge" => Self::Charge {
                order: f.typed(private::witness())?,
                ids: f.inferred()?,
                longest: f.inferred()?,
                key: f.inferred()?,
            },
            "EventGateway" => Self::EventGateway {
                order: f.typed(private::witness())?,
                ids: f.inferred()?,
                longest: f.inferred()?,
                payment: f.typed(private::witness())?,
            },
            "Sleep" => Self::Sleep {
                order: f.typed(private::witness())?,
                ids: f.inferred()?,
                longest: f.inferred()?,
                payment: f.typed(private::witness())?,
                ok: f.typed(private::witness())?,
            },
            "Ship" => Self::Ship { line: f.inferred()?, order: f.typed(private::witness())? },
            other => return Err(StateError::UnknownPoint(other.to_owned())),
        })
    }
}

impl Workflow for place_order {
    const NAME: &'static str = "place_order";
    const POINTS: &'static [Point] = &[
        Point { name: "Start", callee: "", operation: "", fields: &["order"], next: &["Reserve", "Longest"] },
        Point {
            name: "Reserve",
            callee: "shop.reserve",
            operation: "",
            fields: &["order", "ids", "item_at"],
            next: &["Reserve", "Longest", "Err(..)"],
        },
        Point {
            name: "Longest",
            callee: "longest",
            operation: "",
            fields: &["order", "ids"],
            next: &["Charge"],
        },
        Point {
            name: "Charge",
            callee: "shop.charge",
            operation: "",
            fields: &["order", "ids", "longest", "key"],
            next: &["EventGateway", "Err(..)"],
        },
        Point {
            name: "EventGateway",
            callee: "event",
            operation: "",
            fields: &["order", "ids", "longest", "payment"],
            next: &["Sleep"],
        },
        Point {
            name: "Sleep",
            callee: "sleep",
            operation: "",
            fields: &["order", "ids", "longest", "payment", "ok"],
            next: &["Ship"],
        },
        Point { name: "Ship", callee: "ship", operation: "", fields: &["line", "order"], next: &["Ok(..)"] },
    ];
    type Input = (Order,);
    type Output = Result<String, Nope>;
    type State = PlaceOrderState;
    type Resources<'r> = (&'r Shop,);

    fn drive<'a, 'r: 'a>(
        cx: &'a Context,
        resources: Option<(&'r Shop,)>,
        entry: Entry<'a, (Order,)>,
    ) -> BoxFuture<'a, Result<String, Nope>> {
        type R = Result<String, Nope>;
        // One type parameter per local; payloads are single tuples.
        enum B<O, I, A, L, K, P, Y, N> {
            Start((O,)),
            For((O, I, A)),
            Reserve((O, I, A)),
            Longest((O, I)),
            Charge((O, I, L, K)),
            EventGateway((O, I, L, P)),
            Sleep((O, I, L, P, Y)),
            Ship((N, O)),
        }
        Box::pin(async move {
            let w_order = private::witness();
            let w_ids = private::witness();
            let w_item_at = private::witness();
            let w_longest = private::witness();
            let w_key = private::witness();
            let w_payment = private::witness();
            let w_ok = private::witness();
            let w_line = private::witness();
            let entry = match entry {
                Entry::Start((order,)) => Some(B::Start((order,))),
                Entry::Resume(resume) => (|| {
                    Some(match resume.point() {
                        0 => B::Start(resume.load((&w_order,))?),
                        1 => B::Reserve(resume.load((&w_order, &w_ids, &w_item_at))?),
                        2 => B::Longest(resume.load((&w_order, &w_ids))?),
                        3 => B::Charge(resume.load((&w_order, &w_ids, &w_longest, &w_key))?),
                        4 => B::EventGateway(resume.load((&w_order, &w_ids, &w_longest, &w_payment))?),
                        5 => B::Sleep(resume.load((&w_order, &w_ids, &w_longest, &w_payment, &w_ok))?),
                        6 => B::Ship(resume.load((&w_line, &w_order))?),
                        _ => return None,
                    })
                })(),
                Entry::Describe(describe) => {
                    let d: &mut Describe = describe;
                    d.point("Start", &[("order", &w_order)]);
                    d.point("Reserve", &[("order", &w_order), ("ids", &w_ids), ("item_at", &w_item_at)]);
                    d.point("Longest", &[("order", &w_order), ("ids", &w_ids)]);
                    d.point(
                        "Charge",
                        &[("order", &w_order), ("ids", &w_ids), ("longest", &w_longest), ("key", &w_key)],
                    );
                    d.point(
                        "EventGateway",
                        &[
                            ("order", &w_order),
                            ("ids", &w_ids),
                            ("longest", &w_longest),
                            ("payment", &w_payment),
                        ],
                    );
                    d.point(
                        "Sleep",
                        &[
                            ("order", &w_order),
                            ("ids", &w_ids),
                            ("longest", &w_longest),
                            ("payment", &w_payment),
                            ("ok", &w_ok),
                        ],
                    );
                    d.point("Ship", &[("line", &w_line), ("order", &w_order)]);
                    match cx.never().await {}
                }
            };
            let (Some(mut pc), Some((shop,))) = (entry, resources) else { match cx.never().await {} };
            loop {
                let mut next = None;
                unify(&pc, &next);
                let block: BoxFuture<'_, Option<R>> = match pc {
                    B::Start(t) => {
                        let next = &mut next;
                        cx.block(async move {
                            let t = t;
                            let (order,): (Order,) = t;
                            let ids = Vec::new();
                            *next = Some(B::For((order, ids, 0)));
                            match cx.goto().await {}
                        })
                    }
                    B::For(t) => {
                        let next = &mut next;
                        cx.block(async move {
                            let t = t;
                            let (order, ids, item_at) = t;
                            *next = Some(if private::item(&order.items, item_at).is_some() {
                                B::Reserve((order, ids, item_at))
                            } else {
                                B::Longest((order, ids))
                            });
                            match cx.goto().await {}
                        })
                    }
                    // An await block: encode, take borrows again, evaluate, await; then the user's statements.
                    B::Reserve(t) => {
                        let next = &mut next;
                        cx.block(async move {
                            let t = t;
                            let (order, mut ids, item_at) = t;
                            let mut saver = Saver::new();
                            private::save(&mut saver, &w_order, &order);
                            private::save(&mut saver, &w_ids, &ids);
                            private::save(&mut saver, &w_item_at, &item_at);
                            let Some(item) = private::item(&order.items, item_at) else {
                                match cx.lost_borrow().await {}
                            };
                            let id = cx.at(1, saver, shop.reserve(&order, item)).await?;
                            if id > 1_000 {
                                bail!(Nope::Stock)
                            }
                            if id % 2 == 0 {
                                *next = Some(B::For((order, ids, item_at + 1)));
                                match cx.goto().await {}
                            }
                            ids.push(id);
                            *next = Some(B::For((order, ids, item_at + 1)));
                            match cx.goto().await {}
                        })
                    }
                    B::Longest(t) => {
                        let next = &mut next;
                        cx.block(async move {
                            let t = t;
                            let (order, ids) = t;
                            let mut saver = Saver::new();
                            private::save(&mut saver, &w_order, &order);
                            private::save(&mut saver, &w_ids, &ids);
                            let longest = cx.at(2, saver, longest(shop, &order.items)).await.len();
                            let key = shop.fresh_key();
                            *next = Some(B::Charge((order, ids, longest, key)));
                            match cx.goto().await {}
                        })
                    }
                    B::Charge(t) => {
                        let next = &mut next;
                        cx.block(async move {
                            let t = t;
                            let (order, ids, longest, key) = t;
                            let mut saver = Saver::new();
                            private::save(&mut saver, &w_order, &order);
                            private::save(&mut saver, &w_ids, &ids);
                            private::save(&mut saver, &w_longest, &longest);
                            private::save(&mut saver, &w_key, &key);
                            let payment: Payment = cx.at(3, saver, shop.charge(&order, key)).await?;
                            *next = Some(B::EventGateway((order, ids, longest, payment)));
                            match cx.goto().await {}
                        })
                    }
                    B::EventGateway(t) => {
                        let next = &mut next;
                        cx.block(async move {
                            let t = t;
                            let (order, ids, longest, payment) = t;
                            let mut saver = Saver::new();
                            private::save(&mut saver, &w_order, &order);
                            private::save(&mut saver, &w_ids, &ids);
                            private::save(&mut saver, &w_longest, &longest);
                            private::save(&mut saver, &w_payment, &payment);
                            let ok: Approval = cx.at(4, saver, event("gateway")).await;
                            *next = Some(B::Sleep((order, ids, longest, payment, ok)));
                            match cx.goto().await {}
                        })
                    }
                    B::Sleep(t) => {
                        let next = &mut next;
                        cx.block(async move {
                            let t = t;
                            let (order, ids, longest, payment, ok) = t;
                            let mut saver = Saver::new();
                            private::save(&mut saver, &w_order, &order);
                            private::save(&mut saver, &w_ids, &ids);
                            private::save(&mut saver, &w_longest, &longest);
                            private::save(&mut saver, &w_payment, &payment);
                            private::save(&mut saver, &w_ok, &ok);
                            cx.at(5, saver, sleep(Duration::from_secs(30 * 24 * 3600))).await;
                            let customer = &order.customer;
                            let line = format!("{} {customer} {ids:?} {longest} {}", payment.0, ok.by);
                            *next = Some(B::Ship((line, order)));
                            match cx.goto().await {}
                        })
                    }
                    B::Ship(t) => {
                        let _next = &mut next;
                        cx.block(async move {
                            let t = t;
                            let (line, order) = t;
                            let mut saver = Saver::new();
                            private::save(&mut saver, &w_line, &line);
                            private::save(&mut saver, &w_order, &order);
                            cx.at(6, saver, ship(shop, order)).await;
                            Ok(line)
                        })
                    }
                };
                match block.await {
                    Some(output) => return output,
                    None => pc = next.take().expect("a block that goes on says where"),
                }
            }
        })
    }

    fn plain<'a>((shop,): Self::Resources<'a>, (order,): (Order,)) -> BoxFuture<'a, Result<String, Nope>> {
        async fn place_order(shop: &Shop, order: Order) -> Result<String, Nope> {
            let mut ids = Vec::new();
            for item in &order.items {
                let id = Plain::plain(shop.reserve(&order, item)).await?;
                if id > 1_000 {
                    bail!(Nope::Stock)
                }
                if id % 2 == 0 {
                    continue;
                }
                ids.push(id);
            }
            let customer = &order.customer;
            let longest = Plain::plain(longest(shop, &order.items)).await.len();
            let key = shop.fresh_key();
            let payment: Payment = Plain::plain(shop.charge(&order, key)).await?;
            let ok: Approval = Plain::plain(event("gateway")).await;
            Plain::plain(sleep(Duration::from_secs(30 * 24 * 3600))).await;
            let line = format!("{} {customer} {ids:?} {longest} {}", payment.0, ok.by);
            Plain::plain(ship(shop, order)).await;
            Ok(line)
        }
        Box::pin(place_order(shop, order))
    }

    fn resources(from: &Resources) -> Result<(&Shop,), MissingResource> {
        Ok((from.get(Self::NAME, "shop")?,))
    }

    fn error(output: &Self::Output) -> Option<String> {
        (&&&&Probe(output)).error_text()
    }
}

/// Makes two uses of the block enum one type.
pub(crate) fn unify<T>(_: &T, _: &Option<T>) {}
