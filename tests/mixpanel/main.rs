//! Reading an organization from the service: what is asked, what is understood, and what people read on a bad day.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod agreement;
mod bad_days;
mod bad_ways;
mod belief;
mod cost;
mod part;
mod people;
#[path = "../support/runs.rs"]
mod runs;
mod scenes;
mod scim;
mod scim_stop;
mod sending;
mod server;
#[path = "../support/scenes.rs"]
mod table;
mod whole;
mod world;
