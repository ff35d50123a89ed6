//! Months, as a report counts them.

use std::{fmt, str::FromStr};

use anyhow::{Context as _, Result};
use jiff::{
    ToSpan as _,
    civil::{Date, date},
};

/// A month of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Month(Date);

impl Month {
    /// The month that a day belongs to.
    pub fn of(day: Date) -> Self {
        Self(day.first_of_month())
    }

    /// Its first day.
    pub fn first(self) -> Date {
        self.0
    }

    /// Its last day.
    pub fn last(self) -> Date {
        self.0.last_of_month()
    }

    /// How many months it lies before another; negative if it lies after.
    pub fn months_before(self, other: Self) -> i32 {
        let place = |month: Self| i32::from(month.0.year()) * 12 + i32::from(month.0.month());
        place(other) - place(self)
    }

    /// The month so many months before; none before the calendar begins.
    pub fn back(self, months: i32) -> Option<Self> {
        Some(Self(self.0.checked_sub(months.months()).ok()?))
    }

    /// `July 2011`.
    pub fn name(self) -> String {
        self.0.strftime("%B %Y").to_string()
    }

    /// `Jul 2011`, for an axis.
    pub fn short_name(self) -> String {
        self.0.strftime("%b %Y").to_string()
    }
}

/// `2011-07`.
impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m"))
    }
}

impl FromStr for Month {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || format!("`{text}` is not a month; write it as 2011-07");
        let (year, month) = text.split_once('-').with_context(wrong)?;
        let digits = |part: &str, width| {
            part.len() == width && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        anyhow::ensure!(digits(year, 4) && digits(month, 2), wrong());
        let day = Date::new(year.parse()?, month.parse()?, 1).with_context(wrong)?;
        anyhow::ensure!(day >= date(1, 1, 1), wrong());
        Ok(Self(day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_read_and_written() {
        let month: Month = "2011-07".parse().unwrap();
        assert_eq!(month.to_string(), "2011-07");
        assert_eq!(month.name(), "July 2011");
        assert_eq!(month.last(), date(2011, 7, 31));
        assert_eq!(month.back(12).unwrap().to_string(), "2010-07");
        assert_eq!(month.back(7).unwrap().to_string(), "2010-12");
        assert_eq!(month.back(7).unwrap().months_before(month), 7);
        for wrong in [
            "2011",
            "2011-7",
            "2011-13",
            "2011-00",
            "0000-01",
            "11-07",
            "2011-07-01",
            "+011-07",
            "",
        ] {
            let error = wrong.parse::<Month>().unwrap_err().to_string();
            assert!(error.contains("write it as 2011-07"), "{wrong}: {error}");
        }
    }
}
