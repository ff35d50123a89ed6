//! What a record of a MaxMind DB says, in whichever of the usual layouts: GeoLite2 and DB-IP
//! (`country.iso_code`, `autonomous_system_number`, `autonomous_system_organization`), IP2Location
//! (the same), iptoasn (`country_code`), IPinfo (`country` or `country_code`, `asn` as `AS64496`,
//! `as_name` or `name`).

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// The fields that are looked at, each under all its names.
#[derive(Clone, Copy, Deserialize)]
pub(super) struct Record<'a> {
    #[serde(borrow, default)]
    country_code: Value<'a>,
    #[serde(borrow, default)]
    country: Value<'a>,
    #[serde(borrow, default)]
    autonomous_system_number: Value<'a>,
    #[serde(borrow, default)]
    asn: Value<'a>,
    #[serde(borrow, default)]
    autonomous_system_organization: Value<'a>,
    #[serde(borrow, default)]
    as_name: Value<'a>,
    #[serde(borrow, default)]
    name: Value<'a>,
}

impl<'a> Record<'a> {
    /// ISO 3166-1 alpha-2.
    pub(super) fn country(&self) -> Option<&'a str> {
        let code = self.country_code.country();
        code.or_else(|| self.country.country())
    }

    /// Number of the autonomous system, never 0, and its name.
    pub(super) fn asn(&self) -> Option<(i64, Option<&'a str>)> {
        let number = self.autonomous_system_number.number();
        let number = number.or_else(|| self.asn.number())?;
        let names = [
            &self.autonomous_system_organization,
            &self.as_name,
            &self.name,
        ];
        Some((number, names.into_iter().find_map(Value::text)))
    }
}

/// A value of any type.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Value<'a> {
    Text(&'a str),
    Number(u64),
    /// A map, by its `iso_code`.
    Country(&'a str),
    /// Anything else, or nothing.
    #[default]
    Other,
}

impl<'a> Value<'a> {
    fn text(&self) -> Option<&'a str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    fn country(&self) -> Option<&'a str> {
        let (Self::Text(code) | Self::Country(code)) = self else {
            return None;
        };
        // Others stand for "none" (`-`, `None`) or are a name.
        let is_code = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        is_code.then_some(code)
    }

    fn number(&self) -> Option<i64> {
        let number = match self {
            Self::Number(number) => u32::try_from(*number).ok()?,
            Self::Text(text) => text.strip_prefix("AS").unwrap_or(text).parse().ok()?,
            _ => return None,
        };
        // RFC 7607: 0 stands for "not routed".
        (number != 0).then_some(number.into())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value of a MaxMind DB")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(u64::try_from(number).map_or(Value::Other, Value::Number))
    }

    fn visit_u128<E>(self, number: u128) -> Result<Self::Value, E> {
        Ok(u64::try_from(number).map_or(Value::Other, Value::Number))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Value::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Value::Other)
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Self::Value, E> {
        Ok(Value::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut country = Value::Other;
        while let Some(key) = map.next_key::<&str>()? {
            if key != "iso_code" {
                map.next_value::<IgnoredAny>()?;
            } else if let Value::Text(code) = map.next_value()? {
                country = Value::Country(code);
            }
        }
        Ok(country)
    }
}
