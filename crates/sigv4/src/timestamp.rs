//! `YYYYMMDDTHHMMSSZ`, the time of a signature.

use std::fmt;

use time::{Date, Duration, Month, OffsetDateTime, Time, format_description::well_known::Rfc2822};

/// A moment in seconds, printed in ISO 8601 basic format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(OffsetDateTime);

impl Timestamp {
    /// Drops what is finer than a second.
    pub fn new(moment: OffsetDateTime) -> Self {
        let utc = moment.to_offset(time::UtcOffset::UTC);
        Self(utc.replace_nanosecond(0).unwrap_or(utc))
    }

    /// The moment.
    pub const fn moment(self) -> OffsetDateTime {
        self.0
    }

    /// The day, `YYYYMMDD`.
    pub fn day(self) -> String {
        let date = self.0.date();
        format!("{:04}{:02}{:02}", date.year(), u8::from(date.month()), date.day())
    }

    /// Reads ISO 8601 basic format.
    pub fn parse_basic(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 16 || bytes[8] != b'T' || bytes[15] != b'Z' {
            return None;
        }
        let number = |range: std::ops::Range<usize>| {
            bytes[range].iter().try_fold(0_u16, |sum, byte| {
                byte.is_ascii_digit().then(|| sum * 10 + u16::from(byte - b'0'))
            })
        };
        let small = |range| number(range).and_then(|value| u8::try_from(value).ok());
        let month = Month::try_from(small(4..6)?).ok()?;
        let date = Date::from_calendar_date(i32::from(number(0..4)?), month, small(6..8)?).ok()?;
        let time = Time::from_hms(small(9..11)?, small(11..13)?, small(13..15)?).ok()?;
        Some(Self(date.with_time(time).assume_utc()))
    }

    /// Reads what a `Date` header may hold: ISO 8601 basic or RFC 1123.
    pub fn parse_date_header(text: &str) -> Option<Self> {
        Self::parse_basic(text).or_else(|| {
            let moment = OffsetDateTime::parse(text, &Rfc2822).ok()?;
            // An offset may move the last evening of the year 9999 beyond it.
            moment.checked_to_offset(time::UtcOffset::UTC).map(Self::new)
        })
    }

    /// The moment `seconds` away; clamped to what can be written.
    pub(crate) fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(Duration::seconds(seconds)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second) = self.0.to_hms();
        write!(f, "{}T{hour:02}{minute:02}{second:02}Z", self.day())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        let stamp = Timestamp::parse_basic("20150830T123600Z").unwrap();
        assert_eq!(stamp.to_string(), "20150830T123600Z");
        assert_eq!(stamp.day(), "20150830");
        let header = Timestamp::parse_date_header("Sun, 30 Aug 2015 12:36:00 GMT").unwrap();
        assert_eq!(header, stamp);
        for bad in ["", "20150830", "20151330T123600Z", "20150830T250000Z", "2015083éT12360Z"] {
            assert_eq!(Timestamp::parse_basic(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_date_header_beyond_the_end_of_time_is_refused() {
        let last = Timestamp::parse_date_header("Fri, 31 Dec 9999 23:59:59 GMT").unwrap();
        assert_eq!(last.to_string(), "99991231T235959Z");
        assert_eq!(Timestamp::parse_date_header("Fri, 31 Dec 9999 23:59:59 -0100"), None);
    }
}
