//! Talot's agent: attaches the programs, drains their maps into daily records, serves metrics.

pub mod calendar;
pub mod capture;
pub mod clock;
pub mod config;
pub mod doctor;
pub mod durable;
pub mod failpoint;
pub mod figures;
pub mod geo;
pub mod http;
pub mod interface;
pub mod journal;
pub mod kernel;
pub mod live;
pub mod metrics;
pub mod plan;
pub mod privacy;
pub mod records;
pub mod row;
pub mod sensor;
pub mod status;
