//! The dashboards, and the rules for Prometheus: Grafana's own server cannot be had everywhere, so
//! they are held against the rules of its linter, and every query runs on a real Prometheus that
//! has scraped a real agent.

mod answers;
mod board;
mod lint;
mod promql;
mod queries;
mod rules;
mod schema;
