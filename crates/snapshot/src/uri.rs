//! Addresses of HTTP backends: checked once, filled in per request.

use std::{any::Any, collections::HashMap, fmt, sync::Arc};

use bytes::Bytes;
use gw_model::Variables;
use http::uri::{Authority, PathAndQuery};

use crate::{MappedRequest, Source, Values, prepared::Prepared, source::push_query_pair};

/// Why a text is no backend's address. AWS answers requests to one with 500
/// and logs `Invalid endpoint address`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid endpoint address {address:?}: {reason}")]
pub struct InvalidAddress {
    /// The address, stage variables filled in.
    pub address: String,
    /// What is wrong.
    pub reason: String,
}

/// Scheme, host and port of a backend, shared by all routes that go there.
pub struct Origin {
    /// `https`.
    pub is_tls: bool,
    /// A name or address, IPv6 in brackets; lower case.
    pub host: Box<str>,
    /// The port, if one is written.
    pub port: Option<u16>,
    /// The certificate's issuer is not checked.
    pub insecure_skip_verification: bool,
    prepared: Prepared,
}

impl Origin {
    /// What the data plane made of this origin. The first call makes it, so
    /// that no request looks an origin up by its text; `None` if that failed
    /// or another type was made before.
    pub fn prepared<T: Any + Send + Sync>(
        &self,
        make: impl FnOnce(&Self) -> Option<T>,
    ) -> Option<&T> {
        self.prepared.get(|| make(self))
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl PartialEq for Origin {
    fn eq(&self, other: &Self) -> bool {
        self.is_tls == other.is_tls
            && self.host == other.host
            && self.port == other.port
            && self.insecure_skip_verification == other.insecure_skip_verification
    }
}

impl Eq for Origin {}

/// Origins by scheme and authority, while an API is compiled or bound.
pub(crate) type Origins = HashMap<(bool, String, bool), Arc<Origin>>;

/// A part of a backend's path and query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Goes as it stands.
    Text(Box<str>),
    /// Filled in per request; nothing if absent.
    Value {
        /// Where from.
        source: Source,
        /// Behind the question mark.
        is_query: bool,
    },
}

/// A backend's address, ready but for the values of a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Target {
    /// Where to connect to.
    pub origin: Arc<Origin>,
    pieces: Box<[Piece]>,
    has_query: bool,
    /// The whole of it, if no request changes it.
    fixed: Option<PathAndQuery>,
}

impl Target {
    /// Reads an address without stage variables left in it. `places` says
    /// where `{name}` comes from.
    pub(crate) fn parse(
        address: &str,
        places: &[(Box<str>, Source)],
        insecure_skip_verification: bool,
        origins: &mut Origins,
    ) -> Result<Self, InvalidAddress> {
        let invalid = |reason: String| InvalidAddress { address: address.to_owned(), reason };
        let (is_tls, rest) = if let Some(rest) = strip_scheme(address, "http://") {
            (false, rest)
        } else if let Some(rest) = strip_scheme(address, "https://") {
            (true, rest)
        } else {
            return Err(invalid("it does not start with http:// or https://".to_owned()));
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let origin = match origins.entry((is_tls, authority.to_owned(), insecure_skip_verification))
        {
            std::collections::hash_map::Entry::Occupied(known) => known.get().clone(),
            std::collections::hash_map::Entry::Vacant(new) => new
                .insert(Arc::new(
                    origin(is_tls, authority, insecure_skip_verification).map_err(invalid)?,
                ))
                .clone(),
        };
        let (pieces, has_query) = pieces(path, places).map_err(invalid)?;
        let fixed = match &*pieces {
            [Piece::Text(text)] => {
                Some(PathAndQuery::try_from(&**text).map_err(|error| invalid(error.to_string()))?)
            }
            _ => None,
        };
        Ok(Self { origin, pieces, has_query, fixed })
    }

    /// The path and query of one request: the address, then the client's own
    /// query, then mapped parameters. `None` if the values make it invalid.
    pub fn path_and_query(
        &self,
        values: &dyn Values,
        client_query: Option<&str>,
        mapped: &[(Box<str>, Source)],
    ) -> Option<PathAndQuery> {
        let client_query = client_query.filter(|query| !query.is_empty());
        if let Some(fixed) = &self.fixed
            && client_query.is_none()
            && mapped.is_empty()
        {
            return Some(fixed.clone());
        }
        let mut out = Vec::with_capacity(96 + client_query.map_or(0, str::len));
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
                Piece::Value { source, is_query } => match source.value(values) {
                    Some(value) if *is_query => value.push_query(&mut out),
                    Some(value) => value.push_path(&mut out),
                    None => {}
                },
            }
        }
        let mut separator = if self.has_query { b'&' } else { b'?' };
        if let Some(query) = client_query {
            out.push(separator);
            separator = b'&';
            out.extend_from_slice(query.as_bytes());
        }
        for (name, source) in mapped {
            push_mapped(&mut out, &mut separator, name, source, values);
        }
        PathAndQuery::from_maybe_shared(Bytes::from(out)).ok()
    }

    /// The path and query of one mapped request: the address with its places
    /// filled, then the mapped query. `None` if the values make it invalid.
    pub fn mapped(&self, request: &MappedRequest) -> Option<PathAndQuery> {
        if let Some(fixed) = &self.fixed
            && request.query.is_empty()
        {
            return Some(fixed.clone());
        }
        let mut out = Vec::with_capacity(128);
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
                Piece::Value { source: Source::Mapped(name), is_query } => {
                    let found = request.path.iter().find(|(known, _)| **known == **name);
                    match found.map(|(_, value)| crate::Value::Encoded(value)) {
                        Some(value) if *is_query => value.push_query(&mut out),
                        Some(value) => value.push_path(&mut out),
                        None => {}
                    }
                }
                Piece::Value { .. } => {}
            }
        }
        let mut separator = if self.has_query { b'&' } else { b'?' };
        for (name, value) in &request.query {
            out.push(separator);
            separator = b'&';
            push_query_pair(&mut out, name, value);
        }
        PathAndQuery::from_maybe_shared(Bytes::from(out)).ok()
    }

    /// Bytes on the heap, without the shared origin.
    pub(crate) fn size_bytes(&self) -> usize {
        let text = |piece: &Piece| if let Piece::Text(text) = piece { text.len() } else { 24 };
        let fixed = self.fixed.as_ref().map_or(0, |fixed| fixed.as_str().len());
        size_of::<Self>()
            + size_of_val(&*self.pieces)
            + self.pieces.iter().map(text).sum::<usize>()
            + fixed
    }
}

