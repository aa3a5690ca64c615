//! The character rules of names, as AWS has them.

/// A stage name: `[A-Za-z0-9_-]{1,128}`.
pub fn is_stage_name(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// A model name: alphanumeric, not empty.
pub fn is_model_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// A stage variable's name: up to 64 of `[A-Za-z0-9_]`.
pub fn is_variable_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A stage variable's value: up to 512 of `[A-Za-z0-9-._~:/?#&=,]`.
pub fn is_variable_value(text: &str) -> bool {
    text.len() <= 512
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~:/?#&=,".contains(&b))
}

/// The name inside `{name}` and of mapped parameters: `[a-zA-Z0-9._$-]+`.
pub fn is_parameter_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._$-".contains(&b))
}

/// What a path part declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathPart<'a> {
    /// A fixed text.
    Static(&'a str),
    /// `{name}`: one segment.
    Variable(&'a str),
    /// `{name+}`: one or more segments.
    Greedy(&'a str),
}

impl<'a> PathPart<'a> {
    /// Reads one path segment; `None` if it breaks AWS's rules.
    pub fn parse(text: &'a str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            return match inner.strip_suffix('+') {
                Some(name) => is_parameter_name(name).then_some(Self::Greedy(name)),
                None => is_parameter_name(inner).then_some(Self::Variable(inner)),
            };
        }
        let fine = |b: u8| b.is_ascii_alphanumeric() || b"._:,-".contains(&b);
        (!text.is_empty() && text.bytes().all(fine)).then_some(Self::Static(text))
    }

    /// The variable's name, if it is one.
    pub fn variable(self) -> Option<&'a str> {
        match self {
            Self::Static(_) => None,
            Self::Variable(name) | Self::Greedy(name) => Some(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_parts() {
        assert_eq!(PathPart::parse("pets"), Some(PathPart::Static("pets")));
        assert_eq!(PathPart::parse("{id}"), Some(PathPart::Variable("id")));
        assert_eq!(PathPart::parse("{proxy+}"), Some(PathPart::Greedy("proxy")));
        for bad in ["", "a{b}", "{}", "{+}", "{a b}", "a/b", "a|b", "{a}{b}", "a b"] {
            assert_eq!(PathPart::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn names() {
        assert!(is_stage_name("prod-1_x"));
        assert!(!is_stage_name(""));
        assert!(!is_stage_name("a b"));
        assert!(!is_stage_name(&"x".repeat(129)));
        assert!(is_variable_value("http://x.y:80/?a=b#c,d"));
        assert!(!is_variable_value("a b"));
    }
}
