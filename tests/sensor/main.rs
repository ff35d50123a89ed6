//! The whole sensor, in network namespaces of its own: what it counts against what was sent, and
//! against an independent reading of tcpdump's capture of the same interface.
//!
//! A random choice is replayed with `TALOT_TEST_SEED`; `TALOT_TEST_LONG` makes the floods longer.

mod addresses;
mod bad_input;
mod bad_network;
mod bad_storage;
mod bond;
mod common;
mod conversations;
mod disturbances;
mod doctor;
mod drains_under_flood;
mod early_drain;
mod exclude;
mod export;
mod failpoints;
mod generic_and_native;
mod handmade;
mod idle;
mod jumbo;
mod kills;
mod live_host;
mod maintenance;
mod many_sources;
mod metrics;
mod midnight;
mod overflow;
mod points;
mod read;
mod restart;
mod scanners;
mod soak;
mod takeover;
mod tun;
mod upgrade;
mod verdict;
