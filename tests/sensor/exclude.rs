//! Exclude rules: each packet against the first rule that matches it, worked out here by trying
//! them one after the other.

use std::collections::BTreeMap;

use talot_tests::{
    agent::{Agent, Home, ask},
    identity,
    lab::{INTERFACE, Lab},
    packet::{Ends, flag, frame, tcp, udp},
    send::Sender,
};

use crate::common::OFTEN;

/// A rule as this test knows it: textual prefixes of the source, and of the destination; protocol;
/// port.
struct Rule {
    source: Option<(String, String)>,
    destination: Option<String>,
    protocol: Option<&'static str>,
    port: Option<u16>,
}

impl Rule {
    fn text(&self, number: usize) -> String {
        let mut text = format!("[[exclude]]\nreason = \"r{number}\"\n");
        if let Some((network, _)) = &self.source {
            text += &format!("source = \"{network}\"\n");
        }
        if let Some(destination) = &self.destination {
            text += &format!("destination = \"{destination}\"\n");
        }
        if let Some(protocol) = self.protocol {
            text += &format!("protocol = \"{protocol}\"\n");
        }
        if let Some(port) = self.port {
            text += &format!("port = {port}\n");
        }
        text
    }

    fn matches(&self, from: &str, to: &str, protocol: &str, port: u16) -> bool {
        self.source
            .as_ref()
            .is_none_or(|(_, start)| from.starts_with(start.as_str()))
            && self.destination.as_ref().is_none_or(|own| own == to)
            && self.protocol.is_none_or(|own| own == protocol)
            && self.port.is_none_or(|own| own == port)
    }
}

/// 300 rules: narrow ones first, wide ones last, so that the order matters.
fn rules() -> Vec<Rule> {
    let any = || Rule {
        source: None,
        destination: None,
        protocol: None,
        port: None,
    };
    let mut rules = Vec::new();
    // Three and two digits each, so that no address is the beginning of another.
    for host in 100..240 {
        rules.push(Rule {
            source: Some((format!("203.0.113.{host}/32"), format!("203.0.113.{host}"))),
            port: Some(1000 + host),
            protocol: Some("tcp"),
            ..any()
        });
    }
    for host in 0x10..0xac {
        rules.push(Rule {
            source: Some((
                format!("2001:db8:{host:x}00::/40"),
                format!("2001:db8:{host:x}"),
            )),
            destination: Some("2001:db8:51::1".to_owned()),
            port: Some(53),
            ..any()
        });
    }
    rules.push(Rule {
        destination: Some("198.51.100.7".to_owned()),
        ..any()
    });
    rules.push(Rule {
        protocol: Some("udp"),
        port: Some(123),
        ..any()
    });
    rules.push(Rule {
        source: Some(("203.0.113.0/24".to_owned(), "203.0.113.".to_owned())),
        port: Some(22),
        ..any()
    });
    rules.push(Rule {
        port: Some(443),
        ..any()
    });
    rules
}

#[test]
fn the_first_of_hundreds_of_rules_counts_the_packet() {
    let lab = Lab::quiet();
    let rules = rules();
    let texts = rules
        .iter()
        .enumerate()
        .map(|(number, rule)| rule.text(number));
    let point = format!(
        "[[point]]\nname = \"p\"\ninterface = \"{INTERFACE}\"\nmode = \"dark\"\n\
         addresses = [\"198.51.100.0/24\", \"2001:db8:51::/64\"]\n"
    );
    let home = Home::new(&(point + &texts.collect::<String>() + OFTEN));
    let mut agent = Agent::start(&lab.sensor, &home);

    let v4 = [
        "203.0.113.100",
        "203.0.113.101",
        "203.0.113.139",
        "203.0.113.200",
        "192.0.2.1",
    ];
    let v6 = ["2001:db8:9b01::1", "2001:db8:bb01::1"];
    let (mut frames, mut by_rule, mut counted) = (Vec::new(), BTreeMap::<usize, i64>::new(), 0);
    let mut times = 0;
    for (from, to) in v4
        .iter()
        .flat_map(|from| ["198.51.100.7", "198.51.100.8"].map(|to| (*from, to)))
        .chain(
            v6.iter()
                .flat_map(|from| ["2001:db8:51::1", "2001:db8:51::2"].map(|to| (*from, to))),
        )
    {
        for port in [22, 53, 123, 443, 1100, 1101, 1139, 8080] {
            for protocol in ["tcp", "udp"] {
                times = times % 7 + 1;
                let ends = Ends::new(from, to);
                let packet = match protocol {
                    "tcp" => tcp(ends, 40_000, port, flag::SYN),
                    _ => udp(ends, 40_000, port, &[]),
                };
                frames.push((frame(&packet), times));
                match rules
                    .iter()
                    .position(|rule| rule.matches(from, to, protocol, port))
                {
                    Some(rule) => *by_rule.entry(rule).or_default() += i64::from(times),
                    None => counted += i64::from(times),
                }
            }
        }
    }
    let excluded: i64 = by_rule.values().sum();
    assert!(
        by_rule.len() > 6 && counted > 0,
        "the packets try the rules"
    );
    Sender::open(&lab).send_counted(&frames);
    agent.wait_until("all packets are seen", |metrics| {
        metrics.sum("talot_seen_packets_total", &[]) == Some(excluded + counted)
    });
    let metrics = agent.metrics();
    // The first rules have a series each, the rest one together.
    const OWN: usize = 15;
    let shown = |label: &str| metrics.sum("talot_excluded_packets_total", &[("rule", label)]);
    for number in 0..OWN {
        let label = format!("{} r{number}", number + 1);
        let packets = by_rule.get(&number).copied().unwrap_or_default();
        assert_eq!(shown(&label), Some(packets), "rule {label}");
    }
    let others = by_rule.iter().filter(|(number, _)| **number >= OWN);
    assert_eq!(
        shown("other"),
        Some(others.map(|(_, packets)| packets).sum())
    );
    let status = String::from_utf8(ask(&lab.sensor, &home, &["status"]).stdout).unwrap();
    for (number, packets) in &by_rule {
        let line = format!("excluded by rule {} r{number}: {packets} ", number + 1);
        assert!(status.contains(&line), "{line:?} is not in {status}");
    }
    agent.stop();
    let (sources, coverage) = (home.sources(), home.coverage());
    identity::check(&sources, &home.ports(), &coverage);
    let sum: i64 = sources.iter().map(|source| source.packets).sum();
    assert_eq!(sum, counted);
}