fn push_mapped(
    out: &mut Vec<u8>,
    separator: &mut u8,
    name: &str,
    source: &Source,
    values: &dyn Values,
) {
    let mut start = |out: &mut Vec<u8>| {
        out.push(*separator);
        *separator = b'&';
        out.extend_from_slice(name.as_bytes());
        out.push(b'=');
    };
    // A list stays a list: one parameter for each value.
    if let Source::QueryList(from) = source {
        values.query_list(from, &mut |value| {
            start(out);
            let text = std::borrow::Cow::Borrowed(value);
            crate::Value::Text { text, is_trusted: false }.push_query(out);
        });
    } else if let Some(value) = source.value(values) {
        start(out);
        value.push_query(out);
    }
}

/// Fills in `${stageVariables.x}`; an undefined variable is empty, and any
/// other `${...}` stays.
pub fn fill_variables(address: &str, variables: &Variables) -> String {
    const OPEN: &str = "${stageVariables.";
    let mut out = String::with_capacity(address.len());
    let mut rest = address;
    while let Some((before, behind)) = rest.split_once(OPEN) {
        out.push_str(before);
        let Some((name, tail)) = behind.split_once('}') else {
            out.push_str(OPEN);
            rest = behind;
            continue;
        };
        out.push_str(variables.get(name).map_or("", String::as_str));
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// Whether [`fill_variables`] would find something.
pub(crate) fn has_variables(address: &str) -> bool {
    address.contains("${stageVariables.")
}

fn strip_scheme<'a>(address: &'a str, scheme: &str) -> Option<&'a str> {
    let start = address.get(..scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then(|| address.get(scheme.len()..)).flatten()
}

fn origin(
    is_tls: bool,
    authority: &str,
    insecure_skip_verification: bool,
) -> Result<Origin, String> {
    if authority.is_empty() {
        return Err("it has no host".to_owned());
    }
    if authority.contains(['{', '}', '@']) {
        return Err(format!("{authority:?} is not a host"));
    }
    let parsed = Authority::try_from(authority).map_err(|error| error.to_string())?;
    let host = parsed.host().to_ascii_lowercase();
    let port = match authority.get(host.len()..) {
        None | Some("" | ":") => None,
        Some(_) => match parsed.port_u16() {
            Some(port) if port > 0 => Some(port),
            _ => return Err(format!("{authority:?} has an impossible port")),
        },
    };
    if host.is_empty() {
        return Err("it has no host".to_owned());
    }
    let host = host.into();
    Ok(Origin { is_tls, host, port, insecure_skip_verification, prepared: Prepared::default() })
}

/// Cuts path and query at `{name}`.
fn pieces(path: &str, places: &[(Box<str>, Source)]) -> Result<(Box<[Piece]>, bool), String> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    if !path.starts_with('/') {
        text.push('/');
    }
    let mut is_query = false;
    let mut rest = path;
    // All that is wrong, each thing once.
    let mut reasons: Vec<String> = Vec::new();
    let mut fault = |reason: String| {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    };
    while let Some(c) = rest.chars().next() {
        let tail = rest.get(c.len_utf8()..).unwrap_or_default();
        if c == '{' {
            let Some((name, behind)) = tail.split_once('}') else {
                fault("a { is not closed".to_owned());
                break;
            };
            rest = behind;
            let Some((_, source)) = places.iter().find(|(place, _)| **place == *name) else {
                fault(format!("{{{name}}} has no integration.request.path mapping"));
                continue;
            };
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text).into()));
            }
            pieces.push(Piece::Value { source: source.clone(), is_query });
            continue;
        }
        if !c.is_ascii_graphic() || "\"<>\\^`|}".contains(c) {
            fault(format!("illegal character {c:?}"));
        }
        is_query |= c == '?';
        text.push(c);
        rest = tail;
    }
    if !reasons.is_empty() {
        return Err(reasons.join("; "));
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text.into()));
    }
    Ok((pieces.into(), is_query))
}
