//! The literal bytes are Scapy's.

use super::*;

fn v4() -> Ends {
    Ends::new("192.0.2.2", "198.51.100.7")
}

fn v6() -> Ends {
    Ends::new("2001:db8:1::2", "2001:db8:51::7")
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: String = hex.split_whitespace().collect();
    (0..digits.len() / 2)
        .map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap())
        .collect()
}

#[test]
fn tcp_segments() {
    let over_v4 = "4500002812340000 40067c5fc0000202c6336407
        9c40001700000001000000005002040 0234d0000";
    assert_eq!(tcp(v4(), 40000, 23, flag::SYN), bytes(over_v4));
    let over_v6 = "6000000000140640 20010db8000100000000000000000002
        20010db8005100000000000000000007 9c400017000000010000000050020400b3bd0000";
    assert_eq!(tcp(v6(), 40000, 23, flag::SYN), bytes(over_v6));
    let mut segment = Tcp::new(40000, 23, flag::SYN);
    segment.options = vec![2, 4, 0x05, 0xb4];
    segment.payload = b"abc".to_vec();
    let with_options = "4500002f1234000040067c58c0000202c6336407
        9c400017000000010000000060020400472b0000 020405b4 616263";
    assert_eq!(segment.packet(v4()), bytes(with_options));
}

#[test]
fn udp_datagrams() {
    let over_v4 = "4500001f1234000040117c5dc0000202c6336407 9c400035000bb2c2616263";
    assert_eq!(udp(v4(), 40000, 53, b"abc"), bytes(over_v4));
    let over_v6 = "60000000000b1140 20010db8000100000000000000000002
        20010db8005100000000000000000007 9c400035000b4333616263";
    assert_eq!(udp(v6(), 40000, 53, b"abc"), bytes(over_v6));
}

#[test]
fn echo_messages() {
    let over_v4 = "450000261234000040017c66c0000202c6336407
        0800bb2400070009 74616c6f742074657374";
    assert_eq!(echo(v4(), 8, 7, 9), bytes(over_v4));
    let over_v6 = "6000000000123a40 20010db8000100000000000000000002
        20010db8005100000000000000000007 8000e70a00070009 74616c6f742074657374";
    assert_eq!(echo(v6(), 128, 7, 9), bytes(over_v6));
}

#[test]
fn other_transports() {
    let init = "450000341234000040847bd5c0000202c6336407 9c4013c40000000067f08f2e
        010000140000000900010000000a000a00000001";
    assert_eq!(sctp(v4(), 40000, 5060), bytes(init));
    let lite = "450000201234000040887be5c0000202c6336407 9c400035000095e96c697465";
    assert_eq!(udp_lite(v4(), 40000, 53), bytes(lite));
    let request = "450000281234000040217c44c0000202c6336407
        9c400050050070d101000000000000010000002a";
    assert_eq!(dccp(v4(), 40000, 80), bytes(request));
}

#[test]
fn ipv4_options_and_fragments() {
    let mut header = Ipv4::new(v4(), protocol::GRE);
    header.identification = 0x77;
    header.ttl = 9;
    header.fragment_offset = 185;
    header.more_fragments = true;
    header.options = vec![0x94, 4, 0, 0];
    let expected = "4600001b007720b9092f0f43c0000202c6336407 94040000 78797a";
    assert_eq!(header.packet(b"xyz"), bytes(expected));
}

#[test]
fn ipv6_extension_headers() {
    let mut header = Ipv6::new(v6(), protocol::UDP);
    header.hop_limit = 9;
    header.extensions = vec![
        Extension::HopByHop,
        Extension::Routing,
        Extension::DestinationOptions,
        Extension::Fragment(3, true, 0x0102_0304),
    ];
    let expected = "6000000000230009 20010db8000100000000000000000002
        20010db8005100000000000000000007 2b00010400000000 3c00fd0000000000
        2c00010400000000 1100001901020304 78797a";
    assert_eq!(header.packet(b"xyz"), bytes(expected));
    let mut header = Ipv6::new(v6(), protocol::NO_NEXT);
    header.extensions = vec![Extension::Authentication];
    let expected = "6000000000183340 20010db8000100000000000000000002
        20010db8005100000000000000000007 3b0400000000000700000001 aaaaaaaaaaaaaaaaaaaaaaaa";
    assert_eq!(header.packet(&[]), bytes(expected));
}

#[test]
fn frames_with_two_tags() {
    let expected = "020000000001020000000002 88a80005 81000006 0800
        450000141234000040 2f7c4ac0000202c6336407";
    let packet = ip(v4(), protocol::GRE, &[]);
    assert_eq!(tagged(&[(DOT1AD, 5), (DOT1Q, 6)], &packet), bytes(expected));
    assert_eq!(frame(&packet)[12..14], [0x08, 0x00]);
    assert_eq!(frame(&ip(v6(), protocol::GRE, &[]))[12..14], [0x86, 0xdd]);
}

#[test]
fn dns_messages() {
    let response = "000581000001000000000000076578616d706c650000010001";
    assert_eq!(dns(5, true), bytes(response));
    assert_eq!(dns(5, false)[2], 0x01);
}

#[test]
fn many_sources() {
    assert_eq!(many_v4(257).to_string(), "198.18.1.1");
    assert_eq!(many_v6(257).to_string(), "2001:db8:dead::101");
}
