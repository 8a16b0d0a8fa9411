//! The worker and the client against the memory store: one binary, one module for each topic.

#[path = "runtime/support/counter.rs"]
mod counter;
#[path = "runtime/support/faulty.rs"]
mod faulty;
#[path = "runtime/support/lab.rs"]
mod lab;
#[path = "runtime/support/script.rs"]
mod script;
#[path = "runtime/support/surroundings.rs"]
mod surroundings;

#[path = "runtime/control.rs"]
mod control;
#[path = "runtime/edits.rs"]
mod edits;
#[path = "runtime/events.rs"]
mod events;
#[path = "runtime/forks.rs"]
mod forks;
#[path = "runtime/frames.rs"]
mod frames;
#[path = "runtime/large.rs"]
mod large;
#[path = "runtime/life.rs"]
mod life;
#[path = "runtime/many.rs"]
mod many;
#[path = "runtime/redrive.rs"]
mod redrive;
#[path = "runtime/refusals.rs"]
mod refusals;
#[path = "runtime/retries.rs"]
mod retries;
#[path = "runtime/rewinds.rs"]
mod rewinds;
#[path = "runtime/set_aside.rs"]
mod set_aside;
#[path = "runtime/starts.rs"]
mod starts;
#[path = "runtime/timers.rs"]
mod timers;
#[path = "runtime/trouble.rs"]
mod trouble;
#[path = "runtime/values.rs"]
mod values;
