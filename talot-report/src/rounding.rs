//! Division and rounding: here, and nowhere else.

use std::fmt;

/// The seconds of a point-day.
pub const DAY: i64 = 86_400;

/// A number that has been rounded, half away from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rounded {
    scaled: i128,
    decimals: u32,
}

impl Rounded {
    /// For geometry.
    pub fn value(self) -> f64 {
        self.scaled as f64 / 10_f64.powi(self.decimals.cast_signed())
    }

    /// Whether it came out as zero.
    pub fn is_zero(self) -> bool {
        self.scaled == 0
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.scaled < 0
    }

    /// With a sign, unless it is zero: `+1.5`, `−0.3`.
    pub fn signed(self) -> String {
        let plus = if self.scaled > 0 { "+" } else { "" };
        format!("{plus}{self}")
    }

    /// Without its sign.
    pub fn size(self) -> Self {
        Self {
            scaled: self.scaled.abs(),
            ..self
        }
    }
}

/// `1,234.5`, with a true minus sign.
impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = 10_i128.pow(self.decimals);
        let size = self.scaled.abs();
        if self.scaled < 0 {
            f.write_str("−")?;
        }
        f.write_str(&grouped(size / unit))?;
        if self.decimals > 0 {
            let width = self.decimals as usize;
            write!(f, ".{:0width$}", size % unit)?;
        }
        Ok(())
    }
}

/// A quotient with so many decimals; none if the divisor is not positive.
pub fn quotient(numerator: i128, divisor: i128, decimals: u32) -> Option<Rounded> {
    if divisor <= 0 {
        return None;
    }
    let scaled = numerator * 10_i128.pow(decimals);
    let size = (scaled.abs() * 2 + divisor) / (divisor * 2);
    Some(Rounded {
        scaled: size * scaled.signum(),
        decimals,
    })
}

/// A figure per point and day: over the valid point-days, which come in seconds.
pub fn per_point_day(figure: i64, valid_seconds: i64, decimals: u32) -> Option<Rounded> {
    let numerator = i128::from(figure) * i128::from(DAY);
    quotient(numerator, valid_seconds.into(), decimals)
}

/// An average per point and day as it is told: below 20 with one decimal, else whole.
pub fn average(counted: Counted) -> Option<Rounded> {
    let rate = |decimals| per_point_day(counted.figure, counted.valid_seconds, decimals);
    rate(1).filter(|fine| fine.scaled < 200).or_else(|| rate(0))
}

/// Valid point-days, with one decimal.
pub fn point_days(valid_seconds: i64) -> Rounded {
    quotient(valid_seconds.into(), DAY.into(), 1).expect("a day has seconds")
}

/// A share in per cent, with one decimal.
pub fn share(part: i64, whole: i64) -> Option<Rounded> {
    quotient(i128::from(part) * 100, whole.into(), 1)
}

/// A figure and the valid seconds that it was counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The figure.
    pub figure: i64,
    /// Valid seconds.
    pub valid_seconds: i64,
}

/// The change of a rate in per cent, with one decimal; none if there was nothing before.
pub fn change(now: Counted, before: Counted) -> Option<Rounded> {
    let (now_scaled, before_scaled) = (now.beside(before), before.beside(now));
    if now.valid_seconds <= 0 || before.valid_seconds <= 0 {
        return None;
    }
    quotient((now_scaled - before_scaled) * 100, before_scaled, 1)
}

/// The difference of two rates per point and day.
pub fn difference(now: Counted, before: Counted, decimals: u32) -> Option<Rounded> {
    let both = i128::from(now.valid_seconds) * i128::from(before.valid_seconds);
    let numerator = (now.beside(before) - before.beside(now)) * i128::from(DAY);
    quotient(numerator, both, decimals)
}

impl Counted {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            figure: self.figure + other.figure,
            valid_seconds: self.valid_seconds + other.valid_seconds,
        }
    }

    /// The figure, brought to the denominator that both rates share.
    pub fn beside(self, other: Self) -> i128 {
        i128::from(self.figure) * i128::from(other.valid_seconds)
    }
}

