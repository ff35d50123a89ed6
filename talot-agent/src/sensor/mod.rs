//! The sensor at work: attaches, drains, closes days, until it is told to stop.

mod drain;
mod observer;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use aya_log::EbpfLogger;
use jiff::{Timestamp, civil::Date};
use log::{error, info, warn};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{MissedTickBehavior, interval},
};

use self::{
    drain::{Constant, Identity, Interval},
    observer::{Moment, Observer},
};
use crate::{
    calendar, clock,
    config::{Config, Mode, PointConfig, Prefix},
    figures::{Figures, PointFigures, PointState},
    http,
    interface::{Interface, Interfaces},
    journal::{Journal, Observation, Section, Tally},
    kernel::{Attachment, Capacity, Kernel},
    live::LiveLine,
    metrics,
    plan::{self, Window},
    records::{self, Bounds},
    status::{self, PointStatus, Status},
};

/// A point, and what the agent notes of it between two drains.
struct Point {
    config: PointConfig,
    addresses: Vec<Prefix>,
    observer: Observer,
    xdp_mode: &'static str,
    missed: u64,
    notes: Vec<String>,
}

impl Point {
    fn addresses_text(&self) -> String {
        let texts: Vec<String> = self.addresses.iter().map(ToString::to_string).collect();
        texts.join(",")
    }

    /// What a section says of the point beside its intervals.
    fn observation(&self, constant: &Constant) -> Observation {
        Observation {
            xdp_mode: self.xdp_mode.into(),
            mode: self.config.mode.name().into(),
            verdict: "pass".into(),
            kernel: constant.kernel.clone().into(),
            agent_version: env!("CARGO_PKG_VERSION").into(),
            timezone: constant.timezone.clone().into(),
            notes: self.notes.clone(),
            ..Observation::default()
        }
    }
}

/// A watched interface.
struct Hook {
    index: u32,
    attachment: Attachment,
    missed: u64,
}

/// A drain that is not durable yet: the kernel keeps it until it is.
struct Pending {
    epoch: u32,
    sections: Vec<Section>,
}

/// Everything that runs.
pub struct Sensor {
    config: Config,
    // Before the kernel's maps: what is dropped first is detached first.
    hooks: BTreeMap<String, Hook>,
    kernel: Kernel,
    messages: EbpfLogger<&'static dyn log::Log>,
    journal: Journal,
    interfaces: Interfaces,
    points: Vec<Point>,
    window: Window,
    constant: Constant,
    since: Timestamp,
    cut: Timestamp,
    pending: Option<Pending>,
    figures: Arc<Mutex<Figures>>,
}

/// Runs until SIGINT or SIGTERM.
///
/// # Errors
///
/// What keeps it from beginning; once it counts, only what kept the last drain from becoming
/// durable.
pub async fn run(config: Config) -> Result<()> {
    let metrics_socket = http::listen(config.metrics.listen).await?;
    let mut stop = (
        signal(SignalKind::interrupt()).context("listening for SIGINT")?,
        signal(SignalKind::terminate()).context("listening for SIGTERM")?,
    );
    let mut sensor = Sensor::begin(config).await?;
    let status_socket = status::listen(&sensor.config.data_dir)?;
    let shown = Arc::new(Mutex::new(sensor.status()));
    tokio::spawn(status::serve(status_socket, {
        let shown = Arc::clone(&shown);
        move || lock(&shown).clone()
    }));
    tokio::spawn(http::serve(metrics_socket, {
        let figures = Arc::clone(&sensor.figures);
        let zone = sensor.config.timezone.zone.clone();
        move || {
            let passed = |point: &PointFigures| {
                let start = Bounds::of(point.state.day, &zone)
                    .map_or_else(|_| clock::now(), |day| day.start);
                Duration::try_from(clock::now().duration_since(start)).unwrap_or_default()
            };
            metrics::render(&lock(&figures), passed).context("writing the metrics")
        }
    }));
    println!("{}", sensor.introduction());

    let mut live = LiveLine::on_terminal();
    let mut drains = interval(sensor.config.drain.interval);
    drains.set_missed_tick_behavior(MissedTickBehavior::Delay);
    drains.reset();
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let midnight = tokio::time::sleep(sensor.until_midnight());
        tokio::select! {
            _ = drains.tick() => sensor.tend().await,
            () = midnight => sensor.tend().await,
            () = sensor.interfaces.changed() => sensor.follow().await,
            _ = seconds.tick() => {
                if sensor.hooks.len() < sensor.watched_interfaces().len() {
                    sensor.follow().await;
                }
            }
            _ = stop.0.recv() => break,
            _ = stop.1.recv() => break,
        }
        let status = sensor.status();
        if let Some(live) = &mut live {
            live.show(&status);
        }
        *lock(&shown) = status;
    }
    if let Some(live) = &mut live {
        live.end();
    }
    sensor.end()
}

