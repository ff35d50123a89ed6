use talot_common::port_type::{Aim, Kind};

use super::{only_mistake, parse};

#[test]
fn a_wrong_type_names_the_right_one() {
    for (text, mistake) in [
        (
            "timezone = 9",
            "timezone: an integer where a string belongs; ",
        ),
        (
            "data_dir = ['x']",
            "data_dir: an array where a string belongs; ",
        ),
        (
            "point = 'x'",
            "point: a string where an array of tables belongs; ",
        ),
        (
            "[point]",
            "point: a table where an array of tables belongs; allowed: [[point]]",
        ),
        (
            "point = [1]",
            "point: an integer where a table belongs; allowed: [[point]]",
        ),
        (
            "[[kernel]]",
            "kernel: an array where a table belongs; allowed: [kernel]",
        ),
        ("drain = 1.5", "drain: a float where a table belongs; "),
        (
            "kernel.keys = 1.0",
            "kernel.keys: a float where an integer belongs; ",
        ),
        (
            "kernel.keys6 = '1'",
            "kernel.keys6: a string where an integer belongs; ",
        ),
        (
            "kernel.pin_dir = true",
            "kernel.pin_dir: a boolean where a string belongs; ",
        ),
        (
            "drain.interval = 10",
            "drain.interval: an integer where a string belongs; ",
        ),
        (
            "drain.day_memory = 1979-05-27",
            "drain.day_memory: a datetime where a string belongs; ",
        ),
        (
            "metrics.ports = '22/tcp'",
            "metrics.ports: a string where an array belongs; ",
        ),
        (
            "metrics.listen = 9464",
            "metrics.listen: an integer where a string belongs; ",
        ),
        (
            "records.keep_days = '400d'",
            "records.keep_days: a string where an integer belongs; ",
        ),
        (
            "geo.country = {}",
            "geo.country: a table where a string belongs; ",
        ),
        (
            "privacy.sources = false",
            "privacy.sources: a boolean where a string belongs; ",
        ),
    ] {
        only_mistake(text, &format!("1: {mistake}"), "");
    }
}

