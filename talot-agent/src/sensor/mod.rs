//! The sensor at work: attaches, drains, closes days, until it is told to stop.

mod background;
mod closing;
mod days;
mod detach;
mod drains;
mod heir;
mod hooks;
mod observer;
mod sections;
mod steps;
mod stop;
mod takeover;
mod view;

use std::{
    collections::BTreeMap,
    io::Write as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result};
use aya_log::EbpfLogger;
use jiff::{Timestamp, civil::Date};
use log::{error, warn};
use talot_common::layout::Watch;
use tokio::{
    net::UnixListener,
    time::{MissedTickBehavior, interval},
};

pub use self::detach::{detach, waiting};
use self::{
    background::Background,
    closing::Closing,
    drains::Pending,
    hooks::Hook,
    observer::{Observed, Observer},
    sections::Constant,
    steps::Steps,
    stop::Stop,
    takeover::{Before, Left},
};
use crate::{
    calendar,
    clock::{self, Changes, Moment},
    config::{Config, PointConfig, Prefix},
    figures::{Figures, Kept, PointFigures, PointState},
    geo::Geo,
    http,
    interface::{Interface, Interfaces},
    journal::{Journal, MergedFile, Observation, Tally},
    kernel::{self, Capacity, Claim, Former, Kernel, Pins},
    live::LiveLine,
    metrics::Published,
    plan::Window,
    privacy::SourcesForm,
    status,
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
            verdict: self.config.verdict.name().into(),
            kernel: constant.kernel.clone().into(),
            agent_version: env!("CARGO_PKG_VERSION").into(),
            timezone: constant.timezone.clone().into(),
            notes: self.notes.clone(),
            ..Observation::default()
        }
    }
}

/// Everything that runs.
pub struct Sensor {
    config: Config,
    hooks: BTreeMap<String, Hook>,
    kernel: Kernel,
    /// What a former agent has counted with another configuration.
    former: Vec<Former>,
    /// What points watched until now that are not in the configuration any more.
    orphans: BTreeMap<String, Vec<Observed>>,
    messages: EbpfLogger<&'static dyn log::Log>,
    journal: Journal,
    status_socket: Option<UnixListener>,
    interfaces: Interfaces,
    points: Vec<Point>,
    window: Window,
    constant: Constant,
    since: Timestamp,
    cut: Timestamp,
    /// Everything from before this moment is drained.
    drained_until: Timestamp,
    pending: Option<Pending>,
    /// Nothing is attached any more, because the agent is to end.
    is_detached: bool,
    steps: Steps,
    closing: Closing,
    merging: Background<Result<MergedFile>>,
    /// What was last wrong with the interfaces, so that it is said once.
    hooks_trouble: Option<String>,
    figures: Arc<Mutex<Figures>>,
    geo: Arc<Geo>,
    sources: Arc<SourcesForm>,
}

/// Runs until SIGINT, SIGTERM, SIGHUP or SIGQUIT. Then it detaches, or, if it is to `keep` counting,
/// leaves the programs to the next agent.
///
/// # Errors
///
/// What keeps it from beginning; once it counts, only what kept the last drain from becoming
/// durable.
pub async fn run(config: Config, keep: bool) -> Result<()> {
    kernel::check_requirements()?;
    let metrics_socket = http::listen(config.metrics.listen).await?;
    let mut stop = Stop::listen()?;
    let published = Arc::new(Published::default());
    tokio::spawn(http::serve(metrics_socket, Arc::clone(&published)));
    let mut sensor = Sensor::begin(config).await?;
    let status_socket = sensor.status_socket.take();
    let shown = Arc::new(Mutex::new(sensor.status()));
    if let Some(socket) = status_socket {
        let shown = Arc::clone(&shown);
        tokio::spawn(status::serve(socket, move || lock(&shown).clone()));
    }
    sensor.publish(&published)?;
    say(&sensor.introduction(keep));

    let mut wake = sensor.kernel.wake()?;
    let mut clock_changes = Changes::listen()?;
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
            () = wake.called() => sensor.tend().await,
            closed = sensor.closing.ended() => sensor.note_closed(closed),
            merged = sensor.merging.ended() => sensor.note_merged(merged),
            () = midnight => sensor.tend().await,
            () = sensor.interfaces.changed() => sensor.follow().await,
            () = clock_changes.made() => {
                if sensor.check_clock() {
                    sensor.tend().await;
                }
            }
            _ = seconds.tick() => {
                if sensor.check_clock() || sensor.is_past_midnight() {
                    sensor.tend().await;
                }
                sensor.follow().await;
            }
            () = stop.asked() => break,
        }
        sensor.note_fill();
        let status = sensor.status();
        if let Some(live) = &mut live {
            live.show(&status);
        }
        *lock(&shown) = status;
        if let Err(error) = sensor.publish(&published) {
            error!("{error:#}");
        }
    }
    if let Some(live) = &mut live {
        live.end();
    }
    sensor.stop_counting(keep).await?;
    tokio::select! {
        () = sensor.close_days_now() => sensor.keep_figures(),
        () = stop.asked() => {
            say("asked again to end: the next start closes the days that are over");
            // Not by returning, which would wait for that. All that was counted is durable.
            std::process::exit(0)
        }
    }
    say(&sensor.summary());
    let data_dir = sensor.config.data_dir.display();
    if keep {
        say(&format!(
            "the kernel goes on counting; everything counted so far is in {data_dir}"
        ));
    } else {
        say(&format!("detached; everything counted is in {data_dir}"));
    }
    Ok(())
}

