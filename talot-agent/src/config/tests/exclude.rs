use super::{Exclude, mistakes, only_mistake, parse, point, prefix};

#[test]
fn a_rule_has_the_conditions_that_are_given() {
    let text = point("")
        + "
[[exclude]]
point = 'p'
source = '192.0.2.0/24'
destination = '203.0.113.5'
protocol = 'tcp'
port = 22
reason = 'management'
[[exclude]]
protocol = 'ICMPv6'
[[exclude]]
protocol = 47
[[exclude]]
protocol = 'ospfigp'
";
    let rules = parse(&text).unwrap().excludes;
    assert_eq!(rules[0].source, Some(prefix("192.0.2.0", 24)));
    assert_eq!(rules[0].destination, Some(prefix("203.0.113.5", 32)));
    assert_eq!((rules[0].protocol, rules[0].port), (Some(6), Some(22)));
    assert_eq!(rules[0].label(0), "1 management");
    let by_protocol = |protocol| Exclude {
        protocol: Some(protocol),
        ..Exclude::default()
    };
    assert_eq!(rules[1..], [58, 47, 89].map(by_protocol));
    assert_eq!(rules[1].label(1), "2");
}

#[test]
fn mistakes_in_rules_are_named() {
    let text = "\
[[exclude]]
port = 65536
source = '192.0.2.1/24'
protocol = 'tpc'
proto = 'tcp'
[[exclude]]
reason = 'everything'
[[exclude]]
source = '192.0.2.0/24'
destination = '2001:db8::1'
[[exclude]]
point = 'nowhere'
";
    let starts = [
        "2: exclude.port: 65536 is out of range; allowed: an integer from 0 to 65535",
        "3: exclude.source: \"192.0.2.1/24\" has bits set",
        "4: exclude.protocol: \"tpc\" is not a protocol; allowed: \"tcp\"",
        "5: exclude.proto: unknown key; allowed: point, source, destination, protocol, port, reason",
        "6: exclude: a rule without a condition excludes everything; allowed: point, source",
        "10: exclude.destination: is of another family than source",
        "12: exclude.point: there is no point \"nowhere\"; allowed: the name of a point",
    ];
    let found = mistakes(text);
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (found, start) in found.iter().zip(starts) {
        assert!(found.starts_with(start), "{found:?} is not {start:?}");
    }
}

#[test]
fn there_is_a_bound_on_rules() {
    let rules = |number| "[[exclude]]\nport = 1\n".repeat(number);
    assert_eq!(parse(&rules(512)).unwrap().excludes.len(), 512);
    only_mistake(&rules(513), "1025: exclude: too many rules", "at most 512");
}
