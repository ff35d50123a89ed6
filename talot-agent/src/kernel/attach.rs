//! Attaching the two programs to an interface.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, ensure};
use aya::{
    Ebpf,
    programs::{
        ProgramError, SchedClassifier, TcAttachType, Xdp, XdpMode,
        links::FdLink,
        tc::{self, NlOptions, SchedClassifierLink, TcAttachOptions, TcHandle},
        xdp::XdpLink,
    },
    sys::SyscallError,
};
use log::{debug, info};

use super::{
    pins::{self, Held, Pins, Point},
    requirements::runs_at_least,
};
use crate::{config::XdpChoice, interface::Interface};

/// How an XDP program is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// By the driver, before the kernel builds a socket buffer.
    Native,
    /// By the network core, on any device.
    Generic,
}

impl Mode {
    /// The name in records and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Generic => "generic",
        }
    }
}

/// The programs of one interface. They stay attached when this is dropped, if they are pinned.
pub struct Attachment {
    /// How XDP runs here.
    pub mode: Mode,
    /// Number of the XDP program.
    pub program: u32,
    /// Why it is not native, if that was tried.
    pub why_generic: Option<String>,
    /// The interface was being watched already, without a gap, by a former agent.
    pub adopted: bool,
    xdp: Held,
    egress: Option<Egress>,
}

/// What holds the egress program.
enum Egress {
    Link(Held),
    /// Before Linux 6.6. It stays without being pinned.
    Filter(SchedClassifierLink),
}

impl Attachment {
    /// Detaches: XDP first, so that nothing arrives whose conversation was not noted.
    pub fn detach(self) {
        let Self { xdp, egress, .. } = self;
        xdp.detach();
        match egress {
            Some(Egress::Link(link)) => link.detach(),
            Some(Egress::Filter(filter)) => drop(filter),
            None => {}
        }
    }

    /// Lets everything be as it is, and go on when this process has ended.
    pub fn keep(self) {
        if let Some(Egress::Filter(filter)) = self.egress {
            // Dropping it would remove the filter.
            std::mem::forget(filter);
        }
    }

    /// Where its links are pinned.
    pub(super) fn pins(&self) -> impl Iterator<Item = PathBuf> {
        let egress = match &self.egress {
            Some(Egress::Link(link)) => link.pin(),
            _ => None,
        };
        let pins = [self.xdp.pin(), egress].into_iter().flatten();
        pins.map(Path::to_owned).collect::<Vec<_>>().into_iter()
    }

    /// Whether nobody has taken a program off the interface. The kernel says by other ways which XDP
    /// program an interface has.
    pub fn egress_is_attached(&self) -> bool {
        match &self.egress {
            Some(Egress::Link(link)) => link.is_attached(),
            _ => true,
        }
    }
}

/// The egress program's name, its filter's too.
const EGRESS: &str = "talot_egress";

/// Where its filter stands among those of the clsact queueing discipline, so that the next agent
/// finds it and replaces it in place.
const PRIORITY: u16 = 0x7a10;
const HANDLE: TcHandle = TcHandle::new(0, 0x7a10);

/// Why an interface that has members is not watched natively.
const AT_MEMBERS: &str = "native mode would run at the members of the interface";

/// Attaches egress first (live points), then XDP. Without TCX it is the other way round where both
/// are new: once XDP, of which an interface has one, is this agent's, egress filters found there
/// belong to nobody.
pub(super) fn attach(
    ebpf: &mut Ebpf,
    pins: Option<&Pins>,
    name: &str,
    interface: &Interface,
    choice: XdpChoice,
    live: bool,
) -> Result<Attachment> {
    ensure!(
        choice != XdpChoice::Native || !interface.has_members,
        "attaching the XDP program to {name}: {AT_MEMBERS}, where it could not be told for which \
         interface it runs: try xdp = \"auto\", or watch the members"
    );
    let tcx = runs_at_least(6, 6);
    let former = pins.and_then(|pins| former_link(pins, interface, choice));
    let mut egress = match (live, tcx) {
        (true, true) => Some(attach_egress(ebpf, pins, name, interface.index)?),
        // Only if its XDP program is a former agent's, its filter is too.
        (true, false) if former.is_some() => replace_filter(ebpf, name)?,
        _ => None,
    };
    let xdp: &mut Xdp = super::program(ebpf, "talot_xdp")?;
    let adopted = former.and_then(|(mode, link, pin)| Some((mode, replace_xdp(xdp, link, &pin)?)));
    let (mode, why_generic, held, adopted) = match adopted {
        Some((mode, held)) => {
            let why = (mode == Mode::Generic && choice == XdpChoice::Auto)
                .then(|| "as a former agent has attached it".to_owned());
            (mode, why, held, true)
        }
        None => {
            let pin = pins.map(|pins| pins.link(Point::Xdp, interface.index));
            if let Some(pin) = &pin {
                // What is still pinned there is attached no more, or not as it should be.
                pins::remove(pin);
            }
            let (mode, why_generic, link) = attach_new(xdp, interface, choice);
            let held = link
                .map_err(|error| explain(&error, name, choice))
                .and_then(|link| Held::new(link, pin));
            match held {
                Ok(held) => (mode, why_generic, held, false),
                Err(error) => {
                    if let Some(Egress::Link(link)) = egress {
                        link.detach();
                    }
                    return Err(error);
                }
            }
        }
    };
    let number = xdp.info()?.id();
    if !tcx && egress.is_none() {
        remove_left_filters(name);
        if live {
            egress = Some(Egress::Filter(attach_filter(ebpf, name)?));
        }
    }
    Ok(Attachment {
        mode,
        program: number,
        why_generic,
        adopted,
        xdp: held,
        egress,
    })
}