impl Sensor {
    async fn begin(config: Config) -> Result<Self> {
        let geo = Geo::open(&config)?;
        let sources = SourcesForm::open(&config.privacy)?;
        let journal = Journal::open(&config.data_dir).with_context(|| {
            format!(
                "opening the data directory {} (choose another with data_dir in the configuration)",
                config.data_dir.display()
            )
        })?;
        let status_socket = Some(status::listen(&config.data_dir)?);
        let interfaces = Interfaces::connect()?;
        let now = interfaces.all().await?;
        for point in &config.points {
            check_interface(point, &now)?;
        }
        let capacity = Capacity::new(config.kernel.keys, config.kernel.keys6);
        let names: Vec<&str> = config
            .points
            .iter()
            .map(|point| point.name.as_str())
            .collect();
        let claim = Claim::of(&config.data_dir)?;
        kernel::refuse_elsewhere(&config.kernel.pin_dir, &config.data_dir)?;
        let pins = Pins::open(&config.kernel.pin_dir, claim)?;
        // Maps of another configuration that were drained to the end, but not removed any more.
        let finished = |instance: &str, epoch: u32| {
            let mark = journal.mark_of(instance);
            mark.is_some_and(|mark| mark.epoch == epoch)
        };
        let (mut kernel, former) =
            Kernel::open(pins, capacity, &names, &config.excludes, finished)?;
        let messages = kernel.messages()?;
        let since = clock::now();
        let zone = &config.timezone.zone;
        let today = calendar::date_at(since.max(clock::built()), zone);
        let window = takeover::window(&kernel.counters().watching(), since, today)?;
        let figures = Figures::new(
            config
                .points
                .iter()
                .map(|point| figures_of(point, today, &config))
                .collect(),
        )?;
        let constant = Constant {
            kernel: kernel_release(),
            boot: kernel::boot_id()?,
            timezone: config.timezone.name.clone(),
        };
        let mut sensor = Self {
            points: config.points.iter().map(new_point).collect(),
            window,
            config,
            hooks: BTreeMap::new(),
            kernel,
            former,
            orphans: BTreeMap::new(),
            messages,
            journal,
            status_socket,
            interfaces,
            constant,
            since,
            cut: since,
            drained_until: since,
            pending: None,
            is_detached: false,
            steps: Steps::new(Moment::now()?),
            closing: Closing::default(),
            merging: Background::default(),
            hooks_trouble: None,
            figures: Arc::new(Mutex::new(figures)),
            geo: Arc::new(geo),
            sources: Arc::new(sources),
        };
        if sensor.journal.set_aside() > 0 {
            let note = "a damaged file of the journal was set aside: what it counted is lost";
            for point in &mut sensor.points {
                point.notes.push(note.to_owned());
            }
        }
        let plan = sensor.kernel.counters().watching();
        let before = sensor.before()?;
        if let Err(error) = sensor.begin_to_watch(&before, &now) {
            sensor.give_up(plan);
            return Err(error);
        }
        sensor.note_fill();
        sensor.note_room();
        Ok(sensor)
    }

