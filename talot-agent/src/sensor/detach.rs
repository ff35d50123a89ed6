//! Removing everything from the kernel, without an agent.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use talot_common::words::Disposition;

use super::{
    heir::{Heir, last_observation},
    kernel_release,
    takeover::{Before, Left},
};
use crate::{
    clock::Moment,
    config::Config,
    interface::{Interface, Interfaces},
    journal::{Journal, Mark, Observation},
    kernel::{self, Claim, Former, Pins},
};

/// Detaches what an agent has left, makes durable what it has counted, and removes it. Says what was
/// done.
///
/// # Errors
///
/// If an agent is at work there, the pins belong to somebody else, or something cannot be written.
pub async fn detach(config: &Config, force: bool) -> Result<String> {
    kernel::check_requirements()?;
    let root = &config.kernel.pin_dir;
    let interfaces = config.points.iter().map(|point| point.interface.as_str());
    if force {
        let removed = Pins::remove_by_force(root)?;
        kernel::remove_filters(interfaces);
        let root = root.display();
        return Ok(if removed {
            format!("what was pinned in {root} is removed, with whatever it held\n")
        } else {
            format!("nothing is pinned in {root}\n")
        });
    }
    kernel::refuse_elsewhere(root, &config.data_dir)?;
    if !root.exists() {
        return Ok(format!("nothing is pinned in {}\n", root.display()));
    }
    let now = Interfaces::connect()?.all().await?;
    let mut journal = Journal::open(&config.data_dir)
        .with_context(|| format!("opening the data directory {}", config.data_dir.display()))?;
    let pins = Pins::open(root, Claim::of(&config.data_dir)?)?;
    let attached = pins.attached()?;
    let mut all = Former::detached(&pins, interfaces)?;
    let moment = Moment::now()?;
    let zone = &config.timezone.zone;
    let left = all.iter().map(Left::of);
    let mut observed = Before::of(&journal, left, attached).orphans(&[], moment, zone)?;
    let mark = Mark {
        instance: String::new(),
        epoch: 0,
        boot: kernel::boot_id()?,
        at: moment,
        interfaces: BTreeMap::new(),
        points: observed.keys().cloned().collect(),
        detached: true,
    };
    let mut packets = 0;
    for former in &mut all {
        let observations: BTreeMap<String, Observation> = former
            .points()
            .iter()
            .map(|name| (name.clone(), observation(config, &journal, name, &now)))
            .collect();
        let mut heir = Heir {
            journal: &mut journal,
            data_dir: &config.data_dir,
            zone,
            mark: mark.clone(),
            observed: std::mem::take(&mut observed),
            is_closing: &|_, _| false,
            observation: &|name| observations.get(name).cloned().unwrap_or_default(),
        };
        let inherited = heir.inherit(former)?;
        let sections = inherited.sections.iter();
        packets += sections.map(|section| section.tally.seen).sum::<u64>();
        pins.remove_former(former)?;
    }
    pins.remove_if_empty()?;
    Ok(format!(
        "detached; {packets} packets that the kernel still held are in {}\n",
        config.data_dir.display()
    ))
}

/// How a point was observed: as the journal has it, else as it is configured and attached.
fn observation(
    config: &Config,
    journal: &Journal,
    name: &str,
    now: &BTreeMap<String, Interface>,
) -> Observation {
    if let Some(observation) = last_observation(journal, name) {
        return observation;
    }
    let Some(point) = config.points.iter().find(|point| point.name == name) else {
        return Observation::default();
    };
    let interface = now.get(&point.interface);
    let xdp_mode = interface.and_then(|interface| interface.xdp_mode);
    Observation {
        xdp_mode: xdp_mode.map_or("", kernel::Mode::name).into(),
        mode: point.mode.name().into(),
        verdict: point.verdict.name().into(),
        kernel: kernel_release().into(),
        agent_version: env!("CARGO_PKG_VERSION").into(),
        timezone: config.timezone.name.clone().into(),
        ..Observation::default()
    }
}

/// What the kernel holds for an agent that does not run, if it holds anything.
///
/// # Errors
///
/// If what is pinned cannot be read.
pub fn waiting(config: &Config) -> Result<Option<String>> {
    let root = &config.kernel.pin_dir;
    kernel::refuse_elsewhere(root, &config.data_dir)?;
    let waiting = Former::peek(root)?;
    let Some(owner) = kernel::first_owner(root) else {
        return Ok(None);
    };
    let mut text = format!(
        "no agent runs; the kernel holds for {owner}, until the next run or `talot-agent detach`:\n"
    );
    for former in waiting {
        let counters = former.counters();
        for (slot, name) in former.points().iter().enumerate() {
            let [now, ended] = [counters.epoch(), counters.ended_epoch()]
                .map(|epoch| counters.holding(epoch, slot as u8));
            let accesses = Disposition::Access as usize;
            text += &format!(
                "  point {name}: {} packets seen, of them {} accesses\n",
                now.seen + ended.seen,
                now.dispositions[accesses] + ended.dispositions[accesses]
            );
        }
    }
    Ok(Some(text))
}
