//! Described packets of every kind, each with what the contract's section 2 says of it.

mod headers;
mod refused;
mod unsolicited;

use crate::{
    lab::{ATTACKER_V4, ATTACKER_V6},
    packet::{Ends, frame},
    rows::Key,
};

/// A described packet.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it is.
    pub name: String,
    /// Its frame.
    pub frame: Vec<u8>,
    /// What becomes of it at a dark point that watches the laboratory's dark prefixes.
    pub disposition: &'static str,
    /// What it is counted by, if it is unsolicited.
    pub key: Option<Key>,
}

/// IPv4 ends within the dark prefix.
pub fn dark_v4() -> Ends {
    Ends::new(ATTACKER_V4, "198.51.100.7")
}

/// IPv6 ends within the dark prefix.
pub fn dark_v6() -> Ends {
    Ends::new(ATTACKER_V6, "2001:db8:51::7")
}

/// All of them.
pub fn all() -> Vec<Case> {
    let mut cases = Cases::default();
    for ends in [dark_v4(), dark_v6()] {
        cases.tcp_flags(ends);
        cases.transports(ends);
        cases.cut_short(ends);
    }
    cases.icmp();
    cases.fragments();
    cases.headers();
    cases.link();
    cases.malformed();
    cases.elsewhere();
    cases.0
}

#[derive(Default)]
struct Cases(Vec<Case>);

impl Cases {
    fn add(&mut self, name: &str, frame: Vec<u8>, disposition: &'static str, key: Option<Key>) {
        self.0.push(Case {
            name: name.to_owned(),
            frame,
            disposition,
            key,
        });
    }

    /// A packet that is not unsolicited.
    fn other(&mut self, name: &str, packet: &[u8], disposition: &'static str) {
        self.add(name, frame(packet), disposition, None);
    }

    /// An unsolicited packet; its source stands in it.
    fn counted(
        &mut self,
        name: &str,
        packet: &[u8],
        class: &'static str,
        number: u8,
        port: Option<u16>,
    ) {
        let key = Key::new(class, number, port, false, source(packet));
        self.add(name, frame(packet), class, Some(key));
    }

    /// A fragment that does not show its port.
    fn fragment(&mut self, name: &str, packet: &[u8], number: u8) {
        let key = Key::new("access", number, None, true, source(packet));
        self.add(name, frame(packet), "access", Some(key));
    }
}

/// The source that stands in a packet.
fn source(packet: &[u8]) -> std::net::IpAddr {
    match packet[0] >> 4 {
        4 => <[u8; 4]>::try_from(&packet[12..16])
            .expect("4 bytes")
            .into(),
        _ => <[u8; 16]>::try_from(&packet[8..24])
            .expect("16 bytes")
            .into(),
    }
}
