//! Five ways to run the same function, from nothing saved to the portable form at every await.

use crate::{
    Result,
    order::Order,
    workload::{bare, many_steps},
};
use durable::{ExecutionId, Moved, NoClock, Run, describe, store::SchemaId};
use durable_core::{
    machine::{Identity, Machine, Progress, Restored, RestoredFrame},
    stored,
};
use std::{
    future::poll_fn,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

/// Runs an order to its end; how many awaits it made.
pub(crate) type Driver = fn(Order) -> Result<u64>;

pub(crate) const ALL: [(&str, Driver); 5] = [
    ("bare async fn", bare_async),
    ("workflow, in_memory(): the plain copy", plain),
    ("machine: encode, acknowledge", machine),
    ("machine: encode, stamp with CRC, acknowledge", stamped),
    ("Run: a portable blob at every await", portable),
];

fn bare_async(order: Order) -> Result<u64> {
    now(bare(order))
}

fn plain(order: Order) -> Result<u64> {
    now(many_steps(order).in_memory())
}

fn machine(order: Order) -> Result<u64> {
    drive(order, |_, _| {})
}

fn stamped(order: Order) -> Result<u64> {
    drive(order, |bytes, epoch| stored::stamp(bytes, SchemaId(1), epoch))
}

fn portable(order: Order) -> Result<u64> {
    let mut run = Run::<many_steps>::start(id()?, [7; 16], (), many_steps::input(order))?;
    now(async {
        loop {
            match run.next().await? {
                Moved::Saved(blob) => drop(std::hint::black_box(blob)),
                Moved::Finished(done) => return Ok(done),
                other => return Err(format!("a trivial await must not end in {other:?}").into()),
            }
        }
    })?
}

/// The machine as a worker drives it, with `save` in place of the store.
fn drive(order: Order, save: impl Fn(&mut [u8], u64)) -> Result<u64> {
    let mut machine = start(order)?;
    now(async {
        let mut epoch = 0;
        loop {
            match poll_fn(|task| machine.poll(task)).await {
                Progress::AwaitPoint(mut point) => {
                    epoch += 1;
                    save(&mut point.bytes, epoch);
                    machine.committed(point.bytes.into());
                }
                Progress::Finished(done) => return Ok(done),
                other => return Err(format!("a trivial await must not end in {other:?}").into()),
            }
        }
    })?
}

fn start(order: Order) -> Result<Machine<'static, u64>> {
    let description = describe::<many_steps>()?;
    let start = RestoredFrame {
        writer: None,
        number: 0,
        parent: None,
        visit: 0,
        failed: 0,
        workflow: many_steps::NAME.to_owned(),
        point: description.points[0].name.clone(),
        fingerprint: description.point_fingerprints[0],
        snapshot: many_steps::input(order).into_bytes()?.into(),
        fired: false,
        begun: false,
    };
    let restored = Restored { frames: vec![start], next_frame: 1, crashes: 0, delivery: None };
    let identity = Identity { id: id()?, instance: [7; 16], run: 0 };
    Ok(Machine::new(identity, Arc::new(NoClock), restored, |root| Box::pin(root.drive::<many_steps>(()))))
}

fn id() -> Result<ExecutionId> {
    Ok(ExecutionId::new("order-42")?)
}

/// Polls once: nothing here waits for anything.
fn now<F: Future>(future: F) -> Result<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Ok(output),
        Poll::Pending => Err("a trivial await waits".into()),
    }
}
