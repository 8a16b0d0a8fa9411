//! A recursive child, `countdown`, and a parent that awaits it twice, `launch`: expanded by hand.

// As in generated code: states are read by who wants to, and autoref probes need their references.
#![allow(dead_code, clippy::needless_borrow)]

use crate::shop::Shop;
use durable_core::{
    Child, Inferred, Input, MissingResource, Point, Resources, State, StateError, Workflow,
    private::{self, BoxFuture, Context, Entry, FieldReader, Plain, Probe, Saver},
};
// Which of them a type needs is not known where code is generated.
#[allow(unused_imports)]
use durable_core::private::{ErrorDebug as _, ErrorFallback as _, ErrorSilent as _, ErrorText as _};

/// ```ignore
/// #[workflow]
/// async fn countdown(shop: &Shop, n: u64) -> u64 {
///     shop.tick(n).await;
///     if n == 0 {
///         return 0;
///     }
///     1 + Box::pin(countdown(shop, n - 1)).await
/// }
/// ```
pub fn countdown<'r>(shop: &'r Shop, n: u64) -> Child<'r, countdown> {
    Child::new((shop,), (n,))
}

#[allow(non_camel_case_types)]
pub struct countdown {
    _p: (),
}

#[derive(Debug)]
pub enum CountdownState {
    Start { n: u64 },
    Tick { n: u64 },
    Countdown { n: u64 },
}

impl State for CountdownState {
    fn point(&self) -> &'static str {
        match self {
            Self::Start { .. } => "Start",
            Self::Tick { .. } => "Tick",
            Self::Countdown { .. } => "Countdown",
        }
    }

    fn decode(point: &str, f: &mut FieldReader<'_>) -> Result<Self, StateError> {
        Ok(match point {
            "Start" => Self::Start { n: f.typed(private::witness())? },
            "Tick" => Self::Tick { n: f.typed(private::witness())? },
            "Countdown" => Self::Countdown { n: f.typed(private::witness())? },
            other => return Err(StateError::UnknownPoint(other.to_owned())),
        })
    }
}

impl Workflow for countdown {
    const NAME: &'static str = "countdown";
    const POINTS: &'static [Point] = &[
        Point { name: "Start", callee: "", operation: "", fields: &["n"], next: &["Tick"] },
        Point {
            name: "Tick",
            callee: "shop.tick",
            operation: "",
            fields: &["n"],
            next: &["Countdown", "return .."],
        },
        Point { name: "Countdown", callee: "countdown", operation: "", fields: &["n"], next: &["return .."] },
    ];
    type Input = (u64,);
    type Output = u64;
    type State = CountdownState;
    type Resources<'r> = (&'r Shop,);

    fn drive<'a, 'r: 'a>(
        cx: &'a Context,
        resources: Option<(&'r Shop,)>,
        entry: Entry<'a, (u64,)>,
    ) -> BoxFuture<'a, u64> {
        type R = u64;
        enum B<N> {
            Start((N,)),
            Tick((N,)),
            Countdown((N,)),
        }
        Box::pin(async move {
            let w_n = private::witness();
            let entry = match entry {
                Entry::Start((n,)) => Some(B::Start((n,))),
                Entry::Resume(resume) => (|| {
                    Some(match resume.point() {
                        0 => B::Start(resume.load((&w_n,))?),
                        1 => B::Tick(resume.load((&w_n,))?),
                        2 => B::Countdown(resume.load((&w_n,))?),
                        _ => return None,
                    })
                })(),
                Entry::Describe(d) => {
                    d.point("Start", &[("n", &w_n)]);
                    d.point("Tick", &[("n", &w_n)]);
                    d.point("Countdown", &[("n", &w_n)]);
                    match cx.never().await {}
                }
            };
            let (Some(mut pc), Some((shop,))) = (entry, resources) else { match cx.never().await {} };
            loop {
                let mut next = None;
                crate::hand::unify(&pc, &next);
                let block: BoxFuture<'_, Option<R>> = match pc {
                    B::Start(t) => {
                        let next = &mut next;
                        cx.block(async move {
                            let t = t;
                            let (n,): (u64,) = t;
                            *next = Some(B::Tick((n,)));
                            match cx.goto().await {}
                        })
                    }
                    B::Tick(t) => {
                        let next = &mut next;
                        cx.block(async move {
                            let t = t;
                            let (n,) = t;
                            let mut saver = Saver::new();
                            private::save(&mut saver, &w_n, &n);
                            cx.at(1, saver, shop.tick(n)).await;
                            if n == 0 {
                                return 0;
                            }
                            *next = Some(B::Countdown((n,)));
                            match cx.goto().await {}
                        })
                    }
                    B::Countdown(t) => cx.block(async move {
                        let t = t;
                        let (n,) = t;
                        let mut saver = Saver::new();
                        private::save(&mut saver, &w_n, &n);
                        1 + cx.at(2, saver, Box::pin(countdown(shop, n - 1))).await
                    }),
                };
                match block.await {
                    Some(output) => return output,
                    None => pc = next.take().expect("a block that goes on says where"),
                }
            }
        })
    }

    fn plain<'a>((shop,): Self::Resources<'a>, (n,): (u64,)) -> BoxFuture<'a, u64> {
        async fn plain(shop: &Shop, n: u64) -> u64 {
            Plain::plain(shop.tick(n)).await;
            if n == 0 {
                return 0;
            }
            1 + Plain::plain(Box::pin(countdown(shop, n - 1))).await
        }
        Box::pin(plain(shop, n))
    }

    fn resources(from: &Resources) -> Result<(&Shop,), MissingResource> {
        Ok((from.get(Self::NAME, "shop")?,))
    }

    fn error(output: &Self::Output) -> Option<String> {
        (&&&&Probe(output)).error_text()
    }
}

