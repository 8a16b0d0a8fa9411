//! What saving and loading a state of eight fields costs, against bare postcard of the same eight fields as a struct.
//!
//! Durable's side is what a worker does at an await point, and when it goes on with what this build saved: each local by its
//! witness, the header with its checksum written, checked, and its schema compared.

use crate::Result;
use durable_core::{
    private::{AnySlot, Saver, Slot, witness},
    store::SchemaId,
    stored,
};
use serde::{Deserialize, Serialize};
use std::{hint::black_box, time::Instant};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct State {
    id: u64,
    customer: String,
    lines: Vec<Line>,
    coupon: Option<String>,
    total: u64,
    paid: bool,
    rate: f64,
    holds: Vec<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    sku: String,
    pieces: u32,
}

impl State {
    fn sample() -> Self {
        Self {
            id: 4_711,
            customer: "Ada Lovelace, 12 St James's Square".into(),
            lines: vec![Line { sku: "bolt".into(), pieces: 100 }, Line { sku: "nut".into(), pieces: 200 }],
            coupon: Some("SPRING".into()),
            total: 12_500,
            paid: false,
            rate: 0.19,
            holds: vec![17, 18],
        }
    }
}

/// The locals of a workflow, as its frame has them.
struct Locals {
    id: Slot<u64>,
    customer: Slot<String>,
    lines: Slot<Vec<Line>>,
    coupon: Slot<Option<String>>,
    total: Slot<u64>,
    paid: Slot<bool>,
    rate: Slot<f64>,
    holds: Slot<Vec<u64>>,
}

impl Locals {
    fn empty() -> Self {
        Self {
            id: Slot::saved(witness()),
            customer: Slot::saved(witness()),
            lines: Slot::saved(witness()),
            coupon: Slot::saved(witness()),
            total: Slot::saved(witness()),
            paid: Slot::saved(witness()),
            rate: Slot::saved(witness()),
            holds: Slot::saved(witness()),
        }
    }

    fn put(&mut self, state: State) {
        self.id.put(state.id);
        self.customer.put(state.customer);
        self.lines.put(state.lines);
        self.coupon.put(state.coupon);
        self.total.put(state.total);
        self.paid.put(state.paid);
        self.rate.put(state.rate);
        self.holds.put(state.holds);
    }

    fn taken(&mut self) -> State {
        State {
            id: self.id.take(),
            customer: self.customer.take(),
            lines: self.lines.take(),
            coupon: self.coupon.take(),
            total: self.total.take(),
            paid: self.paid.take(),
            rate: self.rate.take(),
            holds: self.holds.take(),
        }
    }

    fn each(&mut self) -> [&mut dyn AnySlot; 8] {
        [
            &mut self.id,
            &mut self.customer,
            &mut self.lines,
            &mut self.coupon,
            &mut self.total,
            &mut self.paid,
            &mut self.rate,
            &mut self.holds,
        ]
    }

    fn save(&mut self, epoch: u64) -> Result<Vec<u8>> {
        let mut saver = Saver::new();
        for slot in self.each() {
            slot.save(&mut saver);
        }
        let saved =
            saver.finish().map_err(|(field, error)| format!("field {field} cannot be saved: {error}"));
        let mut bytes = saved?.bytes;
        stored::stamp(&mut bytes, SCHEMA, epoch);
        Ok(bytes)
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let (header, mut payload) = stored::open(bytes)?;
        if header.schema != SCHEMA {
            return Err("of another schema".into());
        }
        for slot in self.each() {
            slot.load(&mut payload)?;
        }
        match payload {
            [] => Ok(()),
            _ => Err("bytes are left over".into()),
        }
    }
}

const SCHEMA: SchemaId = SchemaId(7);

/// Saves and loads in one measurement.
const ROUNDS: u64 = 2_000;

pub(crate) fn print(repetitions: usize) -> Result<()> {
    let state = State::sample();
    let mut locals = Locals::empty();
    locals.put(state.clone());
    let saved = locals.save(1)?;
    let bare = postcard::to_stdvec(&state)?;
    assert_eq!(saved.len(), stored::STORED_HEADER_BYTES + bare.len(), "the payload is postcard's");
    locals.load(&saved)?;
    assert_eq!(locals.taken(), state);
    locals.put(state.clone());

    let mut times = [const { Vec::new() }; 4];
    for _ in 0..repetitions {
        times[0].push(each(|_| {
            black_box(postcard::to_stdvec(black_box(&state))?);
            Ok(())
        })?);
        times[1].push(each(|epoch| {
            stored::recycle(black_box(black_box(&mut locals).save(epoch)?));
            Ok(())
        })?);
        times[2].push(each(|_| {
            black_box(postcard::from_bytes::<State>(black_box(&bare))?);
            Ok(())
        })?);
        times[3].push(each(|_| black_box(&mut locals).load(black_box(&saved)))?);
    }
    println!(
        "{:<44} {:>9} {:>9} {:>9}",
        "a state of eight fields, nanoseconds", "postcard", "durable", "ratio"
    );
    for (name, pair) in ["save", "load"].into_iter().zip(times.chunks_exact_mut(2)) {
        let [bare, durable] = [0, 1].map(|side: usize| {
            pair[side].sort_by(f64::total_cmp);
            pair[side][repetitions / 2]
        });
        println!("{name:<44} {bare:>9.1} {durable:>9.1} {:>9.2}", durable / bare);
    }
    println!("{:<44} {:>9} {:>9}\n", "bytes", bare.len(), saved.len());
    Ok(())
}

fn each(mut round: impl FnMut(u64) -> Result<()>) -> Result<f64> {
    let begun = Instant::now();
    for epoch in 0..ROUNDS {
        round(epoch)?;
    }
    Ok(begun.elapsed().as_nanos() as f64 / ROUNDS as f64)
}
