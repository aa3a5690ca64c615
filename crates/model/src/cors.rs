//! CORS for REST APIs, which is no setting at AWS but a way to declare
//! methods: an OPTIONS method that the gateway answers itself, and headers on
//! the answers of the others. Here stands what AWS's console does by hand, as
//! changes of a working copy that can be read back and taken away again.
//!
//! A list of origins goes where AWS's guides put it: the first one is a fixed
//! header, and a few lines at the start of the response template override it
//! with the client's own origin if that is one of the others.

mod setup;
mod template;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::{HttpMethod, check::Checked};

pub use setup::{
    Answers, answers, gateway_responses, read, remove, remove_gateway, set, set_gateway,
};

/// The headers that AWS's console lets clients send unless told otherwise.
pub const DEFAULT_HEADERS: [&str; 5] =
    ["Content-Type", "X-Amz-Date", "Authorization", "X-Api-Key", "X-Amz-Security-Token"];

/// The longest time that browsers may keep a preflight's answer: a day.
pub const MAX_AGE_S: u32 = 86_400;

/// The most entries of each list.
const MOST: usize = 100;

/// Who may call a resource from a page of another origin, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cors {
    /// `*` alone, or origins as browsers send them: `https://app.example`.
    pub origins: Vec<String>,
    /// The verbs, or `*`; empty means those that the resource has.
    pub methods: Vec<String>,
    /// Request headers beyond the ones that every page may send, or `*`.
    pub headers: Vec<String>,
    /// Response headers that scripts may read, or `*`.
    pub expose_headers: Vec<String>,
    /// How long browsers may keep a preflight's answer, in seconds.
    pub max_age_s: Option<u32>,
    /// Whether browsers may send cookies and the like.
    pub credentials: bool,
}

impl Cors {
    /// Checks the settings among themselves.
    ///
    /// # Errors
    /// The first rule that they break, naming the setting.
    pub fn check(&self) -> Checked {
        if self.origins.is_empty() {
            return Err("allowOrigins must name '*' or at least one origin".to_owned());
        }
        let lists = [
            ("allowOrigins", &self.origins),
            ("allowMethods", &self.methods),
            ("allowHeaders", &self.headers),
            ("exposeHeaders", &self.expose_headers),
        ];
        for (name, list) in lists {
            if list.len() > MOST {
                return Err(format!("{name} has more than {MOST} entries"));
            }
            let distinct: BTreeSet<String> =
                list.iter().map(|entry| entry.to_ascii_lowercase()).collect();
            if distinct.len() < list.len() {
                return Err(format!("{name} names something twice"));
            }
            if list.len() > 1 && list.iter().any(|entry| entry == "*") {
                return Err(format!("{name} has '*' beside other entries; '*' stands alone"));
            }
            // Browsers take the star for a name where credentials are sent.
            if self.credentials && list.iter().any(|entry| entry == "*") {
                return Err(format!(
                    "allowCredentials cannot go with '*' in {name}: browsers refuse it"
                ));
            }
        }
        self.origins.iter().try_for_each(|text| origin(text))?;
        for verb in self.methods.iter().filter(|verb| *verb != "*") {
            if !matches!(verb.parse::<HttpMethod>(), Ok(known) if known != HttpMethod::Any) {
                return Err(format!(
                    "allowMethods has {verb:?}; valid are GET, PUT, POST, DELETE, PATCH, \
                     OPTIONS, HEAD and *"
                ));
            }
        }
        for (name, list) in &lists[2..] {
            if let Some(bad) = list.iter().find(|entry| *entry != "*" && !is_header_name(entry)) {
                return Err(format!("{name} has {bad:?}, which is no header name"));
            }
        }
        if self.max_age_s.is_some_and(|age| age > MAX_AGE_S) {
            return Err(format!("maxAgeSeconds must be between 0 and {MAX_AGE_S}"));
        }
        Ok(())
    }

    /// Whether pages of all origins may call.
    pub fn is_open(&self) -> bool {
        self.origins.iter().any(|origin| origin == "*")
    }
}

/// An origin as browsers write it: scheme, host, and the port unless it is the
/// scheme's own.
fn origin(text: &str) -> Checked {
    let bad = |reason: &str| Err(format!("allowOrigins has {text:?}: {reason}"));
    if text == "*" {
        return Ok(());
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return bad("an origin is SCHEME://HOST[:PORT], or '*'");
    };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    if !is_scheme {
        return bad("an origin is SCHEME://HOST[:PORT], or '*'");
    }
    if rest.contains(['/', '?', '#', '@']) {
        return bad("an origin has neither path nor user, nor a slash at its end");
    }
    if rest.contains('*') {
        return bad("a part of a host cannot be '*'; name each origin");
    }
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (rest, None),
    };
    let named = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    let is_host = match host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(inner) => inner.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(named),
    };
    if !is_host || text.len() > 300 {
        return bad("the host is not valid");
    }
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        return bad("browsers send scheme and host in lower case");
    }
    match (scheme, port) {
        ("http", Some("80")) | ("https", Some("443")) => {
            bad("browsers leave out the port that is the scheme's own")
        }
        (_, Some(port)) if port.starts_with('0') || port.parse::<u16>().is_err() => {
            bad("the port is not valid")
        }
        _ => Ok(()),
    }
}

fn is_header_name(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}
