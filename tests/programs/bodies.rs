//! Bodies with every form of statement and item.

use super::world::{World, everywhere};
use durable::workflow;

#[workflow]
async fn if_let_guards(world: &World, o: Option<String>) -> u64 {
    match &o {
        Some(s)
            if let Ok(n) = s.parse::<u64>()
                && n > 1 =>
        {
            world.ask(n).await;
            #[at(Again)]
            world.note(s.as_str()).await;
            n
        }
        Some(s) if s.is_empty() => {
            #[at(Empty)]
            world.note("e").await;
            0
        }
        Some(_) | None => {
            #[at(None)]
            world.ask(9).await;
            9
        }
    }
}
#[workflow]
async fn guard_hides(world: &World, o: Option<String>, x: String, n: u64) -> String {
    let out = match &o {
        Some(s)
            if let Ok(x) = x.parse::<u64>()
                && x > n =>
        {
            world.ask(x).await;
            format!("{s}{x}")
        }
        Some(s)
            if let Some(n) = s.strip_prefix("p").map(|s| s.len() as u64)
                && let Some(c) = &o =>
        {
            #[at(P)]
            world.ask(n).await;
            #[at(P2)]
            world.note(c.as_str()).await;
            format!("{n}{c}")
        }
        Some(n) => {
            #[at(N)]
            world.note(n.as_str()).await;
            n.clone()
        }
        None =>
        {
            #[at(Last)]
            world.text(n).await
        }
    };
    format!("{out}{x}{n}")
}
#[tokio::test]
async fn what_a_guard_binds_hides_only_in_its_arm() {
    for (o, x, e) in
        [(Some("s"), "5", "s553"), (Some("pp"), "2", "1pp23"), (Some("q"), "x", "qx3"), (None, "9", "<3>93")]
    {
        assert_eq!(everywhere(guard_hides::input(o.map(str::to_owned), x.into(), 3)).await, e);
    }
}
#[tokio::test]
async fn a_guard_may_bind() {
    for (o, e) in [(Some("5"), 5), (Some("1"), 9), (Some(""), 0), (None, 9)] {
        assert_eq!(everywhere(if_let_guards::input(o.map(str::to_owned))).await, e);
    }
}

#[workflow]
async fn else_ifs(world: &World, a: Option<u64>, b: Option<String>) -> String {
    if let Some(a) = a
        && a > 3
    {
        world.text(a).await
    } else if let Some(b) = &b
        && let Some(c) = #[at(Some2)]
        world.some(b.len() as u64).await
    {
        #[at(B)]
        world.note(b.as_str()).await;
        format!("{b}{c}")
    } else if a.is_some() {
        let x = #[at(C)]
        world.text(1).await;
        x + "!"
    } else {
        return match b {
            None =>
            {
                #[at(D)]
                world.text(2).await
            }
            Some(b) => b,
        };
    }
}
#[tokio::test]
async fn chains_of_else_if_with_awaits_in_each() {
    for (a, b, e) in [
        (Some(4), None, "<4>"),
        (Some(1), Some("xy"), "xy2"),
        (Some(1), None, "<1>!"),
        (None, None, "<2>"),
        (None, Some(""), ""),
    ] {
        assert_eq!(everywhere(else_ifs::input(a, b.map(str::to_owned))).await, e);
    }
}