impl Sensor {
    async fn begin(config: Config) -> Result<Self> {
        let journal = Journal::open(&config.data_dir).with_context(|| {
            format!(
                "opening the data directory {} (choose another with data_dir in the configuration)",
                config.data_dir.display()
            )
        })?;
        let interfaces = Interfaces::connect()?;
        let now = interfaces.all().await?;
        for point in &config.points {
            check_interface(point, &now)?;
        }
        let capacity = Capacity {
            keys4: config.kernel.keys,
            keys6: config.kernel.keys6,
        };
        let mut kernel = Kernel::load(capacity, config.points.len())?;
        let messages = kernel.messages()?;
        let since = clock::now();
        let zone = &config.timezone.zone;
        let today = calendar::date_at(since, zone);
        let figures = Figures::new(
            config
                .points
                .iter()
                .map(|point| figures_of(point, today, &journal, &config))
                .collect::<Result<_>>()?,
        )?;
        let constant = Constant {
            kernel: kernel_release(),
            timezone: config.timezone.name.clone(),
        };
        let mut sensor = Self {
            points: config.points.iter().map(new_point).collect(),
            window: Window {
                first: today,
                tai_offset: clock::tai_offset()?,
            },
            config,
            hooks: BTreeMap::new(),
            kernel,
            messages,
            journal,
            interfaces,
            constant,
            since,
            cut: since,
            pending: None,
            figures: Arc::new(Mutex::new(figures)),
        };
        sensor.watch(&now)?;
        for name in sensor.watched_interfaces() {
            sensor.attach(&name, &now)?;
        }
        sensor.observe()?;
        sensor.cut = clock::now();
        Ok(sensor)
    }

    fn watched_interfaces(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .points
            .iter()
            .map(|point| point.config.interface.clone())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Tells the programs what to watch.
    fn watch(&mut self, now: &BTreeMap<String, Interface>) -> Result<()> {
        let configs: Vec<PointConfig> = self
            .points
            .iter()
            .map(|point| point.config.clone())
            .collect();
        let addresses = plan::addresses(&configs, now);
        let plan = plan::plan(
            &configs,
            &addresses,
            now,
            &self.config.solicited,
            self.window,
            &self.config.timezone.zone,
        )?;
        self.kernel.watch(plan)?;
        for (point, addresses) in self.points.iter_mut().zip(addresses) {
            point.addresses = addresses;
        }
        Ok(())
    }

    fn attach(&mut self, name: &str, now: &BTreeMap<String, Interface>) -> Result<()> {
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
        let attachment = self.kernel.attach(name, interface.index, choice, live)?;
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
        };
        self.hooks.insert(name.to_owned(), hook);
        Ok(())
    }

    /// Notes what every point watches from now on.
    fn observe(&mut self) -> Result<()> {
        let now = Moment::now()?;
        let mut figures = lock(&self.figures);
        for (point, figures) in self.points.iter_mut().zip(&mut figures.points) {
            let addresses = point.addresses_text();
            let attached = self.hooks.contains_key(&point.config.interface);
            point.observer.watch(now, attached.then_some(&addresses));
            figures.state.addresses = addresses;
            figures.state.xdp_mode = attached.then(|| point.xdp_mode.to_owned());
        }
        Ok(())
    }

    /// Follows the interfaces: addresses that change, interfaces that go and come back.
    async fn follow(&mut self) {
        if let Err(error) = self.try_follow().await {
            error!("following the interfaces: {error:#}");
        }
    }

