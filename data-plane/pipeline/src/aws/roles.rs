//! Which keys stand for which role: the operator's file, in TOML or JSON.

use std::sync::Arc;

use serde::Deserialize;

use super::credentials::Keys;

/// Seconds for which AWS gives keys unless asked for less or more.
const DURATION_SECONDS: u32 = 3600;
/// What STS accepts.
const DURATIONS: std::ops::RangeInclusive<u32> = 900..=43_200;

/// A file of roles that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRoles {
    /// It is not TOML or JSON of the right form.
    #[error("{0}")]
    Form(String),
    /// A role is declared with no or with contradicting keys.
    #[error("role {arn}: {reason}")]
    Role {
        /// Its pattern.
        arn: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A word other than those that have a meaning.
    #[error("{member} = {value:?}, expected {expected}")]
    Word {
        /// The member.
        member: &'static str,
        /// What it says.
        value: String,
        /// What it may say.
        expected: &'static str,
    },
}

/// Keys by the ARNs of roles. Without a file, the node's own stand for all.
#[derive(Debug, Clone)]
pub struct Roles {
    entries: Vec<(Box<str>, Choice)>,
    /// Of integrations that name no role.
    unnamed: Unnamed,
    /// Of roles that no entry names.
    unmatched: Choice,
}

/// Whose keys are taken.
#[derive(Debug, Clone)]
pub(super) enum Choice {
    /// The node's own.
    Node,
    /// Keys of the file.
    Keys(Arc<Keys>),
    /// Keys that STS gives for the role.
    Assume(Arc<Assume>),
    /// None.
    Refuse,
}

#[derive(Debug, Clone)]
enum Unnamed {
    Node,
    Refuse,
    /// As if that role were named.
    Role(Box<str>),
}

/// How a role is assumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assume {
    pub(super) session_name: Box<str>,
    pub(super) external_id: Option<Box<str>>,
    pub(super) duration_seconds: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    unnamed: Option<String>,
    unmatched: Option<String>,
    #[serde(default)]
    role: Vec<Declared>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    arn: String,
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    session_token: Option<String>,
    #[serde(default)]
    node: bool,
    #[serde(default)]
    assume: bool,
    session_name: Option<String>,
    external_id: Option<String>,
    duration_seconds: Option<u32>,
}

impl Default for Roles {
    fn default() -> Self {
        Self { entries: Vec::new(), unnamed: Unnamed::Node, unmatched: Choice::Node }
    }
}

impl Roles {
    /// Reads a file's text: JSON if it starts with a brace, else TOML.
    ///
    /// # Errors
    /// See [`InvalidRoles`]. No message holds a key.
    pub fn parse(text: &str) -> Result<Self, InvalidRoles> {
        let form = |text: String| InvalidRoles::Form(text);
        let file: File = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| form(error.to_string()))?
        } else {
            // The error's own text shows the line, and with it perhaps a key.
            toml::from_str(text).map_err(|error| {
                let line = error.span().and_then(|span| text.get(..span.start));
                let line = line.map_or(1, |before| before.matches('\n').count() + 1);
                form(format!("line {line}: {}", error.message()))
            })?
        };
        let unmatched = match file.unmatched.as_deref() {
            None | Some("refuse") => Choice::Refuse,
            Some("node") => Choice::Node,
            Some(other) => return Err(word("unmatched", other, "\"refuse\" or \"node\"")),
        };
        let unnamed = match file.unnamed.as_deref() {
            None | Some("node") => Unnamed::Node,
            Some("refuse") => Unnamed::Refuse,
            Some(role) if role.starts_with("arn:") => Unnamed::Role(role.into()),
            Some(other) => {
                return Err(word("unnamed", other, "\"node\", \"refuse\" or the ARN of a role"));
            }
        };
        let entries = file.role.into_iter().map(|declared| {
            let arn = declared.arn.as_str().into();
            Ok((arn, declared.choice()?))
        });
        Ok(Self { entries: entries.collect::<Result<_, _>>()?, unnamed, unmatched })
    }

    /// What stands for a role; the role too, if one does. Without a name, what
    /// stands for integrations that name none.
    pub(super) fn choose<'a>(&'a self, role: Option<&'a str>) -> (Option<&'a str>, Choice) {
        let role = match (role, &self.unnamed) {
            (Some(role), _) => role,
            (None, Unnamed::Role(role)) => role,
            (None, Unnamed::Node) => return (None, Choice::Node),
            (None, Unnamed::Refuse) => return (None, Choice::Refuse),
        };
        let entry = self.entries.iter().find(|(pattern, _)| matches(pattern, role));
        (Some(role), entry.map_or(&self.unmatched, |(_, choice)| choice).clone())
    }
}

