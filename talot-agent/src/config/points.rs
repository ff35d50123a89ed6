//! The points, and what they must agree on.

use std::collections::{BTreeMap, HashMap};

use talot_common::layout::{POINTS, RANGES};
use toml::de::DeValue;

use super::{
    Mode, PointConfig, Verdict, XdpChoice,
    document::{At, Document},
    mistake::Wrong,
    prefix::{self, Prefix, prefix},
    section::Section,
    values::{choice, text},
};

/// A point as the file has it: what is wrong is none, and noted.
pub(super) struct Draft {
    at: usize,
    name: Option<At<String>>,
    interface: Option<String>,
    addresses: Option<Vec<At<Prefix>>>,
    names_addresses: bool,
    mode: Option<At<Mode>>,
    xdp: Option<At<XdpChoice>>,
    verdict: Option<At<Verdict>>,
}

impl Draft {
    /// Reads one `[[point]]`.
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let at = section.at();
        let name = section.required("name", point_name);
        let interface = section
            .required("interface", interface)
            .map(|found| found.value);
        let allowed = format!("a list; each {}", prefix::ALLOWED);
        let addresses = section.list("addresses", false, &allowed, prefix);
        let names_addresses = section.has("addresses");
        let mode = section.right_or("mode", Mode::Live, |value| {
            choice(value, &Mode::ALL, Mode::name)
        });
        let xdp = section.right_or("xdp", XdpChoice::Auto, |value| {
            choice(value, &XdpChoice::ALL, XdpChoice::name)
        });
        let verdict = section.right_or("verdict", Verdict::Pass, |value| {
            choice(value, &Verdict::ALL, Verdict::name)
        });
        if let Some(verdict) = &verdict
            && verdict.value == Verdict::Drop
            && mode.as_ref().is_some_and(|mode| mode.value == Mode::Live)
        {
            let wrong = Wrong::new("a live point cannot drop", "\"pass\", or mode = \"dark\"");
            section.note(verdict.at, "verdict", wrong);
        }
        Self {
            at,
            name,
            interface,
            addresses,
            names_addresses,
            mode,
            xdp,
            verdict,
        }
    }

    /// The point, once the file has no mistakes.
    pub(super) fn finish(self) -> Option<PointConfig> {
        let addresses = self.addresses;
        Some(PointConfig {
            name: self.name?.value,
            interface: self.interface?,
            addresses: addresses.map(|all| all.into_iter().map(|one| one.value).collect()),
            mode: self.mode?.value,
            xdp: self.xdp?.value,
            verdict: self.verdict?.value,
        })
    }
}

/// The name of a point that another table refers to.
pub(super) fn name_of(value: &DeValue<'_>, points: &[Draft]) -> Result<String, Wrong> {
    let names: Vec<&str> = points
        .iter()
        .filter_map(|point| Some(point.name.as_ref()?.value.as_str()))
        .collect();
    let allowed = format!("the name of a point: {}", names.join(", "));
    let name = text(value, &allowed)?;
    // A point whose own name is wrong may be the one that is meant.
    if names.contains(&name) || names.len() < points.len() {
        return Ok(name.to_owned());
    }
    Err(Wrong::new(format!("there is no point {name:?}"), allowed))
}

/// Notes what is wrong between points.
pub(super) fn check(document: &Document<'_>, points: &[Draft]) {
    if let Some(point) = points.get(POINTS) {
        let wrong = Wrong::new("too many points", format!("at most {POINTS}"));
        document.note(point.at, "point", wrong);
    }
    check_names(document, points);
    check_interfaces(document, points);
    check_addresses(document, points);
}

fn check_names(document: &Document<'_>, points: &[Draft]) {
    let mut seen = HashMap::new();
    for name in points.iter().filter_map(|point| point.name.as_ref()) {
        let first = *seen.entry(name.value.as_str()).or_insert(name.at);
        if first != name.at {
            let line = document.line(first);
            let what = format!(
                "{:?} is the name of another point (line {line})",
                name.value
            );
            let wrong = Wrong::new(what, "a name of its own for each point");
            document.note(name.at, "point.name", wrong);
        }
    }
}