    async fn try_follow(&mut self) -> Result<()> {
        let now = self.interfaces.all().await?;
        let is_gone = |name: &String, hook: &Hook| {
            now.get(name)
                .is_none_or(|interface| interface.index != hook.index)
        };
        let gone: Vec<String> = self
            .hooks
            .iter()
            .filter(|(name, hook)| is_gone(name, hook))
            .map(|(name, _)| name.clone())
            .collect();
        for name in gone {
            self.hooks.remove(&name);
            error!(
                "interface {name} is gone: nothing is counted there until it is back; what was \
                 counted is kept"
            );
        }
        self.watch(&now)?;
        for name in self.watched_interfaces() {
            if !self.hooks.contains_key(&name) && now.contains_key(&name) {
                self.attach(&name, &now)?;
                info!("attached to {name} again");
            }
        }
        self.observe()
    }

    /// How long until the day ends.
    fn until_midnight(&self) -> Duration {
        const SHORTLY_AFTER: Duration = Duration::from_millis(20);
        const LONGEST: Duration = Duration::from_secs(3600);
        let zone = &self.config.timezone.zone;
        let now = clock::now();
        let today = Bounds::of(calendar::date_at(now, zone), zone);
        let left = today
            .ok()
            .and_then(|day| Duration::try_from(day.end.duration_since(now)).ok());
        left.map_or(LONGEST, |left| left.min(LONGEST) + SHORTLY_AFTER)
    }

    /// Drains, and does what a drain makes possible: closing days that are over.
    async fn tend(&mut self) {
        let interfaces = self.interfaces.all().await;
        tokio::task::block_in_place(|| {
            if let Ok(interfaces) = &interfaces {
                self.note_missed(interfaces);
            }
            if let Err(error) = self.drain() {
                error!("{error:#}");
                return;
            }
            let next_day = interfaces.and_then(|now| self.turn_day(&now));
            if let Err(error) = next_day {
                error!("going on to the next day: {error:#}");
            }
            self.close_days();
        });
    }

    /// What the interfaces have dropped counts for their first points.
    fn note_missed(&mut self, now: &BTreeMap<String, Interface>) {
        for (name, hook) in &mut self.hooks {
            let Some(interface) = now.get(name).filter(|now| now.index == hook.index) else {
                continue;
            };
            let missed = interface.missed.saturating_sub(hook.missed);
            hook.missed = interface.missed;
            if let Some(point) = self
                .points
                .iter_mut()
                .find(|point| point.config.interface == *name)
            {
                point.missed += missed;
            }
        }
    }

    /// One drain. What it has read stays in the kernel until it is durable.
    fn drain(&mut self) -> Result<()> {
        let began = Instant::now();
        let result = self.try_drain();
        self.messages.flush();
        let mut figures = lock(&self.figures);
        match &result {
            Ok(()) => {
                figures.last_drain = Some(self.cut);
                figures.trouble = None;
                figures.drain_seconds.observe(began.elapsed().as_secs_f64());
            }
            Err(error) => figures.trouble = Some(format!("{error:#}")),
        }
        result
    }

    fn try_drain(&mut self) -> Result<()> {
        if self.pending.is_some() {
            self.make_durable()?;
        }
        let epoch = self.kernel.flip()?;
        let now = Moment::now()?;
        let interval = Interval {
            start: self.cut,
            end: now.wall.max(self.cut),
            first_day: self.window.first,
        };
        let mut parts = drain::sort(self.kernel.read(epoch)?, interval)?;
        let today = calendar::date_at(now.wall, &self.config.timezone.zone);
        let mut sections = Vec::new();
        for (slot, point) in self.points.iter_mut().enumerate() {
            let slot = slot as u8;
            let days: Vec<Date> = parts
                .range((slot, Date::MIN)..=(slot, Date::MAX))
                .map(|((_, day), _)| *day)
                .collect();
            let mut counted = Vec::new();
            for day in days {
                if let Some(part) = parts.remove(&(slot, day)) {
                    counted.push((day, part));
                }
            }
            check_identity(point, &counted, &self.figures, slot);
            if point.missed > 0 {
                let mut part = drain::Part::default();
                part.tally.missed = std::mem::take(&mut point.missed);
                counted.push((today, part));
            }
            let observed = point.observer.take(now, &self.config.timezone.zone)?;
            sections.extend(drain::sections(
                point,
                counted.into_iter(),
                observed,
                &self.constant,
            ));
            point.notes.clear();
        }
        self.cut = interval.end;
        self.pending = Some(Pending { epoch, sections });
        self.make_durable()
    }

