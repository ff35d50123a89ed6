mod exclude;
mod files;
mod maintenance;
mod noise;
mod points;
mod values;

use std::{path::Path, time::Duration};

use jiff::{civil::date, tz::TimeZone};
use talot_common::port_type::{Aim, Kind};

use super::{
    Config, Drain, Exclude, GeoFiles, Idle, Kernel, Maintenance, Metrics, Mistakes, Mode,
    PointConfig, Prefix, Privacy, Records, Verdict, XdpChoice,
};

/// The form in full, as users are promised it.
const EXAMPLE: &str = include_str!("example.toml");

fn parse(text: &str) -> Result<Config, Mistakes> {
    Config::parse(Path::new("/etc/talot/talot.toml"), text)
}

/// Each mistake without the file's name.
fn mistakes(text: &str) -> Vec<String> {
    let Err(mistakes) = parse(text) else {
        return Vec::new();
    };
    let lines: Vec<String> = mistakes.to_string().lines().map(str::to_owned).collect();
    assert_eq!(
        lines.len(),
        mistakes.iter().len(),
        "one line each: {lines:?}"
    );
    lines
        .iter()
        .map(|line| {
            line.strip_prefix("/etc/talot/talot.toml:")
                .unwrap()
                .to_owned()
        })
        .collect()
}

/// `start` is how the only mistake begins, `end` how it ends.
#[track_caller]
fn only_mistake(text: &str, start: &str, end: &str) {
    let found = mistakes(text);
    let [mistake] = &found[..] else {
        panic!("{text:?}: not one mistake but {found:#?}");
    };
    let right = mistake.starts_with(start) && mistake.ends_with(end);
    assert!(right, "{text:?}: {mistake:?} is not {start:?} … {end:?}");
}

/// A point whose other keys are right; they begin in line 4.
fn point(keys: &str) -> String {
    format!("[[point]]\nname = \"p\"\ninterface = \"eth0\"\n{keys}\n")
}

fn prefix(address: &str, length: u8) -> Prefix {
    let address = address.parse().unwrap();
    Prefix { address, length }
}

#[test]
fn the_example_is_read() {
    let config = parse(EXAMPLE).unwrap();
    let tcp = |number| Aim {
        kind: Kind::Tcp,
        number,
    };
    let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
    let expected = Config {
        timezone: super::Zone {
            name: "Asia/Tokyo".into(),
            zone: tokyo,
        },
        data_dir: "/var/lib/talot".into(),
        excludes: vec![Exclude {
            point: Some("tokyo-1".into()),
            source: Some(prefix("192.0.2.0", 24)),
            destination: Some(prefix("203.0.113.5", 32)),
            protocol: Some(6),
            port: Some(22),
            reason: "management".into(),
        }],
        maintenance: vec![Maintenance {
            point: Some("tokyo-1".into()),
            from: date(2011, 7, 2).at(0, 0, 0, 0),
            to: date(2011, 7, 3).at(0, 0, 0, 0),
            start: "2011-07-01T15:00:00Z".parse().unwrap(),
            end: "2011-07-02T15:00:00Z".parse().unwrap(),
            note: "maintenance work".into(),
        }],
        points: vec![PointConfig {
            name: "tokyo-1".into(),
            interface: "eth0".into(),
            addresses: Some(vec![prefix("203.0.113.5", 32), prefix("2001:db8:1::", 64)]),
            mode: Mode::Live,
            xdp: XdpChoice::Auto,
            verdict: Verdict::Pass,
        }],
        solicited: Idle {
            tcp: Duration::from_secs(7_440),
            udp: Duration::from_secs(300),
            other: Duration::from_secs(60),
        },
        kernel: Kernel {
            keys: 1_048_576,
            keys6: 262_144,
            pin_dir: "/sys/fs/bpf/talot".into(),
        },
        drain: Drain {
            interval: Duration::from_secs(10),
            day_memory: 1_073_741_824,
        },
        records: Records { keep_days: 400 },
        metrics: Metrics {
            listen: "127.0.0.1:9464".parse().unwrap(),
            ports: vec![tcp(22), tcp(23), tcp(445)],
            sources_64: false,
        },
        geo: GeoFiles {
            country: Some("/etc/talot/country.mmdb".into()),
            asn: Some("/etc/talot/asn.mmdb".into()),
        },
        privacy: Privacy::Plain,
    };
    assert_eq!(config, expected);
}

#[test]
fn an_empty_file_is_the_default() {
    for text in [
        "",
        "\n",
        "# nothing\n",
        "\u{feff}",
        "point = []",
        "exclude = []\n[geo]\n",
    ] {
        assert_eq!(parse(text).unwrap(), Config::default(), "{text:?}");
    }
    let config = Config::default();
    assert_eq!(config.timezone.name, "UTC");
    assert!(config.points.is_empty());
}

