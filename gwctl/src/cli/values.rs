//! Values that more is asked of than being a text.

/// `API/STAGE`, the API by id or name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StageRef {
    pub(crate) api: String,
    pub(crate) stage: String,
}

impl std::str::FromStr for StageRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A name may hold a slash, a stage may not.
        match text.rsplit_once('/') {
            Some((api, stage)) if !api.is_empty() && !stage.is_empty() => {
                Ok(Self { api: api.to_owned(), stage: stage.to_owned() })
            }
            _ => Err("write it as API/STAGE, such as petstore/prod".to_owned()),
        }
    }
}

/// Looked at here, for the document goes before the stage: a name that cannot
/// be a stage's would leave an API behind that is deployed nowhere.
pub(super) fn stage_name(text: &str) -> Result<String, String> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (1..=128).contains(&text.len()) && text.bytes().all(good) {
        Ok(text.to_owned())
    } else {
        Err("a stage name has 1 to 128 characters of a-z, A-Z, 0-9, _ and -".to_owned())
    }
}

/// An AWS account.
pub(crate) fn account_id(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("an account has 12 digits".to_owned())
    }
}

pub(super) fn backend(text: &str) -> Result<String, String> {
    let uri = text.parse::<http::Uri>().ok().filter(|uri| {
        let scheme = uri.scheme_str().unwrap_or_default();
        matches!(scheme, "http" | "https") && uri.host().is_some_and(|host| !host.is_empty())
    });
    // Stage variables and path variables are no part of a URI, and are allowed.
    let rendered =
        ["http://", "https://"].iter().any(|s| text.starts_with(s)) && text.contains('{');
    if uri.is_some() || rendered {
        Ok(text.to_owned())
    } else {
        Err("a URL that starts with http:// or https://".to_owned())
    }
}

pub(super) fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).parse::<f64>();
    number
        .ok()
        .filter(|n| (0.0..=100.0).contains(n))
        .ok_or_else(|| "a percentage from 0 to 100".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_have_twelve_digits() {
        assert!(account_id("123456789012").is_ok());
        for odd in ["", "12", "1234567890123", "12345678901x", "１２３４"] {
            assert!(account_id(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn stages_are_named_by_the_last_slash() {
        let parse = |text: &str| text.parse::<StageRef>();
        let both = |api: &str, stage: &str| StageRef { api: api.into(), stage: stage.into() };
        assert_eq!(parse("pets/prod"), Ok(both("pets", "prod")));
        assert_eq!(parse("pets v1/2/prod"), Ok(both("pets v1/2", "prod")));
        for text in ["pets", "/prod", "pets/", ""] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn percentages_are_bounded() {
        for (text, value) in [("10", 10.0), ("0.5%", 0.5), ("100", 100.0), ("0", 0.0)] {
            assert_eq!(percent(text), Ok(value), "{text}");
        }
        for text in ["-1", "100.1", "NaN", "ten", ""] {
            assert!(percent(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_a_stage_or_a_backend_is_refused_before_any_call() {
        for text in ["prod", "a_b-9", &"x".repeat(128)] {
            assert_eq!(stage_name(text).as_deref(), Ok(text));
        }
        for text in ["", "bad stage", "a/b", "$default", "é", &"x".repeat(129)] {
            assert!(stage_name(text).is_err(), "{text}");
        }
        for text in ["http://b", "https://b:9/x?y=z", "http://${stageVariables.host}/v1"] {
            assert_eq!(backend(text).as_deref(), Ok(text));
        }
        for text in ["", "foo", "b:80", "ftp://b", "http://", "/x", "{x}"] {
            assert!(backend(text).is_err(), "{text}");
        }
    }
}
