//! Every table and key there is, each with its default.

use std::{ops::RangeInclusive, path::Path, time::Duration};

use talot_common::{
    exclude::RULES,
    port_type::{self, Aim},
};
use toml::de::DeValue;

use super::{
    Config, Drain, Exclude, GeoFiles, Idle, Kernel, Metrics, Records,
    aim::{self, aim},
    document::{At, Document},
    maintenance::maintenance,
    mistake::Wrong,
    points::{self, Draft},
    prefix::prefix,
    privacy::privacy,
    section::Section,
    values::{ANY_DURATION, boolean, duration, integer, path, pin_dir, size, socket_address, text},
    zone::zone,
};

/// How many keys of one family a table may be asked to hold.
const KEYS: RangeInclusive<u32> = 1..=1 << 26;
/// How many port types may always be shown, so that no point has more than 150 series.
const MOST_PORTS: usize = 40;
/// How often the kernel's tables may be drained.
const DRAIN_INTERVAL: RangeInclusive<Duration> =
    Duration::from_millis(1)..=Duration::from_secs(3600);

/// Reads the document.
pub(super) fn config(root: &mut Section<'_>, document: &Document<'_>, directory: &Path) -> Config {
    let default = Config::default();
    let timezone = root.get_or("timezone", default.timezone, |value| zone(value, directory));
    let data_dir = root.get_or("data_dir", default.data_dir, |value| path(value, directory));
    let points = root.tables("point", Draft::read);
    points::check(document, &points);
    let excludes = root.tables("exclude", |section| exclude(section, &points));
    if let Some(rule) = excludes.get(RULES) {
        let wrong = Wrong::new("too many rules", format!("at most {RULES}"));
        document.note(rule.at, "exclude", wrong);
    }
    let maintenance = root.tables("maintenance", |section| {
        maintenance(section, &points, &timezone.zone)
    });
    let solicited = root.table("solicited", |section| {
        let mut idle = |key, default| section.get_or(key, default, |v| duration(v, ANY_DURATION));
        Idle {
            tcp: idle("tcp", default.solicited.tcp),
            udp: idle("udp", default.solicited.udp),
            other: idle("other", default.solicited.other),
        }
    });
    let kernel = root.table("kernel", |section| Kernel {
        keys: section.get_or("keys", default.kernel.keys, |v| integer(v, KEYS)),
        keys6: section.get_or("keys6", default.kernel.keys6, |v| integer(v, KEYS)),
        pin_dir: section.get_or("pin_dir", default.kernel.pin_dir, pin_dir),
    });
    let drain = root.table("drain", |section| Drain {
        interval: section.get_or("interval", default.drain.interval, |value| {
            duration(value, DRAIN_INTERVAL)
        }),
        day_memory: section.get_or("day_memory", default.drain.day_memory, size),
    });
    let records = root.table("records", |section| Records {
        keep_days: section.get_or("keep_days", default.records.keep_days, |value| {
            integer(value, 1..=u32::MAX)
        }),
    });
    let metrics = root.table("metrics", |section| Metrics {
        listen: section.get_or("listen", default.metrics.listen, socket_address),
        ports: ports(section).unwrap_or(default.metrics.ports),
        sources_64: section.get_or("sources_64", default.metrics.sources_64, boolean),
    });
    let geo = root.table("geo", |section| {
        let mut file = |key| section.get(key, |value| path(value, directory));
        GeoFiles {
            country: file("country").map(|given| given.value),
            asn: file("asn").map(|given| given.value),
        }
    });
    let privacy = root.table("privacy", |section| privacy(section, directory));
    Config {
        timezone,
        data_dir,
        points: points.into_iter().filter_map(Draft::finish).collect(),
        excludes: excludes.into_iter().map(|rule| rule.value).collect(),
        maintenance: maintenance.into_iter().flatten().collect(),
        solicited,
        kernel,
        drain,
        records,
        metrics,
        geo,
        privacy,
    }
}

/// The port types that are always shown.
fn ports(section: &mut Section<'_>) -> Option<Vec<Aim>> {
    let allowed = format!("a list; each {}", aim::ALLOWED);
    let given = section.list("ports", true, &allowed, aim)?;
    let mut ports = Vec::new();
    if let Some(beyond) = given.get(MOST_PORTS) {
        let wrong = Wrong::new("too many port types", format!("at most {MOST_PORTS}"));
        section.note(beyond.at, "ports", wrong);
    }
    for port in given {
        if ports.contains(&port.value) {
            let wrong = Wrong::new(format!("{} is given already", port.value), "each once");
            section.note(port.at, "ports", wrong);
        } else {
            ports.push(port.value);
        }
    }
    Some(ports)
}

/// A rule of what is not to be counted.
fn exclude(section: &mut Section<'_>, points: &[Draft]) -> At<Exclude> {
    let at = section.at();
    let point = section.get("point", |value| points::name_of(value, points));
    let source = section.get("source", prefix);
    let destination = section.get("destination", prefix);
    let protocol = section.get("protocol", protocol);
    let port = section.get("port", |value| integer(value, 0..=u16::MAX));
    let reason = section.get("reason", |value| text(value, "a string").map(str::to_owned));
    let narrows = ["point", "source", "destination", "protocol", "port"];
    if !narrows.iter().any(|key| section.has(key)) {
        let wrong = Wrong::new(
            "a rule without a condition excludes everything",
            narrows.join(", "),
        );
        section.note(at, "", wrong);
    }
    if let (Some(source), Some(destination)) = (&source, &destination)
        && source.value.address.is_ipv4() != destination.value.address.is_ipv4()
    {
        let what = "is of another family than source, so the rule matches nothing";
        section.note(
            destination.at,
            "destination",
            Wrong::new(what, "both IPv4 or both IPv6"),
        );
    }
    let value = Exclude {
        point: point.map(|found| found.value),
        source: source.map(|found| found.value),
        destination: destination.map(|found| found.value),
        protocol: protocol.map(|found| found.value),
        port: port.map(|found| found.value),
        reason: reason.map(|found| found.value).unwrap_or_default(),
    };
    At { at, value }
}

/// An IP protocol by name or number.
fn protocol(value: &DeValue<'_>) -> Result<u8, Wrong> {
    const ALLOWED: &str = "\"tcp\", \"udp\", \"icmp\", \"icmpv6\", \"sctp\", \"dccp\", \"udplite\", \
        another name of IANA's registry such as \"GRE\", or a number from 0 to 255";
    if value.is_integer() {
        return integer(value, 0..=u8::MAX);
    }
    let name = text(value, ALLOWED)?;
    if name.eq_ignore_ascii_case("icmpv6") {
        return Ok(port_type::protocol::ICMPV6);
    }
    (0..=u8::MAX)
        .find(|number| {
            port_type::protocol_name(*number).is_some_and(|own| own.eq_ignore_ascii_case(name))
        })
        .ok_or_else(|| Wrong::new(format!("{name:?} is not a protocol"), ALLOWED))
}