/// ```ignore
/// #[workflow]
/// async fn launch(shop: &Shop, from: u64) -> String {
///     let counted = countdown(shop, from).await;
///     #[at(Hold)]
///     countdown(shop, 0).await;
///     shop.lift_off(counted).await;
///     format!("counted {counted} from {from}")
/// }
/// ```
pub fn launch<'r>(shop: &'r Shop, from: u64) -> Child<'r, launch> {
    Child::new((shop,), (from,))
}

#[allow(non_camel_case_types)]
pub struct launch {
    _p: (),
}

impl launch {
    pub fn input(from: u64) -> Input<Self> {
        let mut saver = Saver::new();
        private::save(&mut saver, &private::witness(), &from);
        Input::new(saver)
    }
}

#[derive(Debug)]
pub enum LaunchState {
    Start { from: u64 },
    Countdown { from: u64 },
    Hold { from: u64, counted: Inferred },
    LiftOff { from: u64, counted: Inferred },
}

impl State for LaunchState {
    fn point(&self) -> &'static str {
        match self {
            Self::Start { .. } => "Start",
            Self::Countdown { .. } => "Countdown",
            Self::Hold { .. } => "Hold",
            Self::LiftOff { .. } => "LiftOff",
        }
    }

    fn decode(point: &str, f: &mut FieldReader<'_>) -> Result<Self, StateError> {
        Ok(match point {
            "Start" => Self::Start { from: f.typed(private::witness())? },
            "Countdown" => Self::Countdown { from: f.typed(private::witness())? },
            "Hold" => Self::Hold { from: f.typed(private::witness())?, counted: f.inferred()? },
            "LiftOff" => Self::LiftOff { from: f.typed(private::witness())?, counted: f.inferred()? },
            other => return Err(StateError::UnknownPoint(other.to_owned())),
        })
    }
}

