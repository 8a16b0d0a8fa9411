//! What workflows return: by `?`, by macros with a `return`, by coercion.

use super::world::{World, everywhere};
use durable::workflow;

macro_rules! bail { ($($t:tt)*) => { return Err(format!($($t)*).into()) }; }
macro_rules! ensure { ($c:expr, $($t:tt)*) => { if !$c { return Err(format!($($t)*).into()); } }; }
macro_rules! tri {
    ($e:expr) => {
        match $e {
            Ok(v) => v,
            Err(e) => return Err(e.into()),
        }
    };
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;
#[workflow]
async fn boxed_error(world: &World, n: u64) -> Result<u64, BoxError> {
    let name = world.text(n).await;
    ensure!(n != 3, "{name} is three");
    let x: u64 = "12".parse::<u64>()? + world.ask(n).await;
    let y: u64 = tri!(if n == 4 { "x" } else { "5" }.parse::<u64>());
    if n == 5 {
        #[at(Five)]
        world.ask(5).await;
        bail!("{name}: {x} {y}")
    }
    #[at(Six)]
    world.even(n).await?;
    #[at(Seven)]
    world.even(n).await.map_err(|e| Box::new(std::io::Error::other(e)))?;
    Ok(x + y)
}
#[tokio::test]
async fn errors_are_boxed_by_question_marks_and_macros() {
    let go = async |n| everywhere(boxed_error::input(n)).await.map_err(|e| e.to_string());
    assert_eq!(go(2).await, Ok(19));
    assert_eq!(go(3).await, Err("<3> is three".into()));
    assert_eq!(go(4).await, Err("invalid digit found in string".into()));
    assert_eq!(go(5).await, Err("<5>: 17 5".into()));
    assert_eq!(go(7).await, Err("7 is odd".into()));
}

#[workflow]
async fn coerced(world: &World, n: u64) -> Box<dyn std::fmt::Debug + Send> {
    if n == 0 {
        return Box::new("zero");
    }
    let t = world.text(n).await;
    if n == 1 {
        return Box::new(
            #[at(B)]
            world.ask(n).await,
        );
    }
    match n {
        2 => Box::new(t),
        3 => Box::new(
            #[at(C)]
            world.some(3).await,
        ),
        _ => Box::new(()),
    }
}
#[tokio::test]
async fn values_become_trait_objects_where_the_function_returns_them() {
    for (n, e) in [(0, "\"zero\""), (1, "1"), (2, "\"<2>\""), (3, "Some(3)"), (4, "()")] {
        assert_eq!(format!("{:?}", everywhere(coerced::input(n)).await), e);
    }
}

#[workflow]
async fn fn_pointers_and_slices(world: &World, n: u64) -> &'static [u8] {
    world.ask(n).await;
    if n > 3 { &[1, 2] } else { b"x" }
}
#[tokio::test]
async fn arrays_become_slices_where_the_function_returns_them() {
    assert_eq!(everywhere(fn_pointers_and_slices::input(5)).await, [1, 2]);
}

#[workflow]
async fn endless(world: &World, n: u64) -> Result<std::convert::Infallible, String> {
    let mut i = n;
    loop {
        i += 2;
        world.even(if i > 6 { 7 } else { i }).await?;
    }
}
#[tokio::test]
async fn an_endless_loop_without_a_tail() {
    assert_eq!(everywhere(endless::input(0)).await, Err("7 is odd".into()));
}

async fn fetch_any<T: std::str::FromStr + Default + Send>(world: &World, s: &str) -> T {
    world.note_now(s);
    s.parse().unwrap_or_default()
}
#[workflow]
async fn inferred_from_use(world: &World, n: u64) -> (u8, String) {
    let a = fetch_any(world, "7").await;
    let b = #[at(B)]
    fetch_any::<String>(world, "x").await;
    #[at(C)]
    world.ask(n).await;
    let c: u8 = a;
    (c, b)
}
#[tokio::test]
async fn a_type_that_only_its_use_says() {
    assert_eq!(everywhere(inferred_from_use::input(1)).await, (7, "x".into()));
}

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("a {0}")]
    A(#[from] std::num::ParseIntError),
    #[error("b {0}")]
    B(String),
    #[error(transparent)]
    C(#[from] std::io::Error),
}
impl From<String> for Failed {
    fn from(s: String) -> Self {
        Failed::B(s)
    }
}
#[workflow]
async fn errors(world: &World, s: String) -> Result<Vec<u64>, Failed> {
    let n: u64 = s.parse()?;
    let x = world.even(n).await?;
    let all: Result<Vec<u64>, String> =
        s.chars().map(|c| c.to_string().parse::<u64>().map_err(|e| e.to_string())).collect();
    #[at(Big)]
    world.big(x).await;
    let o = (|| Some(1 + Some(x)?))().ok_or_else(|| Failed::B("none".into()))?;
    let r = async { Err::<u64, Failed>(std::io::Error::other("io").into()) }.await;
    if o == 5 {
        r?;
    }
    Ok(all?)
}
#[tokio::test]
async fn errors_are_converted_from_everywhere() {
    let go = async |s: &str| everywhere(errors::input(s.into())).await.map_err(|e| e.to_string());
    assert_eq!(go("12").await, Ok(vec![1, 2]));
    assert_eq!(go("x").await.unwrap_err(), "a invalid digit found in string");
    assert_eq!(go("3").await.unwrap_err(), "b 3 is odd");
    assert_eq!(go("4").await.unwrap_err(), "io");
}
