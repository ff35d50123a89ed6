//! `--exclude DAY[/POINT]=REASON`.

use std::str::FromStr;

use anyhow::{Context as _, Result, ensure};
use jiff::civil::Date;

use crate::records::is_point_name;

/// A day that is left out of a report, at one point or at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclusion {
    /// The day.
    pub date: Date,
    /// The point; none: all.
    pub point: Option<String>,
    /// Why.
    pub reason: String,
}

impl Exclusion {
    /// Whether it leaves out this point's day.
    pub fn covers(&self, date: Date, point: &str) -> bool {
        self.date == date && self.point.as_deref().is_none_or(|named| named == point)
    }
}

impl FromStr for Exclusion {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let form = "write it as 2011-07-02=REASON or 2011-07-02/tokyo-1=REASON";
        let (what, reason) = text.split_once('=').context(form)?;
        let (day, point) = match what.split_once('/') {
            Some((day, point)) => (day, Some(point)),
            None => (what, None),
        };
        let date = day
            .parse::<Date>()
            .ok()
            .filter(|date| date.to_string() == day);
        let date = date.with_context(|| format!("`{day}` is not a day; {form}"))?;
        ensure!(
            point.is_none_or(is_point_name),
            "`{}` is not the name of a point; {form}",
            point.unwrap_or_default()
        );
        let reason = reason.trim();
        ensure!(!reason.is_empty(), "a reason is missing; {form}");
        Ok(Self {
            date,
            point: point.map(ToOwned::to_owned),
            reason: reason.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exclusions_are_read() {
        let one: Exclusion = "2011-07-02/tokyo-1=a = b".parse().unwrap();
        assert_eq!(one.reason, "a = b");
        let day = Date::constant(2011, 7, 2);
        assert!(one.covers(day, "tokyo-1") && !one.covers(day, "osaka-1"));
        assert!(!one.covers(Date::constant(2011, 7, 3), "tokyo-1"));
        let all: Exclusion = "2011-07-02=power cut".parse().unwrap();
        assert!(all.covers(day, "osaka-1"));
        for wrong in [
            "",
            "2011-07-02",
            "2011-07-02=",
            "2011-07-32=x",
            "2011-7-2=x",
            "2011-07-02/=x",
            "2011-07-02/../x=y",
        ] {
            assert!(wrong.parse::<Exclusion>().is_err(), "{wrong}");
        }
    }
}