#[test]
fn what_differs_from_the_defaults_is_read() {
    let config = parse(
        "data_dir = 'data'\nsolicited.tcp = '1d'\nsolicited.udp = '500ms'\nsolicited.other = '2h'\n\
         kernel = {keys = 0x10_0000, keys6 = 1}\n[drain]\ninterval = '1h'\nday_memory = '512MiB'\n\
         [metrics]\nlisten = '[::1]:80'\nports = []\n\
         [[point]]\nname = '0-a'\ninterface = 'eth0.100'\nmode = 'dark'\nxdp = 'native'\n\
         addresses = ['0.0.0.0/0', '::/0', '10.0.0.0/8', '2001:db8::1/128']\n\
         [[point]]\nname = 'b'\ninterface = 'wlan0'\nxdp = 'generic'\n",
    )
    .unwrap();
    assert_eq!(config.data_dir, Path::new("/etc/talot/data"));
    assert_eq!(config.solicited.tcp, Duration::from_secs(86_400));
    assert_eq!(config.solicited.udp, Duration::from_millis(500));
    assert_eq!(config.solicited.other, Duration::from_secs(7_200));
    assert_eq!((config.kernel.keys, config.kernel.keys6), (1_048_576, 1));
    assert_eq!(config.drain.interval, Duration::from_secs(3_600));
    assert_eq!(config.drain.day_memory, 536_870_912);
    assert_eq!(config.metrics.listen, "[::1]:80".parse().unwrap());
    assert_eq!(config.metrics.ports, []);
    let [a, b] = &config.points[..] else {
        panic!("{:?}", config.points);
    };
    let addresses = [
        ("0.0.0.0", 0),
        ("::", 0),
        ("10.0.0.0", 8),
        ("2001:db8::1", 128),
    ];
    let addresses = addresses.map(|(address, length)| prefix(address, length));
    assert_eq!(a.addresses.as_deref(), Some(&addresses[..]));
    assert_eq!((a.mode.name(), a.xdp.name()), ("dark", "native"));
    assert_eq!((b.mode.name(), b.xdp.name()), ("live", "generic"));
    assert_eq!(b.addresses, None);
    assert_eq!(parse("drain.day_memory = 7").unwrap().drain.day_memory, 7);
    assert_eq!(
        parse("drain.day_memory = '64KiB'")
            .unwrap()
            .drain
            .day_memory,
        65_536
    );
}

#[test]
fn the_form_of_the_sources_is_read_with_its_parameters() {
    let privacy = |text: &str| parse(&format!("[privacy]\n{text}")).unwrap().privacy;
    let key_file = "/etc/talot/key".into();
    assert_eq!(
        privacy("sources = 'anonymise'\nkey_file = 'key'"),
        Privacy::Anonymise { key_file }
    );
    assert_eq!(
        privacy("sources = 'truncate'"),
        Privacy::Truncate { v4: 24, v6: 48 }
    );
    assert_eq!(
        privacy("sources = 'truncate'\nv4 = 0\nv6 = 128"),
        Privacy::Truncate { v4: 0, v6: 128 }
    );
    assert_eq!(privacy("sources = 'none'"), Privacy::None);
    only_mistake(
        "[privacy]\nsources = 'anonymise'",
        "2: privacy.key_file: missing, and sources = \"anonymise\" needs it",
        "",
    );
}

#[test]
fn several_mistakes_are_all_named_in_line_order() {
    let text = "\
[kernel]
keys = 0
[[point]]
name = 'Tokyo'
interface = 'eth0'
addresses = [
  '192.0.2.1',
  '192.0.2.1/24',
  7,
]
colour = 'red'
[[point]]
name = 'b'
[drain]
interval = '10'
[metrics]
ports = ['22/tcp', 'ssh']
";
    let found = mistakes(text);
    let starts = [
        "2: kernel.keys: ",
        "4: point.name: ",
        "8: point.addresses: ",
        "9: point.addresses: ",
        "11: point.colour: ",
        "12: point.interface: ",
        "15: drain.interval: ",
        "17: metrics.ports: ",
    ];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (found, start) in found.iter().zip(starts) {
        assert!(found.starts_with(start), "{found:?} is not {start:?}");
    }
}

#[test]
fn unknown_keys_are_named_with_the_known_ones() {
    only_mistake(
        "timezone = 'UTC'\nzone = 1\n",
        "2: zone: unknown key; allowed: timezone, data_dir, point,",
        "metrics, geo, privacy",
    );
    only_mistake(
        "[drains]\n",
        "1: drains: unknown key; allowed: timezone,",
        "",
    );
    only_mistake(
        "\n[solicited]\nicmp = '1s'",
        "3: solicited.icmp: unknown key; allowed: tcp, udp, other",
        "",
    );
    only_mistake(
        &point("verdicts = 1"),
        "4: point.verdicts: unknown key; allowed: name, interface, addresses, mode, xdp, verdict",
        "",
    );
    only_mistake("\"a\\nb\" = 1", "1: a\\nb: unknown key", "");
}