/// The quantile of sorted rates at a number of quarters, between neighbours by linear interpolation, with one decimal.
pub fn quartile(sorted: &[Counted], quarters: usize) -> Option<Rounded> {
    let last = sorted.len().checked_sub(1)?;
    let (low, rest) = (last * quarters / 4, (last * quarters) % 4);
    let (below, above) = (sorted[low], sorted[(low + 1).min(last)]);
    let both = i128::from(below.valid_seconds) * i128::from(above.valid_seconds);
    let sum = below.beside(above) * (4 - rest as i128) + above.beside(below) * rest as i128;
    quotient(sum * i128::from(DAY), both * 4, 1)
}

/// `1,234`.
pub fn count(number: i64) -> String {
    let sign = if number < 0 { "−" } else { "" };
    format!("{sign}{}", grouped(i128::from(number).abs()))
}

fn grouped(number: i128) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figures of the two reports of TALOT2.
    #[test]
    fn the_averages_of_2011_and_2007_come_out() {
        let rate = |figure, days| per_point_day(figure, days * DAY, 0).unwrap().to_string();
        assert_eq!(rate(102_888, 300), "343");
        assert_eq!(rate(46_222, 300), "154");
        assert_eq!(rate(278_497, 310), "898");
        assert_eq!(quotient(898, 233, 0).unwrap().to_string(), "4");
    }

    #[test]
    fn halves_go_away_from_zero() {
        for (numerator, divisor, decimals, text) in [
            (1, 2, 0, "1"),
            (-1, 2, 0, "−1"),
            (1, 3, 1, "0.3"),
            (5, 100, 1, "0.1"),
            (-5, 100, 1, "−0.1"),
            (4, 100, 1, "0.0"),
            (-4, 100, 1, "0.0"),
            (1_234_567, 1, 0, "1,234,567"),
            (1_999_999, 1000, 1, "2,000.0"),
        ] {
            assert_eq!(
                quotient(numerator, divisor, decimals).unwrap().to_string(),
                text
            );
        }
        assert_eq!(quotient(1, 0, 0), None);
    }

    #[test]
    fn a_change_is_one_of_rates() {
        let counted = |figure, days| Counted {
            figure,
            valid_seconds: days * DAY,
        };
        // 30 a day against 20 a day, though both months counted 600.
        let change = |now, before| change(now, before).map(Rounded::signed);
        assert_eq!(change(counted(600, 20), counted(600, 30)).unwrap(), "+50.0");
        assert_eq!(change(counted(600, 30), counted(600, 20)).unwrap(), "−33.3");
        assert_eq!(change(counted(600, 30), counted(0, 30)), None);
        assert_eq!(change(counted(600, 30), counted(600, 0)), None);
        let difference = difference(counted(600, 20), counted(600, 30), 1).unwrap();
        assert_eq!(difference.signed(), "+10.0");
    }

    #[test]
    fn quartiles_lie_between_neighbours() {
        let rates: Vec<_> = [1, 2, 3, 4]
            .map(|figure| Counted {
                figure,
                valid_seconds: DAY,
            })
            .into();
        let quartiles: Vec<_> = (0..=4)
            .map(|quarters| quartile(&rates, quarters).unwrap().to_string())
            .collect();
        assert_eq!(quartiles, ["1.0", "1.8", "2.5", "3.3", "4.0"]);
        assert_eq!(quartile(&[], 2), None);
    }

    /// 0.049997 a day, in four places 0.0500.
    #[test]
    fn quartiles_are_rounded_once() {
        let one = Counted {
            figure: 1,
            valid_seconds: 1_728_100,
        };
        assert_eq!(quartile(&[one], 2).unwrap().to_string(), "0.0");
        let unobserved = Counted {
            valid_seconds: 0,
            ..one
        };
        assert_eq!(quartile(&[unobserved], 2), None);
    }

    #[test]
    fn small_averages_keep_a_decimal_place() {
        let told = |figure| {
            let valid_seconds = 10 * DAY;
            let average = average(Counted {
                figure,
                valid_seconds,
            });
            average.unwrap().to_string()
        };
        assert_eq!(told(4), "0.4");
        assert_eq!(told(0), "0.0");
        assert_eq!(told(10), "1.0");
        assert_eq!(told(199), "19.9");
        assert_eq!(told(200), "20");
        assert_eq!(told(3430), "343");
    }
}
