//! Packets as text, each with what the contract makes of it: `tests/fixtures/*.txt`.
//!
//! ```text
//! # A comment, to the end of the line.
//! mode dark                                  or live
//! addresses 198.51.100.0/24 2001:db8:51::/64
//! exclude source 192.0.2.0/24 destination 198.51.100.1/32 protocol 6 port 22
//!                                            a rule, of one of these conditions or several
//!
//! case What is special about it
//! sends                                      the watched host sends a frame
//!   0200 0000 0002 …                         bytes; 00*12 is twelve of them
//! arrives                                    a frame arrives
//!   0200 0000 0001 …
//! is access 6 23 198.18.0.1 23/tcp           class, protocol, port or -, source, port type
//! arrives
//!   0200 0000 0001 …
//! is solicited                               any other disposition
//! ```
//!
//! Every case has sources of its own, apart from those that are about the source, so that cases may
//! follow one another at one point.

use std::{fs, net::IpAddr, path::Path};

use crate::rows::{DISPOSITIONS, Key};

/// A file of cases, all at one point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixtures {
    /// Name of the file, without its extension.
    pub name: String,
    /// Whether the point's host holds conversations.
    pub live: bool,
    /// What the point watches, as prefixes.
    pub addresses: Vec<String>,
    /// What is not to be counted.
    pub rules: Vec<Rule>,
    /// The cases, one after the other.
    pub cases: Vec<Case>,
}

/// An exclude rule: what a packet has to be for it, as far as it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// From this prefix.
    pub source: Option<String>,
    /// To this prefix.
    pub destination: Option<String>,
    /// Of this IP protocol.
    pub protocol: Option<u8>,
    /// To this port.
    pub port: Option<u16>,
}

/// A described case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// What is special about it.
    pub name: String,
    /// What happens, in this order.
    pub steps: Vec<Step>,
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The watched host sends a frame.
    Sends(Vec<u8>),
    /// A frame arrives, and this becomes of it.
    Arrives(Vec<u8>, Fate),
}

/// What becomes of a frame that arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    /// One of [`DISPOSITIONS`].
    pub disposition: String,
    /// What an unsolicited packet is counted by.
    pub key: Option<Key>,
}

/// All fixtures, in the order of their names.
///
/// # Panics
/// When a file cannot be read, or makes no sense: with its line.
pub fn all() -> Vec<Fixtures> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let entries = fs::read_dir(&folder).expect("the folder of the fixtures");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let name = path.file_stem().and_then(|name| name.to_str());
        let text = fs::read_to_string(path).expect("a file of fixtures");
        parse(name.expect("a name in UTF-8"), &text)
    };
    paths.iter().map(read).collect()
}

/// Reads the text of a file.
///
/// # Panics
/// When it makes no sense: with the line.
pub fn parse(name: &str, text: &str) -> Fixtures {
    let mut fixtures = Fixtures {
        name: name.to_owned(),
        live: false,
        addresses: Vec::new(),
        rules: Vec::new(),
        cases: Vec::new(),
    };
    // A frame that is being read, and whether the host sends it.
    let mut frame: Option<(bool, Vec<u8>)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let here = || format!("{name}.txt:{number}: {line}");
        let line = line.split('#').next().unwrap_or("").trim_end();
        if let Some(hex) = line.strip_prefix("  ") {
            let (_, bytes) = frame.as_mut().unwrap_or_else(|| panic!("{}", here()));
            bytes.extend(unhex(hex).unwrap_or_else(|| panic!("{}", here())));
            continue;
        }
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let steps = fixtures.cases.last_mut().map(|case| &mut case.steps);
        match (word, frame.take(), steps) {
            ("is", Some((false, bytes)), Some(steps)) => {
                let fate = fate(rest).unwrap_or_else(|| panic!("{}", here()));
                steps.push(Step::Arrives(bytes, fate));
                continue;
            }
            (_, None, _) => {}
            (_, Some((true, bytes)), Some(steps)) => steps.push(Step::Sends(bytes)),
            _ => panic!("{}: what becomes of the frame before?", here()),
        }
        match word {
            "" => {}
            "mode" => fixtures.live = rest == "live",
            "addresses" => fixtures.addresses = rest.split(' ').map(str::to_owned).collect(),
            "exclude" => {
                let rule = rule(rest).unwrap_or_else(|| panic!("{}", here()));
                fixtures.rules.push(rule);
            }
            "case" => fixtures.cases.push(Case {
                name: rest.to_owned(),
                steps: Vec::new(),
            }),
            "sends" | "arrives" => frame = Some((word == "sends", Vec::new())),
            _ => panic!("{}", here()),
        }
    }
    assert!(frame.is_none(), "{name}.txt ends within a frame");
    fixtures
}