    fn begin_to_watch(
        &mut self,
        before: &Before,
        interfaces: &BTreeMap<String, Interface>,
    ) -> Result<()> {
        self.watch(interfaces, self.window)?;
        self.cut = clock::now();
        for name in self.watched_interfaces() {
            self.attach(&name, interfaces)?;
        }
        // After it counts, for a large day takes seconds to read.
        let databases = self.geo.databases();
        let kept = Kept::read(&self.config.data_dir);
        let mut figures = lock(&self.figures);
        figures.last_drain = self.journal.last_mark().map(|mark| mark.at.wall);
        for point in &mut figures.points {
            point.begin(self.window.first, &self.journal, &databases)?;
            point.go_on(&kept, &self.journal);
        }
        drop(figures);
        self.finish_taking_over(before, interfaces)
    }

    /// As it was before this agent attached anything.
    fn before(&self) -> Result<Before> {
        let former = self.former.iter().map(Left::of);
        let points = self.points.iter().map(|point| point.config.name.as_str());
        let current = self.kernel.since().map(|since| Left {
            instance: self.kernel.instance(),
            counters: self.kernel.counters(),
            since,
            detached: self.kernel.detached(),
            points: points.collect(),
        });
        let left = former.chain(current);
        Ok(Before::of(&self.journal, left, self.kernel.attached()?))
    }

    /// It could not begin: what it has made itself goes. What a former agent has left goes on, by the
    /// plan that was in force.
    fn give_up(&mut self, plan: Watch) {
        let mut is_counting = !self.former.is_empty();
        for (_, hook) in std::mem::take(&mut self.hooks) {
            if hook.attachment.adopted {
                is_counting = true;
                hook.attachment.keep();
            } else {
                hook.attachment.detach();
            }
        }
        let gave_up = if !self.kernel.is_new() {
            self.kernel.watch(plan)
        } else if is_counting {
            // It may have counted already: the next start finds it.
            Ok(())
        } else {
            self.kernel.release()
        };
        if let Err(error) = gave_up {
            warn!("{error:#}");
        }
    }

    /// Names of the points, by slot.
    fn names(&self) -> Vec<String> {
        let names = self.points.iter().map(|point| point.config.name.clone());
        names.collect()
    }

    /// How full the kernel's tables are.
    fn note_fill(&self) {
        let names = ["sources4", "sources6"].map(str::to_owned);
        lock(&self.figures).tables = names.into_iter().zip(self.kernel.fill()).collect();
    }

    /// Detaches, unless the kernel is to go on, and drains what was counted.
    async fn stop_counting(&mut self, keep: bool) -> Result<()> {
        let interfaces = self.interfaces.all().await;
        tokio::task::block_in_place(|| {
            if let Ok(interfaces) = &interfaces {
                self.note_missed(interfaces);
            }
            if !keep {
                // Nothing is counted any more when the last drain begins.
                self.kernel.note_detached(Some(Moment::now()?));
                for (_, hook) in std::mem::take(&mut self.hooks) {
                    hook.attachment.detach();
                }
                self.kernel.wait()?;
                self.is_detached = true;
            }
            if self.window.waiting {
                warn!("{}; the next agent finds them", self.why_waiting());
                return Ok(());
            }
            self.drain().context(
                "the last drain could not be written; the kernel keeps it, and the next agent finds it",
            )?;
            self.drain_former();
            self.keep_figures();
            if keep {
                for (_, hook) in std::mem::take(&mut self.hooks) {
                    hook.attachment.keep();
                }
            } else {
                self.kernel.release()?;
            }
            Ok(())
        })
    }
}

pub(crate) fn check_interface(
    point: &PointConfig,
    now: &BTreeMap<String, Interface>,
) -> Result<()> {
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

/// A point's figures before anything is counted.
fn figures_of(point: &PointConfig, today: Date, config: &Config) -> PointFigures {
    PointFigures::new(
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
            excluded: config
                .excludes_of(&point.name)
                .map(|(_, rule)| (rule, 0))
                .collect(),
        },
        &config.metrics,
        config.drain.day_memory / config.points.len().max(1) as u64,
    )
}

/// Says something to whoever started the agent; that nobody reads it is no reason to stop counting.
fn say(text: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush());
}

pub(crate) fn kernel_release() -> String {
    std::fs::read_to_string("/proc/sys/kernel/osrelease")
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// A panic elsewhere does not make figures wrong that are replaced whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