/// The XDP link that a former agent has left at an interface, if it is as it should be.
fn former_link(
    pins: &Pins,
    interface: &Interface,
    choice: XdpChoice,
) -> Option<(Mode, FdLink, PathBuf)> {
    let mode = interface.xdp_mode?;
    let fits = match choice {
        XdpChoice::Native => mode == Mode::Native,
        XdpChoice::Generic => mode == Mode::Generic,
        XdpChoice::Auto => mode == Mode::Generic || !interface.has_members,
    };
    let pin = pins.link(Point::Xdp, interface.index);
    let link = pins::find(&pin).filter(|_| fits)?;
    Some((mode, link, pin))
}

/// Puts this agent's program in the place of a former agent's; no packet passes uncounted.
fn replace_xdp(program: &mut Xdp, link: FdLink, pin: &Path) -> Option<Held> {
    let replace = || -> Result<Held> {
        let id = program.attach_to_link(XdpLink::try_from(link)?)?;
        let link = FdLink::try_from(program.take_link(id)?)?;
        Ok(Held::adopted(link, pin.to_owned()))
    };
    match replace() {
        Ok(held) => Some(held),
        Err(error) => {
            info!("{} holds its interface no more: {error:#}", pin.display());
            None
        }
    }
}

type Attached = (Mode, Option<String>, Result<FdLink, ProgramError>);

fn attach_new(program: &mut Xdp, interface: &Interface, choice: XdpChoice) -> Attached {
    let mut try_mode = |mode| attach_xdp(program, interface.index, mode);
    match choice {
        XdpChoice::Native => (Mode::Native, None, try_mode(XdpMode::Driver)),
        XdpChoice::Generic => (Mode::Generic, None, try_mode(XdpMode::Skb)),
        XdpChoice::Auto if interface.has_members => {
            let reason = AT_MEMBERS.to_owned();
            (Mode::Generic, Some(reason), try_mode(XdpMode::Skb))
        }
        XdpChoice::Auto => match try_mode(XdpMode::Driver) {
            Ok(link) => (Mode::Native, None, Ok(link)),
            Err(error) if is_occupied(&error) => (Mode::Native, None, Err(error)),
            Err(error) => {
                let reason = format!("the driver refuses native mode: {}", cause(&error));
                (Mode::Generic, Some(reason), try_mode(XdpMode::Skb))
            }
        },
    }
}

fn attach_xdp(program: &mut Xdp, index: u32, mode: XdpMode) -> Result<FdLink, ProgramError> {
    let id = program.attach_to_if_index(index, mode)?;
    let link: XdpLink = program.take_link(id)?;
    // A link of the older kind would stay behind if the agent were killed.
    FdLink::try_from(link).map_err(|_| {
        ProgramError::SyscallError(SyscallError {
            call: "bpf_link_create",
            io_error: std::io::Error::from_raw_os_error(libc::EINVAL),
        })
    })
}