    /// Writes the pending drain, and only then clears it in the kernel.
    fn make_durable(&mut self) -> Result<()> {
        let Some(Pending { epoch, sections }) = &mut self.pending else {
            return Ok(());
        };
        self.journal.append(sections).context(
            "a drain could not be made durable; the kernel keeps it, counting goes on, and it will \
             be tried again",
        )?;
        self.kernel.clear(*epoch)?;
        let mut figures = lock(&self.figures);
        for section in &*sections {
            if let Some(point) = figures
                .points
                .iter_mut()
                .find(|point| point.state.name == section.point)
            {
                point.add(section);
            }
        }
        drop(figures);
        self.pending = None;
        Ok(())
    }

    /// Moves the window of days on, once everything of the days before it is drained.
    fn turn_day(&mut self, interfaces: &BTreeMap<String, Interface>) -> Result<()> {
        let today = calendar::date_at(self.cut, &self.config.timezone.zone);
        let tai_offset = clock::tai_offset()?;
        // A closed day stays closed, whatever the clock says.
        let first = today.max(self.window.first);
        if first == self.window.first && tai_offset == self.window.tai_offset {
            return Ok(());
        }
        if first != self.window.first {
            let mut figures = lock(&self.figures);
            for point in &mut figures.points {
                point.begin(first, &self.config.metrics.ports);
            }
        }
        self.window = Window { first, tai_offset };
        self.watch(interfaces)
    }

    /// Closes the days that are over.
    fn close_days(&mut self) {
        for (day, name) in self.journal.days() {
            if day >= self.window.first {
                continue;
            }
            match self.close(day, &name) {
                Ok(()) => info!("closed {day} of {name}"),
                Err(error) => error!("closing {day} of {name}, will be tried again: {error:#}"),
            }
        }
    }

    fn close(&mut self, day: Date, name: &str) -> Result<()> {
        let closed_at = clock::now();
        records::close_day(
            &self.config.data_dir,
            &self.config.timezone.zone,
            self.journal.drains(),
            day,
            name,
            closed_at,
            &records::NoDatabase,
        )?;
        self.journal.forget(day, name)?;
        let mut figures = lock(&self.figures);
        if let Some(point) = figures
            .points
            .iter_mut()
            .find(|point| point.state.name == name)
        {
            point.last_closed = Some(closed_at);
        }
        Ok(())
    }

    /// Stops counting, drains what was counted, detaches.
    fn end(mut self) -> Result<()> {
        tokio::task::block_in_place(|| {
            // Nothing is counted any more when the last drain begins.
            self.hooks.clear();
            self.drain()
                .context("the last drain failed, and what it holds is lost with the agent's end")?;
            self.close_days();
            let figures = lock(&self.figures);
            for point in &figures.points {
                let PointState {
                    name,
                    day,
                    today,
                    identity_difference,
                    ..
                } = &point.state;
                println!(
                    "{name}: {} packets seen on {day}, of them {} accesses; identity difference \
                     {identity_difference}",
                    today.seen,
                    today.of(talot_common::words::Disposition::Access)
                );
            }
            println!(
                "detached; everything counted is in {}",
                self.config.data_dir.display()
            );
            Ok(())
        })
    }

