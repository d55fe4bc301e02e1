//! Reading an organization from the service: what is asked, what is understood, and what people read on a bad day.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_days;
mod bad_ways;
mod belief;
mod part;
mod people;
#[path = "../support/runs.rs"]
mod runs;
mod scim;
mod sending;
mod server;
mod whole;
mod world;
