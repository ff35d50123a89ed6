//! The interfaces of the points: attaching to them, following them as they change.

use std::collections::BTreeMap;

use anyhow::Result;
use log::{error, info};

use super::{Sensor, lock, observer::Doing};
use crate::{
    clock::{self, Moment},
    config::{Config, Mode},
    interface::Interface,
    journal::Gap,
    kernel::{self, Attachment},
    plan::{self, Addresses, Window},
};

/// A watched interface.
pub(super) struct Hook {
    pub(super) index: u32,
    pub(super) attachment: Attachment,
    pub(super) missed: u64,
    pub(super) carrier_losses: u32,
    /// Whether something can arrive.
    pub(super) running: bool,
}

impl Sensor {
    pub(super) fn watched_interfaces(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .points
            .iter()
            .map(|point| point.config.interface.clone())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Tells the programs what to watch and which days to tell apart. If the addresses as they are
    /// now cannot be watched, those from before are, and that is the error; the days hold all the
    /// same.
    pub(super) fn watch(
        &mut self,
        now: &BTreeMap<String, Interface>,
        window: Window,
    ) -> Result<()> {
        let Config {
            points,
            solicited,
            timezone,
            ..
        } = &self.config;
        let plan = |addresses: &Addresses| {
            plan::plan(points, addresses, now, solicited, window, &timezone.zone)
        };
        let addresses = plan::addresses(points, now);
        match plan(&addresses) {
            Ok(plan) => {
                self.kernel.watch(plan)?;
                self.window = window;
                for (point, addresses) in self.points.iter_mut().zip(addresses) {
                    point.addresses = addresses;
                }
                Ok(())
            }
            Err(error) => {
                let before = self
                    .points
                    .iter()
                    .map(|point| point.addresses.clone())
                    .collect();
                self.kernel.watch(plan(&before)?)?;
                self.window = window;
                Err(error)
            }
        }
    }

    pub(super) fn attach(&mut self, name: &str, now: &BTreeMap<String, Interface>) -> Result<()> {
        let Some(interface) = now.get(name) else {
            return Ok(());
        };
        let mine = || {
            self.points
                .iter()
                .filter(|point| point.config.interface == name)
        };
        let live = mine().any(|point| point.config.mode == Mode::Live);
        let Some(choice) = mine().map(|point| point.config.xdp).next() else {
            return Ok(());
        };
        let attachment = self.kernel.attach(name, interface, choice, live)?;
        for point in self
            .points
            .iter_mut()
            .filter(|point| point.config.interface == name)
        {
            point.xdp_mode = attachment.mode.name();
        }
        let hook = Hook {
            index: interface.index,
            attachment,
            missed: interface.missed,
            carrier_losses: interface.carrier_losses,
            running: interface.running,
        };
        self.hooks.insert(name.to_owned(), hook);
        Ok(())
    }

    /// Notes what every point does from now on.
    pub(super) fn observe(&mut self, interfaces: &BTreeMap<String, Interface>) -> Result<()> {
        let now = Moment::now()?;
        for (name, hook) in &mut self.hooks {
            if let Some(interface) = interfaces.get(name) {
                hook.running = interface.running;
                hook.carrier_losses = interface.carrier_losses;
            }
        }
        let mut figures = lock(&self.figures);
        for (point, figures) in self.points.iter_mut().zip(&mut figures.points) {
            let addresses = point.addresses_text();
            let hook = self.hooks.get(&point.config.interface);
            point.observer.note(
                now,
                match hook {
                    Some(hook) if hook.running => Doing::Watching(addresses.clone()),
                    Some(_) => Doing::Nothing(Gap::Down),
                    None if interfaces.contains_key(&point.config.interface) => {
                        Doing::Nothing(Gap::Detached)
                    }
                    None => Doing::Nothing(Gap::InterfaceGone),
                },
            );
            figures.state.addresses = addresses;
            figures.state.xdp_mode = hook.map(|_| point.xdp_mode.to_owned());
        }
        Ok(())
    }

    /// Follows the interfaces: addresses that change, interfaces that go and come back.
    pub(super) async fn follow(&mut self) {
        let trouble = self
            .try_follow()
            .await
            .err()
            .map(|error| format!("{error:#}"));
        if trouble != self.hooks_trouble
            && let Some(trouble) = &trouble
        {
            error!("following the interfaces, will be tried again: {trouble}");
        }
        self.hooks_trouble = trouble;
    }

    async fn try_follow(&mut self) -> Result<()> {
        let now = self.interfaces.all().await?;
        self.drop_gone_hooks(&now);
        let mut result = self.watch(&now, self.window);
        for name in self.watched_interfaces() {
            if self.hooks.contains_key(&name) || !now.contains_key(&name) {
                continue;
            }
            // One interface that cannot be attached to does not keep the others from it.
            match self.attach(&name, &now) {
                Ok(()) => {
                    info!("attached to {name} again");
                    self.note(&name, &format!("{name} was back at {:.0}", clock::now()));
                }
                Err(error) => result = Err(error),
            }
        }
        self.observe(&now)?;
        result
    }

    /// Lets go of interfaces that are gone, or that somebody has taken the program off.
    pub(super) fn drop_gone_hooks(&mut self, now: &BTreeMap<String, Interface>) {
        let end = |name: &String, hook: &Hook| match now.get(name) {
            None => Some("is gone"),
            Some(interface)
                if interface.index != hook.index
                    || interface.xdp_program != Some(hook.attachment.program) =>
            {
                Some("has lost its program")
            }
            Some(interface)
                if interface.has_members && hook.attachment.mode == kernel::Mode::Native =>
            {
                Some("has members now, at which its program would run")
            }
            Some(_) if !hook.attachment.egress_is_attached() => Some("has lost its egress program"),
            Some(_) => None,
        };
        let ended: Vec<(String, &str)> = self
            .hooks
            .iter()
            .filter_map(|(name, hook)| Some((name.clone(), end(name, hook)?)))
            .collect();
        for (name, what) in ended {
            if let Some(hook) = self.hooks.remove(&name) {
                hook.attachment.detach();
            }
            self.note(
                &name,
                &format!("{name} {what}, noticed at {:.0}", clock::now()),
            );
            error!(
                "interface {name} {what}: nothing is counted there until it is attached again; what \
                 was counted is kept"
            );
        }
    }

    /// Notes something for the coverage of the interface's points.
    fn note(&mut self, interface: &str, note: &str) {
        for point in self
            .points
            .iter_mut()
            .filter(|point| point.config.interface == interface)
        {
            point.notes.push(note.to_owned());
        }
    }
}