impl Workflow for launch {
    const NAME: &'static str = "launch";
    const POINTS: &'static [Point] = &[
        Point { name: "Start", callee: "", operation: "", fields: &["from"], next: &["Countdown"] },
        Point { name: "Countdown", callee: "countdown", operation: "", fields: &["from"], next: &["Hold"] },
        Point {
            name: "Hold",
            callee: "countdown",
            operation: "",
            fields: &["from", "counted"],
            next: &["LiftOff"],
        },
        Point {
            name: "LiftOff",
            callee: "shop.lift_off",
            operation: "",
            fields: &["from", "counted"],
            next: &["return .."],
        },
    ];
    type Input = (u64,);
    type Output = String;
    type State = LaunchState;
    type Resources<'r> = (&'r Shop,);

    fn drive<'a, 'r: 'a>(
        cx: &'a Context,
        resources: Option<(&'r Shop,)>,
        entry: Entry<'a, (u64,)>,
    ) -> BoxFuture<'a, String> {
        type R = String;
        enum B<F, C> {
            Start((F,)),
            Countdown((F,)),
            Hold((F, C)),
            LiftOff((F, C)),
        }
        Box::pin(async move {
            let w_from = private::witness();
            let w_counted = private::witness();
            let entry = match entry {
                Entry::Start((from,)) => Some(B::Start((from,))),
                Entry::Resume(resume) => (|| {
                    Some(match resume.point() {
                        0 => B::Start(resume.load((&w_from,))?),
                        1 => B::Countdown(resume.load((&w_from,))?),
                        2 => B::Hold(resume.load((&w_from, &w_counted))?),
                        3 => B::LiftOff(resume.load((&w_from, &w_counted))?),
                        _ => return None,
                    })
                })(),
                Entry::Describe(d) => {
                    d.point("Start", &[("from", &w_from)]);
                    d.point("Countdown", &[("from", &w_from)]);
                    d.point("Hold", &[("from", &w_from), ("counted", &w_counted)]);
                    d.point("LiftOff", &[("from", &w_from), ("counted", &w_counted)]);
                    match cx.never().await {}
                }
            };
            let (Some(mut pc), Some((shop,))) = (entry, resources) else { match cx.never().await {} };
            loop {
                let mut next = None;
                crate::hand::unify(&pc, &next);
                let block: BoxFuture<'_, Option<R>> = match pc {
                    B::Start(t) => {
                        let next = &mut next;
                        cx.block(async move {
                            let t = t;
                            let (from,): (u64,) = t;
                            *next = Some(B::Countdown((from,)));
                            match cx.goto().await {}
                        })
                    }
                    B::Countdown(t) => {
                        let next = &mut next;
                        cx.block(async move {
                            let t = t;
                            let (from,) = t;
                            let mut saver = Saver::new();
                            private::save(&mut saver, &w_from, &from);
                            let counted = cx.at(1, saver, countdown(shop, from)).await;
                            *next = Some(B::Hold((from, counted)));
                            match cx.goto().await {}
                        })
                    }
                    B::Hold(t) => {
                        let next = &mut next;
                        cx.block(async move {
                            let t = t;
                            let (from, counted) = t;
                            let mut saver = Saver::new();
                            private::save(&mut saver, &w_from, &from);
                            private::save(&mut saver, &w_counted, &counted);
                            cx.at(2, saver, countdown(shop, 0)).await;
                            *next = Some(B::LiftOff((from, counted)));
                            match cx.goto().await {}
                        })
                    }
                    B::LiftOff(t) => cx.block(async move {
                        let t = t;
                        let (from, counted) = t;
                        let mut saver = Saver::new();
                        private::save(&mut saver, &w_from, &from);
                        private::save(&mut saver, &w_counted, &counted);
                        cx.at(3, saver, shop.lift_off(counted)).await;
                        format!("counted {counted} from {from}")
                    }),
                };
                match block.await {
                    Some(output) => return output,
                    None => pc = next.take().expect("a block that goes on says where"),
                }
            }
        })
    }

    fn plain<'a>((shop,): Self::Resources<'a>, (from,): (u64,)) -> BoxFuture<'a, String> {
        async fn plain(shop: &Shop, from: u64) -> String {
            let counted = Plain::plain(countdown(shop, from)).await;
            Plain::plain(countdown(shop, 0)).await;
            Plain::plain(shop.lift_off(counted)).await;
            format!("counted {counted} from {from}")
        }
        Box::pin(plain(shop, from))
    }

    fn resources(from: &Resources) -> Result<(&Shop,), MissingResource> {
        Ok((from.get(Self::NAME, "shop")?,))
    }

    fn error(output: &Self::Output) -> Option<String> {
        (&&&&Probe(output)).error_text()
    }
}