#[test]
fn wrong_values_are_named_with_the_allowed_ones() {
    let durations = "written as \"500ms\", \"10s\", \"5m\", \"2h\" or \"1d\"";
    let sizes = "allowed: a size written as \"64KiB\", \"512MiB\" or \"1GiB\", or an integer of \
                 bytes; at least 1";
    for (text, start, end) in [
        (
            "timezone = 'Asia/Tokio'",
            "timezone: \"Asia/Tokio\" is neither a time zone nor a file; allowed: an IANA name",
            "",
        ),
        ("timezone = ''", "timezone: ", ""),
        ("timezone = 'Etc/Unknown'", "timezone: ", ""),
        ("timezone = '/etc'", "timezone: ", ""),
        (
            "timezone = '/etc/passwd'",
            "timezone: \"/etc/passwd\" is not a TZif file: ",
            "",
        ),
        ("data_dir = ''", "data_dir: \"\" is not a path; ", ""),
        (
            "data_dir = \"a\\u0000\"",
            "data_dir: \"a\\0\" is not a path; ",
            "",
        ),
        (
            "kernel.keys = 0",
            "kernel.keys: 0 is out of range; allowed: an integer from 1 to 67108864",
            "",
        ),
        (
            "kernel.keys = 67108865",
            "kernel.keys: 67108865 is out of range; ",
            "",
        ),
        (
            "kernel.keys6 = -1",
            "kernel.keys6: -1 is out of range; ",
            "",
        ),
        (
            "kernel.keys = 99999999999999999999999999999999999999999",
            "kernel.keys: 9",
            "",
        ),
        (
            "kernel.pin_dir = 'bpf'",
            "kernel.pin_dir: \"bpf\" is not an absolute path; ",
            "",
        ),
        (
            "drain.interval = '10'",
            "drain.interval: \"10\" is not a duration; ",
            durations,
        ),
        (
            "drain.interval = '0ms'",
            "drain.interval: \"0ms\" is out of range; ",
            durations,
        ),
        (
            "drain.interval = '61m'",
            "drain.interval: \"61m\" is out of range; allowed: a duration from 1ms to 1h, ",
            durations,
        ),
        (
            "solicited.tcp = '0s'",
            "solicited.tcp: \"0s\" is out of range; ",
            durations,
        ),
        (
            "solicited.tcp = '366d'",
            "solicited.tcp: \"366d\" is out of range; ",
            durations,
        ),
        (
            "solicited.tcp = '-1s'",
            "solicited.tcp: \"-1s\" is not a duration; ",
            durations,
        ),
        (
            "solicited.tcp = '1.5h'",
            "solicited.tcp: \"1.5h\" is not a duration; ",
            durations,
        ),
        (
            "solicited.tcp = 's'",
            "solicited.tcp: \"s\" is not a duration; ",
            durations,
        ),
        (
            "solicited.tcp = '5 m'",
            "solicited.tcp: \"5 m\" is not a duration; ",
            durations,
        ),
        (
            "solicited.udp = '18446744073709551615d'",
            "solicited.udp: \"18446744073709551615d\" is out of range; ",
            durations,
        ),
        (
            "solicited.udp = '99999999999999999999s'",
            "solicited.udp: \"99999999999999999999s\" is out of range; ",
            durations,
        ),
        (
            "drain.day_memory = '1GB'",
            "drain.day_memory: \"1GB\" is not a size; ",
            sizes,
        ),
        (
            "drain.day_memory = '1024'",
            "drain.day_memory: \"1024\" is not a size; ",
            sizes,
        ),
        (
            "drain.day_memory = '0KiB'",
            "drain.day_memory: \"0KiB\" is out of range; ",
            sizes,
        ),
        (
            "drain.day_memory = 0",
            "drain.day_memory: 0 is out of range; ",
            sizes,
        ),
        (
            "drain.day_memory = '9999999999999GiB'",
            "drain.day_memory: \"9999999999999GiB\" is out of range; ",
            sizes,
        ),
        (
            "metrics.listen = 'localhost:9464'",
            "metrics.listen: \"localhost:9464\" is not an address and port; ",
            "\"127.0.0.1:9464\" or \"[::1]:9464\"",
        ),
        (
            "metrics.listen = '127.0.0.1'",
            "metrics.listen: \"127.0.0.1\" is not an address",
            "",
        ),
        (
            "metrics.listen = '127.0.0.1:65536'",
            "metrics.listen: \"127.0.0.1:65536\" is not",
            "",
        ),
        (
            "metrics.ports = ['65536/tcp']",
            "metrics.ports: \"65536/tcp\" is not a port type; ",
            "",
        ),
        (
            "metrics.ports = ['22/tcp', '22/tcp']",
            "metrics.ports: 22/tcp is given already; allowed: each once",
            "",
        ),
        (
            "records.keep_days = 0",
            "records.keep_days: 0 is out of range; ",
            "",
        ),
        (
            "privacy.sources = 'hash'",
            "privacy.sources: \"hash\" is none of the choices; allowed: \"plain\", ",
            "\"anonymise\", \"truncate\", \"none\"",
        ),
        (
            "privacy.v4 = 24",
            "privacy.v4: means nothing with sources = \"plain\"; ",
            "allowed: only with sources = \"truncate\"",
        ),
        (
            "privacy.key_file = 'k'",
            "privacy.key_file: means nothing with sources = \"plain\"; ",
            "allowed: only with sources = \"anonymise\"",
        ),
        ("privacy = {sources = 'x', v4 = 1}", "privacy.sources: ", ""),
        (
            "privacy = {v6 = 129}",
            "privacy.v6: 129 is out of range; ",
            "",
        ),
    ] {
        only_mistake(text, &format!("1: {start}"), end);
    }
}

#[test]
fn port_types_are_read_as_they_are_written() {
    let ports = [Kind::Tcp, Kind::Udp, Kind::Sctp, Kind::UdpLite, Kind::Dccp];
    let numbers = [0, 22, 65_535];
    let with_ports = ports
        .iter()
        .flat_map(|kind| numbers.map(|number| (*kind, number)));
    let others = [Kind::Icmp, Kind::Icmpv6, Kind::Portless, Kind::Fragment];
    let others = others
        .iter()
        .flat_map(|kind| (0..256).map(|number| (*kind, number)));
    for (kind, number) in with_ports.chain(others) {
        let aim = Aim { kind, number };
        let config = parse(&format!("metrics.ports = ['{aim}']")).unwrap();
        assert_eq!(config.metrics.ports, [aim], "{aim}");
    }
    for text in [
        "",
        "22",
        "/tcp",
        "22/",
        "22/TCP",
        "22/icmp",
        "-1/tcp",
        "+1/tcp",
        " 22/tcp",
        "65536/udp",
        "ICMP type",
        "ICMP type 256",
        "ICMP type -1",
        "ping (ICMP)",
        "fragment/",
        "fragment/256",
        "fragment/sctp",
        "protocol 256",
        "protocol",
        "GRE (48)",
        "GRE",
        "GRE (47",
        "gre (47)",
        "x (114)",
        " (114)",
        "Ping (ICMP) ",
        "99999999999999999999/tcp",
    ] {
        let start = format!("1: metrics.ports: {text:?} is not a port type; allowed: a port type");
        only_mistake(&format!("metrics.ports = ['{text}']"), &start, "");
    }
}
