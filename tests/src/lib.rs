//! Helpers of the whole-sensor tests: a laboratory of network namespaces, packets built
//! independently of the program under test, the agent as its users start it, and an oracle that
//! reads tcpdump's capture of the same interface.

pub mod agent;
pub mod bench;
pub mod capture;
pub mod cases;
pub mod fixtures;
pub mod foreign;
pub mod http;
pub mod identity;
pub mod lab;
pub mod link;
pub mod metrics;
pub mod oracle;
pub mod packet;
pub mod ping;
pub mod process;
pub mod prometheus;
pub mod python;
pub mod random;
pub mod records;
pub mod require;
pub mod rows;
pub mod send;
pub mod shell;
pub mod traffic;
pub mod tun;
pub mod tzif;