fn check_interfaces(document: &Document<'_>, points: &[Draft]) {
    let mut by_interface: BTreeMap<&str, Vec<&Draft>> = BTreeMap::new();
    for point in points {
        if let Some(interface) = &point.interface {
            let sharers = by_interface.entry(interface).or_default();
            sharers.push(point);
        }
    }
    for (interface, sharers) in by_interface {
        if sharers.len() > 1 {
            check_sharers(document, interface, &sharers);
        }
    }
}

fn check_sharers(document: &Document<'_>, interface: &str, sharers: &[&Draft]) {
    for point in sharers.iter().filter(|point| !point.names_addresses) {
        let what = format!("missing, though interface {interface:?} has several points");
        let wrong = Wrong::new(what, "each of them names its own addresses");
        document.note(point.at, "point.addresses", wrong);
    }
    let mut choices = sharers.iter().filter_map(|point| point.xdp.as_ref());
    let Some(first) = choices.next() else { return };
    for xdp in choices.filter(|xdp| xdp.value != first.value) {
        let (line, name) = (document.line(first.at), first.value.name());
        let what = format!(
            "{:?} on interface {interface:?}, whose first point has {name:?} (line {line})",
            xdp.value.name(),
        );
        let wrong = Wrong::new(what, "the same for all points of one interface");
        document.note(xdp.at, "point.xdp", wrong);
    }
}

fn check_addresses(document: &Document<'_>, points: &[Draft]) {
    let mut seen = HashMap::new();
    let (mut v4, mut v6) = (0, 0);
    for point in points {
        for address in point.addresses.iter().flatten() {
            let (family, count) = if address.value.address.is_ipv4() {
                ("IPv4", &mut v4)
            } else {
                ("IPv6", &mut v6)
            };
            *count += 1;
            if *count == RANGES + 1 {
                let wrong = Wrong::new(
                    format!("too many {family} addresses and networks"),
                    format!("at most {RANGES} of one family, all points together"),
                );
                document.note(address.at, "point.addresses", wrong);
            }
            let Some(interface) = &point.interface else {
                continue;
            };
            let first = *seen.entry((interface, address.value)).or_insert(address.at);
            if first != address.at {
                let (prefix, line) = (address.value, document.line(first));
                let what = format!("{prefix} is given on {interface:?} already (line {line})");
                let wrong = Wrong::new(what, "once on an interface");
                document.note(address.at, "point.addresses", wrong);
            }
        }
    }
}

/// Names become file names and label values.
pub(super) fn point_name(value: &DeValue<'_>) -> Result<String, Wrong> {
    const LONGEST: usize = 200;
    const ALLOWED: &str = "small letters, digits and '-', not '-' first, at most 200 in all";
    let name = text(value, ALLOWED)?;
    let right = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || name.starts_with('-') || name.len() > LONGEST || !name.bytes().all(right)
    {
        return Err(Wrong::new(
            format!("{name:?} is not a point's name"),
            ALLOWED,
        ));
    }
    Ok(name.to_owned())
}

/// The kernel's own rule (`dev_valid_name`).
fn interface(value: &DeValue<'_>) -> Result<String, Wrong> {
    const LONGEST: usize = libc::IFNAMSIZ - 1;
    const ALLOWED: &str =
        "an interface's name, as in \"eth0\": up to 15 bytes, no '/', ':' or space";
    let name = text(value, ALLOWED)?;
    let wrong = |c: char| c == '/' || c == ':' || c.is_whitespace() || c.is_control();
    if name.is_empty()
        || name.len() > LONGEST
        || name == "."
        || name == ".."
        || name.contains(wrong)
    {
        return Err(Wrong::new(
            format!("{name:?} is not an interface's name"),
            ALLOWED,
        ));
    }
    Ok(name.to_owned())
}
