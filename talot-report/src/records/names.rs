//! Names by number, so that sums stand in a row.

use std::collections::HashMap;

/// Names, each with its place.
#[derive(Debug, Default)]
pub(super) struct Names {
    list: Vec<Box<str>>,
    /// The places of `N/tcp` and `N/udp`, from 1; 0 where there is none. Nearly all names of ports are such, and come in their order.
    ports: Vec<u32>,
    others: HashMap<Box<str>, u32>,
}

impl Names {
    /// The place of a name, which is new if it was not there.
    pub(super) fn place(&mut self, name: &str) -> u32 {
        let next = u32::try_from(self.list.len()).expect("fewer names than bytes");
        let place = if let Some(port) = port(name) {
            if self.ports.is_empty() {
                self.ports.resize(2 * 65_536, 0);
            }
            let place = &mut self.ports[port];
            if *place == 0 {
                *place = next + 1;
            }
            *place - 1
        } else if let Some(place) = self.others.get(name) {
            *place
        } else {
            self.others.insert(name.into(), next);
            next
        };
        if place == next {
            self.list.push(name.into());
        }
        place
    }

    /// The names, by place.
    pub(super) fn list(&self) -> &[Box<str>] {
        &self.list
    }

    /// Adds the names of others; their places here.
    pub(super) fn merge(&mut self, others: &Self) -> Vec<u32> {
        others.list.iter().map(|name| self.place(name)).collect()
    }
}

/// `22/tcp` and `22/udp` as a number of their own.
fn port(name: &str) -> Option<usize> {
    let (number, is_udp) = match name.strip_suffix("/tcp") {
        Some(number) => (number, 0),
        None => (name.strip_suffix("/udp")?, 65_536),
    };
    let is_plain = number == "0" || !number.starts_with(['0', '+']);
    let number: u16 = number.parse().ok().filter(|_| is_plain)?;
    Some(usize::from(number) + is_udp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_one_place() {
        let mut names = Names::default();
        let given = [
            "22/tcp",
            "22/udp",
            "22/udplite",
            "022/tcp",
            "+22/tcp",
            "0/tcp",
            "00/tcp",
            "/tcp",
            "65535/udp",
            "65536/udp",
            "",
            "CN",
            "GRE (47)",
        ];
        for round in 0..2 {
            for (place, name) in given.iter().enumerate() {
                assert_eq!(names.place(name) as usize, place, "{name}, round {round}");
            }
        }
        let listed: Vec<_> = names.list().iter().map(AsRef::as_ref).collect();
        assert_eq!(listed, given);
        let mut others = Names::default();
        others.place("new");
        others.place("22/udp");
        assert_eq!(names.merge(&others), [13, 1]);
    }
}
