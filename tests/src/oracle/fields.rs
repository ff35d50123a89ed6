//! What tshark reads of each packet.

use std::{net::IpAddr, process::Command};

use crate::{
    capture::Captured,
    shell::{run, text},
};

const FIELDS: [&str; 46] = [
    "frame.len",
    "frame.protocols",
    "eth.src",
    "eth.type",
    "ip.version",
    "ip.hdr_len",
    "ip.len",
    "ip.proto",
    "ip.src",
    "ip.dst",
    "ip.id",
    "ip.flags.mf",
    "ip.frag_offset",
    "ipv6.plen",
    "ipv6.nxt",
    "ipv6.hlim",
    "ipv6.src",
    "ipv6.dst",
    "ipv6.hopopts.nxt",
    "ipv6.hopopts.len",
    "ipv6.dstopts.nxt",
    "ipv6.dstopts.len",
    "ipv6.routing.nxt",
    "ipv6.routing.len",
    "ipv6.fraghdr.nxt",
    "ipv6.fraghdr.offset",
    "ipv6.fraghdr.more",
    "ipv6.fraghdr.ident",
    "ah.next_header",
    "ah.length",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.flags",
    "tcp.hdr_len",
    "udp.srcport",
    "udp.dstport",
    "udp.length",
    "udp.payload",
    "sctp.srcport",
    "sctp.dstport",
    "dccp.srcport",
    "dccp.dstport",
    "icmp.type",
    "icmp.ident",
    "icmpv6.type",
    "icmpv6.echo.identifier",
];

pub(super) fn tshark(captured: &Captured) -> String {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(captured.path()).arg("-n");
    for off in [
        "ip.defragment",
        "ipv6.defragment",
        "sctp.reassembly",
        "tcp.desegment_tcp_streams",
        "tcp.analyze_sequence_numbers",
    ] {
        command.args(["-o", &format!("{off}:FALSE")]);
    }
    command.args(["-T", "fields", "-E", "separator=/t", "-E", "occurrence=a"]);
    command.args(["-E", "aggregator=;"]);
    for field in FIELDS {
        command.args(["-e", field]);
    }
    text(&run(&mut command).stdout)
}

/// One packet's fields.
pub(super) struct Line<'a>(Vec<&'a str>);

impl<'a> Line<'a> {
    pub(super) fn new(line: &'a str) -> Self {
        let fields: Vec<&str> = line.split('\t').collect();
        assert_eq!(fields.len(), FIELDS.len(), "tshark wrote {line:?}");
        Self(fields)
    }

    /// The `n`th occurrence: 0 is the packet's own, 1 that of a packet quoted in it.
    pub(super) fn nth(&self, name: &str, n: usize) -> Option<&'a str> {
        let at = FIELDS.iter().position(|field| *field == name);
        let field = self.0[at.unwrap_or_else(|| panic!("{name} is not asked for"))];
        field.split(';').nth(n).filter(|value| !value.is_empty())
    }

    pub(super) fn first(&self, name: &str) -> Option<&'a str> {
        self.nth(name, 0)
    }

    pub(super) fn number_at(&self, name: &str, n: usize) -> Option<u32> {
        let value = self.nth(name, n)?;
        let number = match value.strip_prefix("0x") {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None if value == "True" => Some(1),
            None if value == "False" => Some(0),
            None => value.parse().ok(),
        };
        Some(number.unwrap_or_else(|| panic!("{name} is {value:?}")))
    }

    pub(super) fn number(&self, name: &str) -> Option<u32> {
        self.number_at(name, 0)
    }

    pub(super) fn port(&self, name: &str) -> Option<u16> {
        self.number(name).map(|number| number as u16)
    }

    pub(super) fn address(&self, name: &str, n: usize) -> Option<IpAddr> {
        self.nth(name, n).map(|value| {
            value
                .parse()
                .unwrap_or_else(|_| panic!("{name} is {value:?}"))
        })
    }
}
