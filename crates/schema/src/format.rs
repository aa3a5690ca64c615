//! The formats of draft 4. Others are not checked, as the draft says.

use std::net::{Ipv4Addr, Ipv6Addr};

/// A format that is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    DateTime,
    Email,
    Hostname,
    Ipv4,
    Ipv6,
    Uri,
}

impl Format {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "date-time" => Self::DateTime,
            "email" => Self::Email,
            "hostname" => Self::Hostname,
            "ipv4" => Self::Ipv4,
            "ipv6" => Self::Ipv6,
            "uri" => Self::Uri,
            _ => return None,
        })
    }

    pub(crate) fn is_match(self, text: &str) -> bool {
        match self {
            Self::DateTime => is_date_time(text),
            Self::Email => is_email(text),
            Self::Hostname => is_hostname(text),
            Self::Ipv4 => text.parse::<Ipv4Addr>().is_ok(),
            Self::Ipv6 => text.parse::<Ipv6Addr>().is_ok(),
            Self::Uri => is_uri(text),
        }
    }

    /// AWS's text for a string that is not of this format.
    pub(crate) fn message(self, text: &str) -> String {
        let kind = match self {
            Self::DateTime => {
                return format!(
                    "string \"{text}\" is invalid against requested date format(s) \
                     [yyyy-MM-dd'T'HH:mm:ssZ, yyyy-MM-dd'T'HH:mm:ss.[0-9]{{1,12}}Z]"
                );
            }
            Self::Email => "email address",
            Self::Hostname => "hostname",
            Self::Ipv4 => "IPv4 address",
            Self::Ipv6 => "IPv6 address",
            Self::Uri => "URI",
        };
        let article = "a valid";
        format!("string \"{text}\" is not {article} {kind}")
    }
}

/// `2026-01-31T23:59:60.5+01:00` of RFC 3339.
fn is_date_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let number = |range: std::ops::Range<usize>| {
        let digits = text.get(range).filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
        digits.parse::<u32>().ok()
    };
    let at = |place: usize, wanted: &[u8]| bytes.get(place).is_some_and(|b| wanted.contains(b));
    let parts =
        (number(0..4), number(5..7), number(8..10), number(11..13), number(14..16), number(17..19));
    let (Some(year), Some(month), Some(day), Some(hour), Some(minute), Some(second)) = parts else {
        return false;
    };
    let separators = at(4, b"-") && at(7, b"-") && at(10, b"Tt") && at(13, b":") && at(16, b":");
    if !separators || day == 0 || day > days(year, month) || hour > 23 || minute > 59 || second > 60
    {
        return false;
    }
    let mut rest = text.get(19..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix('.') {
        rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        if rest.len() == fraction.len() {
            return false;
        }
    }
    let Some(offset) = offset_minutes(rest) else { return false };
    // A leap second is the last of a day of UTC.
    let utc = (hour * 60 + minute + 24 * 60 - offset).rem_euclid(24 * 60);
    second < 60 || utc == 24 * 60 - 1
}

/// The minutes by which a zone is ahead, modulo a day.
fn offset_minutes(text: &str) -> Option<u32> {
    if text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, rest) = text.split_at_checked(1).filter(|(sign, _)| ["+", "-"].contains(sign))?;
    let (hours, minutes) = rest.split_once(':')?;
    let number = |text: &str, max: u32| {
        let is_number = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u32>().ok().filter(|number| is_number && *number <= max)
    };
    let minutes = number(hours, 23)? * 60 + number(minutes, 59)?;
    Some(if sign == "+" { minutes } else { (24 * 60 - minutes) % (24 * 60) })
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 0,
    }
}

/// Dot-atom or quoted local part, then a host name or an address in brackets.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_atom = |part: &str| {
        let is_good = |c: char| {
            !c.is_ascii() || c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
        };
        !part.is_empty() && part.chars().all(is_good)
    };
    let quoted = local.strip_prefix('"').and_then(|local| local.strip_suffix('"'));
    let is_local = match quoted {
        Some(inner) => is_quoted(inner),
        None => local.split('.').all(is_atom),
    };
    is_local && local.len() <= 64 && is_mail_domain(domain)
}

fn is_quoted(inner: &str) -> bool {
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.next().is_none() => return false,
            '"' => return false,
            c if c.is_control() => return false,
            _ => {}
        }
    }
    true
}

fn is_mail_domain(domain: &str) -> bool {
    match domain.strip_prefix('[').map(|rest| rest.strip_suffix(']')) {
        Some(Some(address)) => match address.strip_prefix("IPv6:") {
            Some(v6) => v6.parse::<Ipv6Addr>().is_ok(),
            None => address.parse::<Ipv4Addr>().is_ok(),
        },
        Some(None) => false,
        None => is_hostname(domain),
    }
}

/// Labels of RFC 1123.
fn is_hostname(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    !text.is_empty() && text.len() <= 253 && text.split('.').all(is_label)
}

/// With a scheme, of the characters of RFC 3986.
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    if !is_scheme {
        return false;
    }
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (hierarchy, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = match hierarchy.strip_prefix("//") {
        Some(rest) => {
            let end = rest.find('/').unwrap_or(rest.len());
            if !is_authority(&rest[..end]) {
                return false;
            }
            &rest[end..]
        }
        None => hierarchy,
    };
    is_of(path, b":@/") && is_of(query, b":@/?") && is_of(fragment, b":@/?")
}

fn is_authority(text: &str) -> bool {
    let (user, host) = text.rsplit_once('@').unwrap_or(("", text));
    let (host, port) = match host.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(Some((address, port))) => {
            if address.parse::<Ipv6Addr>().is_err() {
                return false;
            }
            ("", port.strip_prefix(':').unwrap_or(if port.is_empty() { "" } else { "x" }))
        }
        Some(None) => return false,
        None => host.split_once(':').unwrap_or((host, "")),
    };
    is_of(user, b":") && is_of(host, b"") && port.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a text is of unreserved characters, sub-delimiters, percent-encoded
/// bytes and `also`.
fn is_of(text: &str, also: &[u8]) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'%' => {
                let hex = bytes.get(at + 1..at + 3);
                if !hex.is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) {
                    return false;
                }
                at += 2;
            }
            b if b.is_ascii_alphanumeric()
                || b"-._~!$&'()*+,;=".contains(b)
                || also.contains(b) => {}
            _ => return false,
        }
        at += 1;
    }
    true
}
