//! What only a store in a file can suffer: bad files, full disks, crashes, other processes.

mod closing;
mod crash;
mod damage;
mod fixture;
mod full;
mod groups;
mod opening;
mod retention;
mod several_stores;
mod takeover;
