//! Whether `run` would work here, and how well: one finding for each thing that it needs. Nothing is
//! changed; the programs are loaded once, into small maps, and attached nowhere.

mod ethtool;
mod interfaces;
mod machine;
mod netdev;

use std::collections::BTreeSet;

use anyhow::Result;

use crate::{
    config::Config,
    interface::{self, Interfaces},
};

/// How it is with one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// As it should be.
    Ok,
    /// `run` works, but not at its best, or not for long.
    Warning,
    /// `run` does not work.
    Missing,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How it is.
    pub grade: Grade,
    /// What was looked at: `kernel`, `eth0 MTU`.
    pub what: String,
    /// What was found, and unless it is well, what to do.
    pub says: String,
}

impl Finding {
    fn new(grade: Grade, what: impl Into<String>, says: impl Into<String>) -> Self {
        Self {
            grade,
            what: what.into(),
            says: says.into(),
        }
    }

    /// What is needed, and is as it says, or missing.
    fn needed(what: impl Into<String>, result: Result<String>) -> Self {
        match result {
            Ok(says) => Self::new(Grade::Ok, what, says),
            Err(error) => Self::new(Grade::Missing, what, format!("{error:#}")),
        }
    }
}

impl Grade {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Missing => "missing",
        }
    }
}

/// A line for each.
pub fn text(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.what.len()).max();
    let width = width.unwrap_or_default();
    let line = |Finding { grade, what, says }: &Finding| {
        format!("{:<7}  {what:<width$}  {says}\n", grade.name())
    };
    findings.iter().map(line).collect()
}

/// Looks at the machine, and at the interfaces of this configuration.
pub async fn examine(mut config: Config) -> Vec<Finding> {
    let mut findings = machine::examine(&config);
    if config.points.is_empty() {
        match interface::default_point() {
            Ok(point) => config.points.push(point),
            Err(error) => findings.push(Finding::needed("interface", Err(error))),
        }
    }
    let all = async { Interfaces::connect()?.all().await };
    match all.await {
        Ok(all) => {
            let mut seen = BTreeSet::new();
            for point in &config.points {
                // Points that share an interface attach to it alike.
                if seen.insert(&point.interface) {
                    findings.extend(interfaces::examine(point, &config.kernel.pin_dir, &all));
                }
            }
        }
        Err(error) => findings.push(Finding::needed("interfaces", Err(error))),
    }
    findings
}
