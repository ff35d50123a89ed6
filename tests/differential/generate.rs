//! Packets as they may come: built layer by layer, most of them sound, then spoilt.

use talot_tests::random::Random;

const DESTINATIONS_V4: [[u8; 4]; 4] = [
    [203, 0, 113, 5],
    [203, 0, 113, 255],
    [203, 0, 112, 5],
    [224, 0, 0, 251],
];
const DESTINATIONS_V6: [[u16; 8]; 4] = [
    [0x2001, 0xdb8, 1, 0, 0, 0, 0, 1],
    [0x2001, 0xdb8, 1, 0, 0xffff, 0xffff, 0xffff, 0xffff],
    [0x2001, 0xdb8, 1, 1, 0, 0, 0, 1],
    [0xff02, 0, 0, 0, 0, 0, 0, 0xfb],
];
const EXTENSIONS: [u8; 6] = [0, 43, 44, 51, 60, 135];
const PORTS: [u16; 10] = [0, 22, 23, 53, 67, 68, 445, 546, 547, 65535];
const ETHER_TYPES: [u16; 8] = [
    0x0806, 0x88cc, 0x88e5, 0x9100, 0x0800, 0x86dd, 0x8100, 0x05dc,
];

/// Makes a frame, at most so many bytes long.
pub(crate) fn frame(random: &mut Random, frame: &mut Vec<u8>, longest: usize) {
    let mut maker = Maker { random };
    let v4 = maker.one_in(2);
    frame.clear();
    maker.link(v4, frame);
    let start = frame.len();
    if v4 {
        maker.ipv4(frame);
    } else {
        maker.ipv6(frame);
    }
    if maker.one_in(5) {
        let padding = maker.below(46);
        maker.noise(padding, frame);
    }
    match maker.below(8) {
        0 | 1 => maker.flip_bits(start, frame),
        2 => {
            let length = maker.below(frame.len() + 1);
            frame.truncate(length);
        }
        3 => maker.lie(start, frame),
        _ => {}
    }
    frame.truncate(longest);
}

struct Maker<'a> {
    random: &'a mut Random,
}