#[workflow]
async fn assigns(world: &World, n: u64) -> Vec<u64> {
    let (mut a, mut b) = (n, n + 1);
    (a, b) = (b, world.ask(a).await);
    [a, _] = [
        a + 1,
        #[at(B)]
        world.ask(3).await,
    ];
    let mut arr = [1, 2, 3];
    arr[0] = arr[1]
        + #[at(C)]
        world.ask(4).await;
    (arr[1], arr[2]) = (
        arr[2],
        #[at(D)]
        world.ask(arr[0]).await,
    );
    let mut t = (1, (2, 3));
    t.1.0 = #[at(E)]
    world.ask(5).await;
    t.0 += t.1.0
        + #[at(F)]
        world.ask(t.0).await;
    let mut o = Some(1);
    if let Some(x) = &mut o {
        *x = #[at(G)]
        world.ask(6).await;
    }
    *o.as_mut().unwrap() += 1;
    let m = &mut t.1;
    m.1 += #[at(H)]
    world.ask(1).await;
    *m = (
        m.0,
        m.1 + #[at(I)]
        world.ask(2).await,
    );
    a -= 1;
    b <<= 1;
    b |= #[at(J)]
    world.ask(1).await;
    vec![a, b, arr[0], arr[1], arr[2], t.0, t.1.0, t.1.1, o.unwrap()]
}
#[tokio::test]
async fn assignments_of_all_forms() {
    assert_eq!(everywhere(assigns::input(1)).await, [2, 3, 6, 3, 6, 7, 5, 6, 7]);
}

#[workflow]
async fn closures_and_items(world: &World, n: u64) -> Result<u64, String> {
    const LIMIT: u64 = 5;
    static NAMES: [&str; 2] = ["a", "b"];
    type Pair = (u64, u64);
    trait Twice {
        fn twice(&self) -> u64;
    }
    impl Twice for u64 {
        fn twice(&self) -> u64 {
            self * 2
        }
    }
    enum Mode {
        Fast,
        Slow,
    }
    use Mode::*;
    fn gen_id<T: std::fmt::Debug>(t: T) -> String
    where
        T: Clone,
    {
        format!("{:?}", t.clone())
    }
    async fn helper(world: &World, n: u64) -> Result<u64, String> {
        let x = world.even(n).await?;
        return Ok(x + 1);
    }
    macro_rules! add {
        ($a:expr, $b:expr) => {
            $a + $b
        };
    }
    let mode = if n > LIMIT { Fast } else { Slow };
    let x: u64 = match mode {
        Fast => world.ask(n).await,
        Slow =>
        {
            #[at(Slow1)]
            world.ask(n.twice()).await
        }
    };
    let p: Pair = (x, add!(x, 1));
    let y = helper(world, p.0 * 2).await?;
    let parse = move |s: &str| -> Result<u64, String> {
        let v: u64 = s.parse().map_err(|_| format!("bad {s}"))?;
        Ok(v + x)
    };
    let z = parse("7")?;
    #[at(Noted)]
    world.note(gen_id(NAMES[0])).await;
    let sum: u64 = (0..3)
        .map(|i| i + y)
        .filter(|i| {
            if *i == 1 {
                return false;
            }
            true
        })
        .sum();
    let w = {
        let world = 3;
        world + z
    };
    #[at(Last)]
    world.ask(add!(w, sum)).await;
    let f: fn(u64) -> u64 = |x| x + 1;
    Ok(f(w) + sum)
}
#[tokio::test]
async fn items_of_all_kinds_in_the_body() {
    assert!(everywhere(closures_and_items::input(3)).await.is_ok());
    assert!(everywhere(closures_and_items::input(6)).await.is_ok());
}

#[workflow]
async fn names(world: &World, state: u64, cx: u64, ask: u64, durable: u64, resume: u64, saver: u64) -> u64 {
    let next = world.ask(state).await;
    let pc = next;
    let block = pc;
    let core = 4u64;
    let std = 5u64;
    let t = 6u64;
    let __durable_x = 8u64;
    let output = 9u64;
    let result = 10u64;
    let this = 11u64;
    let future = 12u64;
    let point = 3u64;
    let names = 3u64;
    let self_ = 1u64;
    #[at(Ok)]
    world.ask(ask + cx).await;
    #[at(R)]
    world.ask(durable + resume + saver).await;
    #[at(Self_)]
    world.ask(1).await;
    #[at(Some)]
    world.ask(1).await;
    #[at(None)]
    world.ask(1).await;
    #[at(Err)]
    world.ask(1).await;
    #[at(Box)]
    world.ask(1).await;
    #[at(String)]
    world.ask(1).await;
    #[at(Vec)]
    world.ask(1).await;
    state
        + cx
        + ask
        + durable
        + resume
        + saver
        + next
        + pc
        + block
        + core
        + std
        + t
        + __durable_x
        + output
        + result
        + this
        + future
        + point
        + names
        + self_
}
#[tokio::test]
async fn locals_and_points_with_names_of_the_language() {
    everywhere(names::input(1, 2, 3, 4, 5, 6)).await;
}

