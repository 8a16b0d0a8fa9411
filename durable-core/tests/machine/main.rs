//! The machine without a runtime: workflows expanded by hand, driven through blobs, crashed, damaged and parked.

#![allow(unreachable_pub)] // A test binary has no outside.

mod attempts;
mod children;
mod countdown;
mod crashes;
mod damage;
mod driver;
mod hand;
mod ledger;
mod parked;
mod settled;
mod shop;
mod single;
mod states;
mod versions;
