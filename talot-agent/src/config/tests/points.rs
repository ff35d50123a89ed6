use super::{only_mistake, parse, point};
use crate::config::Verdict;

#[test]
fn prefixes_print_as_they_are_written() {
    for text in [
        "203.0.113.5",
        "2001:db8:1::/64",
        "192.0.2.0/24",
        "::1",
        "0.0.0.0/0",
    ] {
        let config = parse(&point(&format!("addresses = ['{text}']"))).unwrap();
        assert_eq!(
            config.points[0].addresses.as_ref().unwrap()[0].to_string(),
            text
        );
    }
}

#[test]
fn a_live_point_cannot_drop() {
    for keys in ["verdict = 'drop'", "verdict = 'drop'\nmode = 'live'"] {
        let mistake = "4: point.verdict: a live point cannot drop; allowed: ";
        only_mistake(&point(keys), mistake, "\"pass\", or mode = \"dark\"");
    }
    let modes = "4: point.mode: \"alive\" is none of the choices; allowed: \"live\", \"dark\"";
    only_mistake(&point("mode = 'alive'\nverdict = 'pass'"), modes, "");
    assert!(parse(&point("verdict = 'pass'")).is_ok());
    let dark = parse(&point("verdict = 'drop'\nmode = 'dark'")).unwrap();
    assert_eq!(dark.points[0].verdict, Verdict::Drop);
}

#[test]
fn a_points_keys_are_checked() {
    for name in [
        "''", "'-a'", "'a_b'", "'A'", "'ä'", "'a/b'", "'a b'", "'..'",
    ] {
        let text = format!("[[point]]\ninterface = 'eth0'\nname = {name}");
        only_mistake(&text, "3: point.name: ", "");
    }
    for name in [
        "''",
        "'.'",
        "'..'",
        "'a/b'",
        "'a b'",
        "\"a\\t\"",
        "'a:1'",
        "'sixteen-bytes-ab'",
    ] {
        let text = format!("[[point]]\nname = 'p'\ninterface = {name}");
        only_mistake(&text, "3: point.interface: ", "");
    }
    only_mistake(
        "\n[[point]]\ninterface = 'eth0'",
        "2: point.name: missing, and has no default",
        "",
    );
    only_mistake(
        &point("xdp = 'skb'"),
        "4: point.xdp: \"skb\" is none of the choices; ",
        "allowed: \"auto\", \"native\", \"generic\"",
    );
    only_mistake(
        &point("addresses = []"),
        "4: point.addresses: an empty array; ",
        "",
    );
    for (address, end) in [
        (
            "203.0.113.5/24",
            "allowed: \"203.0.113.0/24\" for the network, \"203.0.113.5\" for the host",
        ),
        (
            "2001:db8::1/64",
            "allowed: \"2001:db8::/64\" for the network, \"2001:db8::1\" for the host",
        ),
        (
            "1.2.3.4/0",
            "allowed: \"0.0.0.0/0\" for the network, \"1.2.3.4\" for the host",
        ),
        ("203.0.113.0/33", "allowed: 203.0.113.0/0 to 203.0.113.0/32"),
        ("2001:db8::/129", "allowed: 2001:db8::/0 to 2001:db8::/128"),
        ("203.0.113.0/", ""),
        ("203.0.113.0/+24", ""),
        ("203.0.113.0/24/8", ""),
        ("203.0.113", ""),
        ("fe80::1%eth0", ""),
        ("example.org", ""),
        ("", ""),
    ] {
        only_mistake(
            &point(&format!("addresses = ['{address}']")),
            "4: point.addresses: ",
            end,
        );
    }
}

#[test]
fn points_have_names_of_their_own() {
    let text = "[[point]]\nname = 'a'\ninterface = 'e0'\n[[point]]\nname = 'a'\ninterface = 'e1'\n";
    only_mistake(
        text,
        "5: point.name: \"a\" is the name of another point (line 2); ",
        "",
    );
}

#[test]
fn there_are_at_most_16_points() {
    let points = |count| -> String {
        let one = |n| format!("[[point]]\nname = 'p{n}'\ninterface = 'eth{n}'\n");
        (0..count).map(one).collect()
    };
    assert_eq!(parse(&points(16)).unwrap().points.len(), 16);
    only_mistake(
        &points(18),
        "49: point: too many points; allowed: at most 16",
        "",
    );
}

#[test]
fn points_that_share_an_interface_agree() {
    let two = |first: &str, second: &str| {
        format!(
            "[[point]]\nname = 'a'\ninterface = 'e0'\n{first}\n\
             [[point]]\nname = 'b'\ninterface = 'e0'\n{second}\n"
        )
    };
    assert!(
        parse(&two(
            "addresses = ['10.0.0.0/8']",
            "addresses = ['10.1.0.0/16']"
        ))
        .is_ok()
    );
    only_mistake(
        &two("addresses = ['10.0.0.1']", ""),
        "5: point.addresses: missing, though interface \"e0\" has several points; ",
        "",
    );
    only_mistake(
        &two("", "addresses = ['10.0.0.1']"),
        "1: point.addresses: missing, though interface \"e0\" has several points; ",
        "",
    );
    only_mistake(
        &two(
            "addresses = ['10.0.0.1']",
            "addresses = ['10.0.0.2',\n'10.0.0.1/32']",
        ),
        "9: point.addresses: 10.0.0.1 is given on \"e0\" already (line 4); ",
        "",
    );
    only_mistake(
        &two(
            "addresses = ['10.0.0.1', '10.0.0.1']",
            "addresses = ['::1']",
        ),
        "4: point.addresses: 10.0.0.1 is given on \"e0\" already (line 4); ",
        "",
    );
    only_mistake(
        &two(
            "addresses = ['10.0.0.1']",
            "xdp = 'native'\naddresses = ['10.0.0.2']",
        ),
        "8: point.xdp: \"native\" on interface \"e0\", whose first point has \"auto\" (line 1); ",
        "",
    );
    only_mistake(
        &two(
            "addresses = ['10.0.0.1']\nxdp = 'skb'",
            "xdp = 'native'\naddresses = ['10.0.0.2']",
        ),
        "5: point.xdp: \"skb\" is none of the choices; ",
        "",
    );
    let elsewhere = two(
        "addresses = ['10.0.0.1']",
        "addresses = ['10.0.0.1']\nxdp = 'native'",
    );
    assert!(parse(&elsewhere.replacen("'e0'", "'e1'", 1)).is_ok());
}

#[test]
fn there_are_at_most_64_prefixes_of_a_family() {
    let list = |addresses: Vec<String>| format!("addresses = ['{}']", addresses.join("',\n'"));
    let v4 = |count| (0..count).map(|n| format!("10.0.0.{n}"));
    let v6 = |count| (0..count).map(|n| format!("2001:db8::{n:x}"));
    assert!(parse(&point(&list(v4(64).chain(v6(64)).collect()))).is_ok());
    only_mistake(
        &point(&list(v4(66).collect())),
        "68: point.addresses: too many IPv4 addresses and networks; ",
        "allowed: at most 64 of one family, all points together",
    );
    let second = list(v6(1).collect());
    let text = point(&list(v6(64).collect()));
    only_mistake(
        &format!("{text}[[point]]\nname = 'q'\ninterface = 'e1'\n{second}"),
        "71: point.addresses: too many IPv6 addresses and networks; ",
        "",
    );
}