    fn status(&self) -> Status {
        let figures = lock(&self.figures);
        let point = |(slot, point): (usize, &PointFigures)| {
            let mut top = metrics::ranked(&point.accesses);
            top.truncate(5);
            PointStatus {
                state: point.state.clone(),
                in_kernel: self.kernel.counting(slot as u8).seen,
                top,
            }
        };
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            since: self.since,
            last_drain: figures.last_drain,
            trouble: figures.trouble.clone(),
            points: figures.points.iter().enumerate().map(point).collect(),
        }
    }

    /// What is watched and how, in one short block.
    fn introduction(&self) -> String {
        let mut lines = vec![format!(
            "talot-agent {} is watching {} point(s); days end at midnight {}",
            env!("CARGO_PKG_VERSION"),
            self.points.len(),
            self.config.timezone.name
        )];
        for point in &self.points {
            let PointConfig {
                name,
                interface,
                mode,
                ..
            } = &point.config;
            lines.push(format!(
                "  {name}: {} point on {interface}, {} XDP, addresses {}",
                mode.name(),
                point.xdp_mode,
                point.addresses_text()
            ));
        }
        for (name, hook) in &self.hooks {
            if let Some(why) = &hook.attachment.why_generic {
                lines.push(format!(
                    "  {name} runs in generic mode ({why}): packets are counted after the kernel has \
                     taken them in, more slowly, and several that the interface merged count as one"
                ));
            }
        }
        lines.push(format!(
            "  records  {}",
            self.config.data_dir.join("records").display()
        ));
        lines.push(format!(
            "  metrics  http://{}/metrics",
            self.config.metrics.listen
        ));
        lines.push("  Ctrl-C drains, writes and detaches".to_owned());
        lines.join("\n")
    }
}

/// The identity of the counting, checked at every drain.
fn check_identity(
    point: &Point,
    counted: &[(Date, drain::Part)],
    figures: &Mutex<Figures>,
    slot: u8,
) {
    for (day, part) in counted {
        let identity = Identity::of(part);
        let difference = identity.difference();
        if difference != 0 {
            error!(
                "the identity of {} on {day} is off by {difference} packets: {identity:?}",
                point.config.name
            );
            let mut figures = lock(figures);
            if let Some(point) = figures.points.get_mut(usize::from(slot)) {
                point.state.identity_difference += i64::try_from(difference).unwrap_or(i64::MAX);
            }
        }
    }
}

fn check_interface(point: &PointConfig, now: &BTreeMap<String, Interface>) -> Result<()> {
    let PointConfig {
        name, interface, ..
    } = point;
    let found = now.get(interface).with_context(|| {
        let names: Vec<&str> = now.keys().map(String::as_str).collect();
        format!(
            "point {name}: there is no interface {interface} here; there are {}",
            names.join(", ")
        )
    })?;
    found.link.with_context(|| {
        format!("point {name}: {interface} carries neither Ethernet frames nor IP packets")
    })?;
    if point.addresses.is_none() && found.addresses.is_empty() {
        warn!("point {name}: {interface} has no address yet; they are followed as they come");
    }
    Ok(())
}

fn new_point(config: &PointConfig) -> Point {
    Point {
        config: config.clone(),
        addresses: Vec::new(),
        observer: Observer::default(),
        xdp_mode: "",
        missed: 0,
        notes: Vec::new(),
    }
}

/// A point's figures, today's as the journal has them from an agent that ran before.
fn figures_of(
    point: &PointConfig,
    today: Date,
    journal: &Journal,
    config: &Config,
) -> Result<PointFigures> {
    let mut figures = PointFigures::new(
        PointState {
            name: point.name.clone(),
            interface: point.interface.clone(),
            mode: point.mode.name().to_owned(),
            xdp_mode: None,
            addresses: String::new(),
            day: today,
            today: Tally::default(),
            identity_difference: 0,
            observed_seconds: 0.0,
        },
        &config.metrics.ports,
    );
    if let Some(merged) = journal.section(today, &point.name) {
        figures.total = merged.tally.clone();
        figures.state.today = merged.tally.clone();
        figures.state.observed_seconds = merged.observation.observed_us as f64 / 1e6;
        let mut rows = merged.rows()?;
        let mut damaged = Ok(());
        let readable = std::iter::from_fn(|| rows.next()?.map_err(|e| damaged = Err(e)).ok());
        figures.add_accesses(readable, today);
        damaged?;
    }
    Ok(figures)
}

fn kernel_release() -> String {
    std::fs::read_to_string("/proc/sys/kernel/osrelease")
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// A panic elsewhere does not make figures wrong that are replaced whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
