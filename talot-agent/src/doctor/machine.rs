//! The machine: its kernel, what this process may do, clock, disk.

use std::{fs, net::TcpListener};

use anyhow::{Context as _, Result, bail, ensure};

use super::{Finding, Grade};
use crate::{
    clock,
    config::Config,
    durable,
    geo::Geo,
    kernel::{self, Capacity, Kernel, Place, requirements},
    privacy::SourcesForm,
    sensor::kernel_release,
    status,
};

/// Less than this for the records is little, bytes; so thinks the rule TalotDiskLow, too.
const LITTLE: u64 = 1_000_000_000;

pub(super) fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![
        Finding::needed("kernel", requirements::version().map(|()| kernel_release())),
        Finding::needed("BTF", requirements::btf().map(|()| "there".to_owned())),
        Finding::needed("capabilities", capabilities()),
    ];
    let is_ready = findings.iter().all(|finding| finding.grade == Grade::Ok);
    findings.push(Finding::needed("programs", programs(config, is_ready)));
    findings.push(Finding::needed("memory", memory(config)));
    findings.push(Finding::needed("BPF file system", pins(config)));
    findings.push(clock());
    findings.push(disk(config).unwrap_or_else(|error| Finding::needed("data", Err(error))));
    findings.push(Finding::needed("metrics", metrics(config)));
    let databases = Geo::open(config).map(|geo| geo.described().join("; "));
    findings.push(Finding::needed("databases", databases));
    let form = SourcesForm::open(&config.privacy).map(|form| format!("written as {}", form.name()));
    findings.push(Finding::needed("sources", form));
    findings
}

fn capabilities() -> Result<String> {
    requirements::root()?;
    let status = fs::read_to_string("/proc/self/status").context("reading /proc/self/status")?;
    let lacking = requirements::lacking(&status);
    ensure!(
        lacking.is_empty(),
        "this root lacks {}: give them to the service or container (AmbientCapabilities, --cap-add)",
        lacking.join(", ")
    );
    Ok("root, with all that is needed".to_owned())
}

/// Whether the kernel takes the programs, which its verifier decides.
fn programs(config: &Config, is_ready: bool) -> Result<String> {
    if !is_ready {
        bail!("not tried for want of the above");
    }
    Kernel::load(Capacity::new(1, 1), &[], &config.excludes)?;
    Ok("the kernel takes them".to_owned())
}

fn memory(config: &Config) -> Result<String> {
    let names: Vec<&str> = config.points.iter().map(|p| p.name.as_str()).collect();
    let capacity = Capacity::new(config.kernel.keys, config.kernel.keys6);
    let bytes = kernel::check_memory(capacity, &names)?;
    Ok(format!(
        "enough for the kernel's tables, {} MiB",
        bytes.div_ceil(1 << 20)
    ))
}

fn pins(config: &Config) -> Result<String> {
    let pin_dir = config.kernel.pin_dir.display();
    Ok(match kernel::place(&config.kernel.pin_dir)? {
        Place::There => format!("for {pin_dir}"),
        Place::ToBeMounted => format!("run mounts it for {pin_dir}"),
    })
}

fn clock() -> Finding {
    let now = clock::now();
    if !clock::is_plausible(now) {
        let says = format!(
            "it says {now:.0}, before this program was built: packets wait without a day until it is \
             set"
        );
        return Finding::new(Grade::Warning, "clock", says);
    }
    match clock::is_synchronised() {
        Ok(true) => Finding::new(Grade::Ok, "clock", format!("{now:.0}, synchronised")),
        Ok(false) => Finding::new(
            Grade::Warning,
            "clock",
            format!(
                "{now:.0}, not synchronised: days end by it, so run chrony or systemd-timesyncd"
            ),
        ),
        Err(error) => Finding::new(Grade::Warning, "clock", format!("{error:#}")),
    }
}

fn disk(config: &Config) -> Result<Finding> {
    let data_dir = &config.data_dir;
    let existing = data_dir.ancestors().find(|ancestor| ancestor.exists());
    let existing = existing.with_context(|| format!("no part of {} exists", data_dir.display()))?;
    ensure!(
        existing.is_dir(),
        "{} is no directory: choose another data_dir",
        existing.display()
    );
    ensure!(
        !durable::is_read_only(existing)?,
        "{} is read-only: choose another data_dir",
        existing.display()
    );
    let free = durable::free_bytes(existing)?;
    let says = format!("{} MB free for {}", free / 1_000_000, data_dir.display());
    Ok(if free < LITTLE {
        let says = format!("{says}: make room, or set [records] keep_days lower");
        Finding::new(Grade::Warning, "data", says)
    } else {
        Finding::new(Grade::Ok, "data", says)
    })
}

fn metrics(config: &Config) -> Result<String> {
    let listen = config.metrics.listen;
    if status::ask(&config.data_dir).is_ok() {
        return Ok(format!("an agent runs already and serves {listen}"));
    }
    TcpListener::bind(listen).with_context(|| {
        format!("listening on {listen} (choose another address: [metrics] listen)")
    })?;
    Ok(format!("{listen} is free"))
}