#[allow(dead_code, unused_macros, reason = "they only hide what has their names")]
mod hostile {
    use super::World;
    use durable::workflow;
    #[allow(dead_code)]
    struct Result;
    struct String;
    struct Vec;
    struct Box;
    mod std {}
    mod core {}
    trait Future {}
    struct Send;
    trait Clone {}
    fn drop() {}
    #[allow(unused_macros)]
    macro_rules! panic {
        () => {};
    }
    #[allow(unused_macros)]
    macro_rules! format {
        () => {};
    }
    #[allow(unused_macros)]
    macro_rules! vec {
        () => {};
    }
    #[allow(unused_macros)]
    macro_rules! matches {
        () => {};
    }
    #[workflow]
    pub(crate) async fn shadowed(world: &World, n: u64) -> u64 {
        let mut sum = 0;
        for i in 0..n {
            if world.big(i).await {
                continue;
            }
            sum += i;
            #[at(Ask)]
            world.ask(sum).await;
        }
        let text = "x";
        match world.even(n).await {
            ::core::result::Result::Ok(n) => sum + n,
            _ => {
                #[at(T)]
                world.note(text).await;
                sum
            }
        }
    }
}
#[tokio::test]
async fn types_and_macros_that_hide_those_of_std() {
    assert_eq!(everywhere(hostile::shadowed::input(3)).await, 3);
}

#[workflow]
async fn deferred_let(world: &World, n: u64) -> String {
    let name: String;
    let kind;
    match n {
        0 => {
            name = world.text(0).await;
            kind = 1u8
        }
        1 => {
            name = "one".into();
            kind = 2
        }
        _ => return "none".into(),
    }
    #[at(K)]
    world.ask(kind.into()).await;
    let out;
    loop {
        if n == 0 {
            out = 1;
            break;
        } else {
            out = #[at(Out)]
            world.ask(2).await;
            break;
        }
    }
    format!("{name}{kind}{out}")
}
#[tokio::test]
async fn values_given_later_on_different_ways() {
    assert_eq!(everywhere(deferred_let::input(0)).await, "<0>11");
    assert_eq!(everywhere(deferred_let::input(1)).await, "one22");
}

/// Says when it is dropped.
struct Loud<'w>(&'w World, &'static str);
impl Drop for Loud<'_> {
    fn drop(&mut self) {
        self.0.note_now(self.1);
    }
}
#[workflow]
async fn drops(world: &World, n: u64) -> u64 {
    {
        let _a = Loud(world, "a");
        let _b = Loud(world, "b");
    }
    let x = world.ask(n).await;
    let _ = Loud(world, "c");
    let y = {
        let _d = Loud(world, "d");
        x + 1
    };
    #[at(Y)]
    world.ask(y).await;
    if n > 1 {
        let _e = Loud(world, "e");
        return y;
    }
    y
}
#[tokio::test]
async fn values_are_dropped_where_they_were() {
    everywhere(drops::input(1)).await;
    everywhere(drops::input(2)).await;
}

#[workflow]
async fn trailing(world: &World, n: u64) {
    if n > 1 {
        world.ask(n).await;
    } else if n > 0 {
        return;
    }
    let _ = #[at(B)]
    world.some(n).await;
    let _x @ (_y, ..) = (
        #[at(C)]
        world.ask(2).await,
        3,
        4,
    );
    {
        #[at(D)]
        world.ask(4).await
    };
    match n {
        _ =>
        {
            #[at(E)]
            world.note("x").await
        }
    }
}
#[tokio::test]
async fn statements_of_all_forms() {
    everywhere(trailing::input(2)).await;
    everywhere(trailing::input(0)).await;
}