impl Declared {
    fn choice(self) -> Result<Choice, InvalidRoles> {
        let arn = self.arn;
        let fault = |reason| Err(InvalidRoles::Role { arn: arn.clone(), reason });
        if !arn.starts_with("arn:") {
            return fault("it is not the ARN of a role");
        }
        let of_session = self.session_name.is_some()
            || self.external_id.is_some()
            || self.duration_seconds.is_some();
        if of_session && !self.assume {
            return fault("session_name, external_id and duration_seconds need assume = true");
        }
        match (self.access_key_id, self.secret_access_key, self.node, self.assume) {
            (Some(id), Some(secret), false, false) if !id.is_empty() && !secret.is_empty() => {
                Ok(Choice::Keys(Arc::new(Keys::new(&id, &secret, self.session_token.as_deref()))))
            }
            (None, None, true, false) => Ok(Choice::Node),
            (None, None, false, true) => {
                let duration_seconds = self.duration_seconds.unwrap_or(DURATION_SECONDS);
                if !DURATIONS.contains(&duration_seconds) {
                    return fault("duration_seconds is not between 900 and 43200");
                }
                let session_name = self.session_name.unwrap_or_else(|| "gatewright".to_owned());
                Ok(Choice::Assume(Arc::new(Assume {
                    session_name: session_name.into(),
                    external_id: self.external_id.map(Into::into),
                    duration_seconds,
                })))
            }
            _ => fault("it needs either both keys, or node = true, or assume = true"),
        }
    }
}

fn word(member: &'static str, value: &str, expected: &'static str) -> InvalidRoles {
    InvalidRoles::Word { member, value: value.to_owned(), expected }
}

/// Whether a text is what a pattern says, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(start) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return text.ends_with(part);
        }
        match text.find(part) {
            Some(at) => text = text.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn chosen(roles: &Roles, role: Option<&str>) -> String {
        match roles.choose(role) {
            (role, Choice::Assume(assume)) => {
                format!("{} for {} s", role.unwrap_or_default(), assume.duration_seconds)
            }
            (_, choice) => format!("{choice:?}"),
        }
    }

    #[test]
    fn roles_of_a_file() {
        let toml = r#"
            unnamed = "arn:aws:iam::1:role/gateway"
            [[role]]
            arn = "arn:aws:iam::1:role/orders"
            access_key_id = "AK"
            secret_access_key = "secret"
            [[role]]
            arn = "arn:aws:iam::1:role/team/*-reader"
            node = true
            [[role]]
            arn = "arn:aws:iam::1:*"
            assume = true
            duration_seconds = 900
        "#;
        let roles = Roles::parse(toml).unwrap();
        for (role, expected) in [
            (Some("arn:aws:iam::1:role/orders"), "Keys(Keys(AK))"),
            (Some("arn:aws:iam::1:role/team/a-reader"), "Node"),
            (Some("arn:aws:iam::1:role/x"), "arn:aws:iam::1:role/x for 900 s"),
            (None, "arn:aws:iam::1:role/gateway for 900 s"),
            (Some("arn:aws:iam::2:role/orders"), "Refuse"),
        ] {
            assert_eq!(chosen(&roles, role), expected, "{role:?}");
        }
        let json = r#"{"unnamed":"refuse","unmatched":"node","role":[]}"#;
        let roles = Roles::parse(json).unwrap();
        assert_eq!(chosen(&roles, None), "Refuse");
        assert_eq!(chosen(&roles, Some("arn:aws:iam::1:role/x")), "Node");
        assert_eq!(chosen(&Roles::default(), None), "Node");
        assert_eq!(chosen(&Roles::default(), Some("arn:aws:iam::1:role/x")), "Node");
    }

    #[test]
    fn files_that_are_refused() {
        for text in [
            "unnamed = \"nobody\"",
            "unmatched = \"assume\"",
            "other = 1",
            "[[role]]\narn = \"arn:a\"",
            "[[role]]\narn = \"orders\"\nnode = true",
            "[[role]]\narn = \"arn:a\"\nnode = true\nassume = true",
            "[[role]]\narn = \"arn:a\"\naccess_key_id = \"a\"",
            "[[role]]\narn = \"arn:a\"\naccess_key_id = \"\"\nsecret_access_key = \"\"",
            "[[role]]\narn = \"arn:a\"\nnode = true\nexternal_id = \"a\"",
            "[[role]]\narn = \"arn:a\"\nassume = true\nduration_seconds = 60",
            "{",
            "[[role]",
        ] {
            assert!(Roles::parse(text).is_err(), "{text}");
        }
        let leaky = "[[role]]\narn = \"arn:a\"\nsecret_access_key = \"hidden\" x";
        let error = Roles::parse(leaky).unwrap_err().to_string();
        assert!(error.starts_with("line 3") && !error.contains("hidden"), "{error}");
    }

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("a*", "a", true),
            ("a*c", "abc", true),
            ("a*c", "abd", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c", false),
            ("a*a", "a", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