/// By a TCX link; a former agent's is taken over.
fn attach_egress(ebpf: &mut Ebpf, pins: Option<&Pins>, name: &str, index: u32) -> Result<Egress> {
    let program: &mut SchedClassifier = super::program(ebpf, EGRESS)?;
    let pin = pins.map(|pins| pins.link(Point::Egress, index));
    if let Some(pin) = &pin
        && let Some(link) = pins::find(pin)
    {
        let replace = || -> Result<Held> {
            let id = program.attach_to_link(SchedClassifierLink::try_from(link)?)?;
            let link = FdLink::try_from(program.take_link(id)?)?;
            Ok(Held::adopted(link, pin.clone()))
        };
        match replace() {
            Ok(held) => return Ok(Egress::Link(held)),
            Err(error) => info!("{} holds its interface no more: {error:#}", pin.display()),
        }
        pins::remove(pin);
    }
    let id = program
        .attach(name, TcAttachType::Egress)
        .with_context(|| format!("attaching the egress program to {name}"))?;
    let link = FdLink::try_from(program.take_link(id)?)
        .with_context(|| format!("taking the egress link of {name}"))?;
    Ok(Egress::Link(Held::new(link, pin)?))
}

/// Puts this agent's program into the filter that a former agent has left; none if there is none.
fn replace_filter(ebpf: &mut Ebpf, interface: &str) -> Result<Option<Egress>> {
    let program: &mut SchedClassifier = super::program(ebpf, EGRESS)?;
    let filter =
        SchedClassifierLink::attached(interface, TcAttachType::Egress, PRIORITY, HANDLE, None)
            .with_context(|| format!("looking for the egress filter of {interface}"))?;
    match program.attach_to_link(filter) {
        Ok(id) => Ok(Some(Egress::Filter(program.take_link(id)?))),
        Err(error) => {
            debug!("{interface} has no egress filter to replace: {error}");
            Ok(None)
        }
    }
}

/// Removes the egress filters from interfaces, where TC has no links.
pub fn remove_filters<'a>(interfaces: impl Iterator<Item = &'a str>) {
    if !runs_at_least(6, 6) {
        interfaces.for_each(remove_left_filters);
    }
}

/// Removes what killed agents have left: unlike a link, a filter outlives its process, and keeps
/// the program's maps in memory.
fn remove_left_filters(interface: &str) {
    match tc::qdisc_detach_program(interface, TcAttachType::Egress, EGRESS) {
        Ok(()) => info!("removed from {interface} what an agent that was killed had left there"),
        Err(error) => debug!("looking for egress filters left on {interface}: {error}"),
    }
}

/// By a filter of the clsact queueing discipline, which stays behind, empty: others may use it.
fn attach_filter(ebpf: &mut Ebpf, interface: &str) -> Result<SchedClassifierLink> {
    if let Err(error) = tc::qdisc_add_clsact(interface) {
        // It may be there already; if it is not, attaching says so.
        debug!("adding the clsact queueing discipline to {interface}: {error}");
    }
    let program: &mut SchedClassifier = super::program(ebpf, EGRESS)?;
    let options = NlOptions {
        priority: PRIORITY,
        handle: HANDLE,
        ..NlOptions::default()
    };
    let id = program
        .attach_with_options(
            interface,
            TcAttachType::Egress,
            TcAttachOptions::Netlink(options),
        )
        .with_context(|| {
            format!(
                "attaching the egress program to {interface} (before Linux 6.6 this needs the kernel \
                 modules sch_ingress and cls_bpf)"
            )
        })?;
    Ok(program.take_link(id)?)
}

fn errno(error: &ProgramError) -> Option<i32> {
    match error {
        ProgramError::SyscallError(SyscallError { io_error, .. }) => io_error.raw_os_error(),
        _ => None,
    }
}

/// Another program is in the way (EEXIST: in the other mode).
fn is_occupied(error: &ProgramError) -> bool {
    matches!(errno(error), Some(libc::EBUSY | libc::EEXIST))
}

fn cause(error: &ProgramError) -> String {
    match error {
        ProgramError::SyscallError(SyscallError { call, io_error }) => {
            format!("{call}: {io_error}")
        }
        other => other.to_string(),
    }
}

fn explain(error: &ProgramError, interface: &str, choice: XdpChoice) -> anyhow::Error {
    if is_occupied(error) {
        return anyhow!(
            "attaching to {interface}: another XDP program is attached there already. See which with \
             `ip -details link show dev {interface}`; stop what attached it, or take it off with \
             `ip link set dev {interface} xdp off` (`bpftool link list` and `bpftool link detach id \
             N` if it is held by a BPF link)"
        );
    }
    let advice = match choice {
        XdpChoice::Native => "; the driver may not support native XDP: try xdp = \"auto\"",
        XdpChoice::Generic | XdpChoice::Auto => "",
    };
    anyhow!(
        "attaching the XDP program to {interface}: {}{advice}",
        cause(error)
    )
}
