//! A quarter of the random workflows.

#![allow(warnings, reason = "nobody wrote these")]

use durable_random::*;

include!(concat!(env!("OUT_DIR"), "/1.rs"));
