//! Removing everything from the kernel, without an agent.

use anyhow::{Context as _, Result};
use talot_common::words::Disposition;

use super::heir::Heir;
use crate::{
    config::Config,
    journal::{Journal, Observation},
    kernel::{self, Claim, Former, Pins},
};

/// Detaches what an agent has left, makes durable what it has counted, and removes it. Says what was
/// done.
///
/// # Errors
///
/// If an agent is at work there, the pins belong to somebody else, or something cannot be written.
pub fn detach(config: &Config, force: bool) -> Result<String> {
    kernel::check_requirements()?;
    let root = &config.kernel.pin_dir;
    let interfaces = config.points.iter().map(|point| point.interface.as_str());
    if force {
        Pins::remove_by_force(root)?;
        kernel::remove_filters(interfaces);
        return Ok(format!(
            "{} is removed, with whatever it held\n",
            root.display()
        ));
    }
    if !root.exists() {
        return Ok(format!("nothing is pinned in {}\n", root.display()));
    }
    let mut journal = Journal::open(&config.data_dir)
        .with_context(|| format!("opening the data directory {}", config.data_dir.display()))?;
    let pins = Pins::open(root, Claim::of(&config.data_dir)?)?;
    let boot = kernel::boot_id()?;
    let mut packets = 0;
    for mut former in Former::detached(&pins, interfaces)? {
        let mut heir = Heir {
            journal: &mut journal,
            data_dir: &config.data_dir,
            zone: &config.timezone.zone,
            boot: &boot,
            is_closing: &|_, _| false,
            observation: &|_| Observation::default(),
        };
        let inherited = heir.inherit(&mut former)?;
        packets += inherited
            .sections
            .iter()
            .map(|section| section.tally.seen)
            .sum::<u64>();
        pins.remove_former(&former)?;
    }
    pins.remove_if_empty()?;
    Ok(format!(
        "detached; {packets} packets that the kernel still held are in {}\n",
        config.data_dir.display()
    ))
}

/// What the kernel holds for an agent that does not run, if it holds anything.
///
/// # Errors
///
/// If what is pinned cannot be read.
pub fn waiting(config: &Config) -> Result<Option<String>> {
    let root = &config.kernel.pin_dir;
    let Some(owner) = kernel::first_owner(root) else {
        return Ok(None);
    };
    let mut text = format!(
        "no agent runs; the kernel holds for {owner}, until the next run or `talot-agent detach`:\n"
    );
    for former in Former::peek(root)? {
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
