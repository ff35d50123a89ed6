//! Maps that a former agent has counted in and that do not fit any more: another configuration.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::{
    attach,
    counters::{Counters, Maps},
    grace::Grace,
    pins::{self, Instance, Owner, Pins},
};
use crate::clock::Moment;

/// Such maps, which no program writes once all programs are replaced.
pub struct Former {
    instance: Instance,
    counters: Counters,
}

impl Former {
    pub(super) fn open(instance: Instance) -> Result<Self> {
        let Instance { folder, owner } = &instance;
        owner.size.check(folder)?;
        let counters = Counters::open(&Maps::Pinned(folder), owner.size)
            .with_context(|| format!("opening the pinned maps in {}", folder.display()))?;
        Ok(Self { instance, counters })
    }

    /// Everything that is pinned, once nothing counts in it any more: detaches all, and waits.
    ///
    /// # Errors
    ///
    /// If a pin cannot be removed or read.
    pub fn detached<'a>(
        pins: &Pins,
        interfaces: impl Iterator<Item = &'a str>,
    ) -> Result<Vec<Self>> {
        let instances = pins.instances()?.into_iter();
        let all = instances.map(Self::open).collect::<Result<Vec<_>>>()?;
        let now = Moment::now()?;
        for former in &all {
            if former.when_detached().is_none() {
                pins.note_detached(&former.instance, Some(now))?;
            }
        }
        pins.detach_others(&[])?;
        attach::remove_filters(interfaces);
        Grace::alone()?.wait()?;
        Ok(all)
    }

    /// Everything that is pinned, for those who only ask.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn peek(root: &Path) -> Result<Vec<Self>> {
        let instances = pins::peek(root)?.into_iter();
        instances.map(Self::open).collect()
    }

    pub(super) const fn pinned(&self) -> &Instance {
        &self.instance
    }

    pub(super) fn into_instance(self) -> Instance {
        self.instance
    }

    pub(super) const fn owner(&self) -> &Owner {
        &self.instance.owner
    }

    /// The name of these maps.
    pub fn instance(&self) -> &str {
        &self.owner().instance
    }

    /// Names of the points, by slot.
    pub fn points(&self) -> &[String] {
        &self.owner().points
    }

    /// When they were made.
    pub const fn since(&self) -> Moment {
        self.owner().since
    }

    /// When an agent took off what counted in them, if one did before this one came.
    pub const fn when_detached(&self) -> Option<Moment> {
        self.owner().detached
    }

    /// What was counted in them.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// To clear them.
    pub const fn counters_mut(&mut self) -> &mut Counters {
        &mut self.counters
    }
}
