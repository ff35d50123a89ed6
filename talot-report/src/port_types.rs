//! Which port types there are.

use talot_common::port_type::{Aim, Kind};

/// Whether records can have this port type: `445/tcp`, `Ping (ICMP)`, `GRE (47)`.
pub(crate) fn exists(name: &str) -> bool {
    let port = name.split_once('/').and_then(|(port, _)| port.parse().ok());
    let kinds = (1..=u8::MAX).map_while(Kind::from_number);
    kinds.into_iter().any(|kind| {
        let numbers = match kind {
            Kind::Tcp | Kind::Udp | Kind::Sctp | Kind::UdpLite | Kind::Dccp => match port {
                Some(port) => port..=port,
                None => return false,
            },
            Kind::Icmp | Kind::Icmpv6 | Kind::Portless | Kind::Fragment => 0..=u8::MAX.into(),
        };
        let mut aims = numbers.map(|number| Aim { kind, number });
        aims.any(|aim| aim.to_string() == name)
    })
}

/// What to write instead of a name that is none.
pub(crate) fn advice(name: &str) -> String {
    let lower = name.to_lowercase();
    if exists(&lower) {
        return format!("write {lower}");
    }
    let (port, protocol) = name.split_once('/').unwrap_or((name, "tcp"));
    if port.parse::<u16>().is_ok() && !name.contains('/') {
        return format!("write {port}/tcp or {port}/udp");
    }
    if port.parse::<u64>().is_ok() && exists(&format!("1/{protocol}")) {
        return "ports are numbers from 0 to 65535, without zeros before them".to_owned();
    }
    "write it as the records do: 445/tcp, 53/udp, Ping (ICMP), ICMP type 13, GRE (47), protocol 200"
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_types_are_those_of_the_records() {
        for name in [
            "445/tcp",
            "0/udp",
            "65535/sctp",
            "Ping (ICMP)",
            "Ping (ICMPv6)",
            "ICMP type 13",
            "fragment/udp",
            "fragment/47",
            "GRE (47)",
            "protocol 200",
        ] {
            assert!(exists(name), "{name}");
        }
        for (name, said) in [
            ("445", "write 445/tcp or 445/udp"),
            ("99999/tcp", "0 to 65535"),
            ("0445/tcp", "0 to 65535"),
            ("445/TCP", "write 445/tcp"),
            ("http", "as the records do"),
            ("445/http", "as the records do"),
            ("", "as the records do"),
            ("ICMP type 8", "as the records do"),
        ] {
            assert!(!exists(name), "{name}");
            assert!(advice(name).contains(said), "{name}: {}", advice(name));
        }
    }
}
