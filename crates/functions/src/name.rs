//! How a call names a function: a name, an ARN, or a part of one.

/// A function as a call names it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FunctionRef {
    /// The partition of an ARN, such as `aws`.
    pub partition: Option<String>,
    /// The region of an ARN.
    pub region: Option<String>,
    /// The account of an ARN, whole or partial.
    pub account: Option<String>,
    /// The name itself.
    pub name: String,
    /// A version, `$LATEST` or an alias.
    pub qualifier: Option<String>,
}

/// What AWS's pattern for function names does not match.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no function")]
pub struct NotAFunction(pub String);

impl std::str::FromStr for FunctionRef {
    type Err = NotAFunction;

    /// Reads `name`, `name:qualifier`, `account:function:name`, or an ARN.
    fn from_str(text: &str) -> Result<Self, NotAFunction> {
        let wrong = || NotAFunction(text.to_owned());
        if text.is_empty() || text.len() > 256 {
            return Err(wrong());
        }
        let mut parts = text.split(':').peekable();
        let mut found = Self::default();
        let mut left = text.split(':').count();
        if parts.peek() == Some(&"arn") && left > 3 {
            parts.next();
            let partition = parts.next().filter(|p| is_partition(p)).ok_or_else(wrong)?;
            found.partition = Some(partition.to_owned()).filter(|p| !p.is_empty());
            parts.next().filter(|service| *service == "lambda").ok_or_else(wrong)?;
            left -= 3;
        }
        // Each of these may stand before the name; the name itself may look
        // like one of them, so none is taken for the last part.
        let mut taken = |fits: fn(&str) -> bool| {
            let part = if left > 1 { parts.next_if(|p| fits(p)) } else { None };
            left -= usize::from(part.is_some());
            part.map(str::to_owned)
        };
        found.region = taken(is_region);
        found.account = taken(is_account);
        taken(|part| part == "function");
        found.name = parts.next().filter(|n| is_name(n)).ok_or_else(wrong)?.to_owned();
        found.qualifier = parts.next().map(str::to_owned);
        let sound = found.qualifier.as_deref().is_none_or(is_qualifier);
        if sound && parts.next().is_none() { Ok(found) } else { Err(wrong()) }
    }
}

fn is_partition(text: &str) -> bool {
    let rest = text.strip_prefix("aws");
    text.is_empty() || rest.is_some_and(|r| r.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-'))
}

/// `us-east-1`, `us-gov-west-1`, `us-iso-east-1`.
fn is_region(text: &str) -> bool {
    let Some((area, number)) = text.rsplit_once('-') else { return false };
    let mut words = area.split('-');
    let country = words.next().is_some_and(|w| w.len() == 2 && lower(w));
    let words: Vec<&str> = words.collect();
    let named = match words.as_slice() {
        [direction] => lower(direction),
        [kind, direction] => (*kind == "gov" || kind.starts_with("iso")) && lower(direction),
        _ => false,
    };
    country && named && number.len() == 1 && number.bytes().all(|b| b.is_ascii_digit())
}

fn lower(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase())
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

pub(crate) fn is_name(text: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    !text.is_empty() && text.bytes().all(good)
}

/// Whether a version or alias can be named so.
pub(crate) fn is_qualifier(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let latest = matches!(text, "$LATEST" | "$LATEST.PUBLISHED");
    latest || (!text.is_empty() && text.len() <= 128 && text.bytes().all(plain))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_that_aws_takes() {
        let arn = "arn:aws:lambda:us-west-2:123456789012:function:f";
        let cases = [
            ("f", None, None, "f", None),
            ("f:live", None, None, "f", Some("live")),
            ("f:$LATEST", None, None, "f", Some("$LATEST")),
            ("123456789012:function:f", None, Some("123456789012"), "f", None),
            ("123456789012:f:7", None, Some("123456789012"), "f", Some("7")),
            ("function:f", None, None, "f", None),
            (arn, Some("us-west-2"), Some("123456789012"), "f", None),
            (&format!("{arn}:live"), Some("us-west-2"), Some("123456789012"), "f", Some("live")),
            ("us-gov-west-1:f", Some("us-gov-west-1"), None, "f", None),
            // The last part is the name, whatever it looks like.
            ("function", None, None, "function", None),
            ("us-east-1", None, None, "us-east-1", None),
            ("123456789012", None, None, "123456789012", None),
        ];
        for (text, region, account, name, qualifier) in cases {
            let found: FunctionRef = text.parse().unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(found.region.as_deref(), region, "{text}");
            assert_eq!(found.account.as_deref(), account, "{text}");
            assert_eq!(found.name, name, "{text}");
            assert_eq!(found.qualifier.as_deref(), qualifier, "{text}");
        }
    }

    #[test]
    fn what_aws_refuses() {
        let long = "x".repeat(257);
        let cases = [
            "",
            "a b",
            "a/b",
            "f:",
            ":f",
            "f:a:b",
            "f:$NEWEST",
            "f:a.b",
            "é",
            &long,
            "arn:aws:s3:us-east-1:123456789012:function:f",
            "arn:azure:lambda:us-east-1:123456789012:function:f",
        ];
        for text in cases {
            assert!(text.parse::<FunctionRef>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics_and_names_come_back(text in ".{0,80}", name in "[a-zA-Z0-9_-]{1,20}") {
            let _either = text.parse::<FunctionRef>();
            let arn = format!("arn:aws:lambda:eu-west-1:000000000000:function:{name}");
            prop_assert_eq!(arn.parse::<FunctionRef>().unwrap().name, name.clone());
            prop_assert_eq!(name.parse::<FunctionRef>().unwrap().name, name);
        }
    }
}
