//! Attaching the two programs to an interface.

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use aya::{
    Ebpf,
    programs::{
        ProgramError, SchedClassifier, TcAttachType, Xdp, XdpMode,
        links::FdLink,
        tc::{self, SchedClassifierLink},
        xdp::XdpLink,
    },
    sys::SyscallError,
    util::KernelVersion,
};
use log::{debug, info};

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

/// The programs of one interface. Dropping it detaches: XDP first, so that nothing arrives whose
/// conversation was not noted.
pub struct Attachment {
    /// How XDP runs here.
    pub mode: Mode,
    /// Number of the XDP program.
    pub program: u32,
    /// Why it is not native, if that was tried.
    pub why_generic: Option<String>,
    _xdp: FdLink,
    _egress: Option<SchedClassifierLink>,
}

/// The egress program's name, its filter's too.
const EGRESS: &str = "talot_egress";

/// Why an interface that has members is not watched natively.
const AT_MEMBERS: &str = "native mode would run at the members of the interface";

/// Attaches egress first (live points), then XDP. Without TCX it is the other way round: once XDP,
/// of which an interface has one, is this agent's, egress filters found there belong to nobody.
pub(super) fn attach(
    ebpf: &mut Ebpf,
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
    let mut egress = if live && tcx {
        Some(attach_egress(ebpf, name)?)
    } else {
        None
    };
    let program: &mut Xdp = super::program(ebpf, "talot_xdp")?;
    let mut try_mode = |mode| attach_xdp(program, interface.index, mode);
    let (mode, why_generic, link) = match choice {
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
    };
    let xdp = link.map_err(|error| explain(&error, name, choice))?;
    let number = program.info()?.id();
    if !tcx {
        remove_left_filters(name);
        if live {
            egress = Some(attach_filter(ebpf, name)?);
        }
    }
    Ok(Attachment {
        mode,
        program: number,
        why_generic,
        _xdp: xdp,
        _egress: egress,
    })
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
    attach_egress(ebpf, interface)
        .context("before Linux 6.6 this needs the kernel modules sch_ingress and cls_bpf")
}

fn attach_egress(ebpf: &mut Ebpf, interface: &str) -> Result<SchedClassifierLink> {
    let program: &mut SchedClassifier = super::program(ebpf, EGRESS)?;
    let id = program
        .attach(interface, TcAttachType::Egress)
        .with_context(|| format!("attaching the egress program to {interface}"))?;
    program
        .take_link(id)
        .with_context(|| format!("taking the egress link of {interface}"))
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

fn runs_at_least(major: u8, minor: u8) -> bool {
    KernelVersion::current().is_ok_and(|version| version >= KernelVersion::new(major, minor, 0))
}

/// Says what is missing before the kernel answers with a number.
///
/// # Errors
///
/// What is missing, and what to do.
pub fn check_requirements() -> Result<()> {
    // SAFETY: it reads this process's credentials.
    if unsafe { libc::geteuid() } != 0 {
        bail!("watching an interface needs root: run this with sudo");
    }
    if !std::path::Path::new("/sys/kernel/btf/vmlinux").exists() {
        bail!(
            "this kernel has no BTF (/sys/kernel/btf/vmlinux is missing): use one that was built with \
             CONFIG_DEBUG_INFO_BTF=y, as those of Debian, Ubuntu and Fedora are"
        );
    }
    if !runs_at_least(6, 1) {
        bail!("this kernel is too old: Linux 6.1 or later is needed");
    }
    Ok(())
}