fn rule(text: &str) -> Option<Rule> {
    let mut rule = Rule::default();
    let words: Vec<&str> = text.split(' ').collect();
    for pair in words.chunks(2) {
        match *pair {
            ["source", prefix] => rule.source = Some(prefix.to_owned()),
            ["destination", prefix] => rule.destination = Some(prefix.to_owned()),
            ["protocol", number] => rule.protocol = Some(number.parse().ok()?),
            ["port", number] => rule.port = Some(number.parse().ok()?),
            _ => return None,
        }
    }
    Some(rule)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for word in text.split_whitespace() {
        let (digits, count) = word.split_once('*').unwrap_or((word, "1"));
        let byte = |at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        let of_word: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(byte).collect();
        bytes.extend(of_word?.repeat(count.parse().ok()?));
    }
    Some(bytes)
}

fn fate(text: &str) -> Option<Fate> {
    let words: Vec<&str> = text.splitn(5, ' ').collect();
    let key = match words[..] {
        [_] => None,
        [class, protocol, port, source, port_type] => Some(Key {
            class: class.to_owned(),
            protocol: protocol.parse().ok()?,
            port: match port {
                "-" => None,
                port => Some(port.parse().ok()?),
            },
            port_type: port_type.to_owned(),
            source: source.parse::<IpAddr>().ok()?,
        }),
        _ => return None,
    };
    let disposition = words[0];
    let is_counted = DISPOSITIONS[6..].contains(&disposition);
    (DISPOSITIONS.contains(&disposition) && is_counted == key.is_some()).then(|| Fate {
        disposition: disposition.to_owned(),
        key,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# about
mode live
addresses 192.0.2.1/32 2001:db8::/64
exclude source 192.0.2.0/24 port 22
exclude protocol 6

case One # and why
sends
  0102 03*3  # bytes
arrives
is non_ip
arrives
  ff
is access 47 - 203.0.113.1 GRE (47)
";

    #[test]
    fn reads_what_the_format_allows() {
        let fixtures = parse("name", TEXT);
        assert!(fixtures.live);
        assert_eq!(fixtures.addresses, ["192.0.2.1/32", "2001:db8::/64"]);
        let rules = [
            Rule {
                source: Some("192.0.2.0/24".to_owned()),
                port: Some(22),
                ..Rule::default()
            },
            Rule {
                protocol: Some(6),
                ..Rule::default()
            },
        ];
        assert_eq!(fixtures.rules, rules);
        let [case] = &fixtures.cases[..] else {
            panic!("{fixtures:?}");
        };
        let [
            Step::Sends(sent),
            Step::Arrives(empty, non_ip),
            Step::Arrives(_, gre),
        ] = &case.steps[..]
        else {
            panic!("{case:?}");
        };
        assert_eq!(
            (case.name.as_str(), &sent[..]),
            ("One", &[1, 2, 3, 3, 3][..])
        );
        assert!(empty.is_empty() && non_ip.key.is_none());
        let source = "203.0.113.1".parse().unwrap();
        assert_eq!(gre.key, Some(Key::new("access", 47, None, false, source)));
    }

    #[test]
    fn refuses_what_makes_no_sense() {
        for (from, to) in [
            ("non_ip", "nonip"),
            ("is non_ip\n", ""),
            ("ff\n", "f\n"),
            ("ff\n", "fg\n"),
            ("- 203", "203"),
            ("access 47 - 203.0.113.1 GRE (47)", "access"),
            ("non_ip", "non_ip 1 - 203.0.113.1 x"),
            ("case", "cases"),
            ("port 22", "port"),
            ("port 22", "ports 22"),
            ("protocol 6", "protocol tcp"),
            ("exclude protocol 6", "exclude"),
        ] {
            let broken = TEXT.replacen(from, to, 1);
            let result = std::panic::catch_unwind(|| parse("name", &broken));
            assert!(result.is_err(), "{to:?} for {from:?}");
        }
    }

    #[test]
    fn there_are_enough_and_each_is_described_once() {
        let all = all();
        let cases: usize = all.iter().map(|fixtures| fixtures.cases.len()).sum();
        assert!(cases >= 300, "{cases}");
        for fixtures in &all {
            let mut names: Vec<_> = fixtures.cases.iter().map(|case| &case.name).collect();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), fixtures.cases.len(), "{}", fixtures.name);
            assert!(fixtures.cases.iter().all(|case| !case.steps.is_empty()));
        }
    }
}
