//! Bad input, end to end: whatever is wrong, a typed error says what, where and what to do; nothing is lost, everything else
//! goes on, and what was hit goes on too once the cause is gone.

mod builds;
mod damage;
mod damaged_values;
mod events;
mod files;
pub(crate) mod flows;
mod full;
mod nested;
mod panics;
pub(crate) mod place;
mod sizes;
mod starts;
mod two_stores;
mod workers;