impl Maker<'_> {
    fn below(&mut self, limit: usize) -> usize {
        self.random.below(limit as u64) as usize
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn byte(&mut self) -> u8 {
        self.random.bits() as u8
    }

    fn noise(&mut self, length: usize, into: &mut Vec<u8>) {
        for _ in 0..length {
            let byte = self.byte();
            into.push(byte);
        }
    }

    fn port(&mut self) -> [u8; 2] {
        let any = self.random.bits() as u16;
        let known = self.pick(&PORTS);
        if self.one_in(3) { any } else { known }.to_be_bytes()
    }

    /// An Ethernet header, up to three tags.
    fn link(&mut self, v4: bool, frame: &mut Vec<u8>) {
        self.noise(12, frame);
        let tags = [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3];
        for _ in 0..self.pick(&tags) {
            let tag = if self.one_in(20) {
                0x9100_u16
            } else {
                self.pick(&[0x8100, 0x88a8])
            };
            frame.extend(tag.to_be_bytes());
            self.noise(2, frame);
        }
        let mut ether_type = if v4 { 0x0800 } else { 0x86dd };
        if self.one_in(25) {
            ether_type = self.pick(&ETHER_TYPES);
        }
        frame.extend(ether_type.to_be_bytes());
    }

    fn ipv4(&mut self, frame: &mut Vec<u8>) {
        let start = frame.len();
        let options = if self.one_in(5) { self.below(11) } else { 0 };
        let protocol = self.protocol(true);
        let fragment = match self.below(12) {
            0 => 0x2000,
            1 => self.below(0x2000) as u16 | self.pick(&[0, 0x2000]),
            _ => self.pick(&[0, 0x4000]),
        };
        frame.extend([0x45 + options as u8, self.byte(), 0, 0]);
        self.noise(2, frame);
        frame.extend(fragment.to_be_bytes());
        frame.extend([self.byte(), protocol, 0, 0, 198, 18]);
        self.noise(2, frame);
        let destination = self.below(5);
        frame.extend(DESTINATIONS_V4[destination.saturating_sub(1)]);
        self.noise(options * 4, frame);
        self.transport(protocol, true, frame);
        let length = (frame.len() - start) as u16;
        frame[start + 2..start + 4].copy_from_slice(&length.to_be_bytes());
    }

    fn ipv6(&mut self, frame: &mut Vec<u8>) {
        let start = frame.len();
        let protocol = self.protocol(false);
        frame.extend([0x60 | self.byte() >> 4]);
        self.noise(3, frame);
        frame.extend([0, 0]);
        let next_at = frame.len();
        frame.push(0);
        let any = self.byte();
        frame.push(self.pick(&[255, 255, 1, any]));
        frame.extend([0x20, 0x01, 0x0d, 0xb8, 0xde, 0xad]);
        self.noise(10, frame);
        let destination = self.below(5);
        let destination = DESTINATIONS_V6[destination.saturating_sub(1)];
        frame.extend(destination.iter().flat_map(|word| word.to_be_bytes()));
        let jumbogram = self.one_in(40);
        self.extensions(next_at, jumbogram, protocol, frame);
        self.transport(protocol, false, frame);
        let length = (frame.len() - start - 40) as u16;
        let length = if jumbogram { 0 } else { length };
        frame[start + 4..start + 6].copy_from_slice(&length.to_be_bytes());
    }

    /// A hop-by-hop header with a jumbo payload option anywhere in it, or too late, or only alike.
    fn jumbo_payload(&mut self, frame: &mut Vec<u8>) {
        let start = frame.len();
        frame.extend([0, 0]);
        for _ in 0..self.pick(&[0, 0, 1, 2, 4, 7, 8, 9]) {
            let option =
                self.pick::<&[u8]>(&[&[0], &[1, 0], &[5, 2, 0, 0], &[1, 4, 0xc2, 4, 0, 1]]);
            frame.extend(option);
        }
        let option = self.pick::<&[u8]>(&[&[0xc2, 4, 0, 1, 0, 0], &[0xc2, 4, 0, 1, 0, 0], &[]]);
        frame.extend(option);
        let missing = (frame.len() - start).next_multiple_of(8) - (frame.len() - start);
        let padding = self.pick(&[0, 1, 0xc2]);
        frame.extend(vec![padding; missing]);
        frame[start + 1] = ((frame.len() - start) / 8 - 1) as u8;
    }

    /// A chain of extension headers in any order, legal or not; `next_at` is where the number of
    /// the first one belongs.
    fn extensions(
        &mut self,
        mut next_at: usize,
        jumbogram: bool,
        protocol: u8,
        frame: &mut Vec<u8>,
    ) {
        let (kinds, count): (&[u8], _) = match self.below(24) {
            0 => (&EXTENSIONS, self.below(11)),
            // As many as there may be, and one or two more.
            1 => (&[43, 60], 7 + self.below(4)),
            2..=9 => (&EXTENSIONS, self.below(4)),
            _ => (&[], 0),
        };
        if jumbogram {
            frame[next_at] = 0;
            next_at = frame.len();
            self.jumbo_payload(frame);
        }
        for _ in 0..count {
            let kind = self.pick(kinds);
            frame[next_at] = kind;
            next_at = frame.len();
            let units = if self.one_in(200) {
                self.below(256)
            } else {
                self.below(3)
            };
            match kind {
                44 => {
                    let field = match self.below(4) {
                        0 => 1,
                        1 => self.random.bits() as u16,
                        _ => 0,
                    };
                    frame.extend([0, 0]);
                    frame.extend(field.to_be_bytes());
                    self.noise(4, frame);
                }
                51 => {
                    frame.extend([0, units as u8]);
                    self.noise(6 + 4 * units, frame);
                }
                _ => {
                    frame.extend([0, units as u8]);
                    self.noise(6 + 8 * units, frame);
                }
            }
        }
        frame[next_at] = protocol;
    }

    fn protocol(&mut self, v4: bool) -> u8 {
        let any = self.byte();
        match self.below(16) {
            0..=5 => 6,
            6..=9 => 17,
            10..=12 => {
                if v4 {
                    1
                } else {
                    58
                }
            }
            13 => self.pick(&[33, 132, 136]),
            14 => self.pick(&[1, 2, 4, 41, 47, 50, 51, 58, 59, 0, 43, 44, 60, 135]),
            _ => any,
        }
    }

    fn transport(&mut self, protocol: u8, v4: bool, frame: &mut Vec<u8>) {
        let start = frame.len();
        let payload = self.below(24);
        match protocol {
            6 => {
                let offset = if self.one_in(4) {
                    5 + self.below(11)
                } else {
                    5
                };
                frame.extend(self.port());
                frame.extend(self.port());
                self.noise(8, frame);
                frame.push((offset << 4) as u8 | self.byte() & 15);
                self.noise(7 + (offset - 5) * 4, frame);
                self.noise(payload, frame);
            }
            17 | 136 => {
                frame.extend(self.port());
                frame.extend(self.port());
                frame.extend((8 + payload as u16).to_be_bytes());
                self.noise(2 + payload, frame);
                if !v4 && self.one_in(30) {
                    frame[start + 4..start + 6].fill(0);
                }
            }
            1 | 58 => {
                let any = self.byte();
                let kinds = [
                    0, 3, 8, 11, 13, 14, 128, 129, 1, 2, 130, 133, 135, 143, 160, 161,
                ];
                let known = self.pick(&kinds);
                frame.push(if self.one_in(3) { any } else { known });
                frame.push(self.pick(&[0, 0, 1]));
                self.noise(6 + payload, frame);
            }
            // Now and then shorter than the header should be.
            _ => self.noise(payload * 3 / 2, frame),
        }
    }

    fn flip_bits(&mut self, start: usize, frame: &mut [u8]) {
        // Headers are worth more than what they carry.
        let end = frame.len().min(start + 80);
        for _ in 0..=self.below(8) {
            let from = if self.one_in(8) {
                0
            } else {
                start.min(end - 1)
            };
            let at = from + self.below(end - from);
            frame[at] ^= 1 << self.below(8);
        }
    }

    /// A length, or what may be one, that is somewhat or quite wrong.
    fn lie(&mut self, start: usize, frame: &mut [u8]) {
        let places = [0, 2, 3, 4, 5, 24, 25, 32, 41, 44, 45, 49, 52, 57];
        let at = start + self.pick(&places);
        let off = self.pick(&[1, 2, 4, 8, 16, 128]);
        if let Some(byte) = frame.get_mut(at) {
            *byte = match self.random.below(4) {
                0 => 0,
                1 => self.random.bits() as u8,
                2 => byte.wrapping_add(off),
                _ => byte.wrapping_sub(off),
            };
        }
    }
}
