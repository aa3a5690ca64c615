//! The router against a matcher that simply tries every template.

use gw_route::{Address, DomainSuffixes, Router};

/// Templates, one a line; an empty line; then pairs of a host and a path, also
/// one a line.
///
/// # Panics
/// When router and simple matcher disagree, or an address is not made of its
/// request's parts.
pub fn route(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (templates, requests) = text.split_once("\n\n").unwrap_or(("/", text));
    let templates: Vec<&str> = templates.lines().take(64).collect();
    let router = Router::build(templates.iter().copied().zip(0..)).ok();
    let mut lines = requests.lines().take(64);
    while let (Some(host), Some(path)) = (lines.next(), lines.next()) {
        let behind = address(host, path).unwrap_or(path);
        let Some(router) = &router else { continue };
        for path in [path, behind] {
            let found = router.find(path).map(|found| {
                let params = found.params.iter().map(|span| span.of(path).to_owned());
                (found.resource, params.collect::<Vec<_>>())
            });
            assert_eq!(found, simple(&templates, path), "{path:?} in {templates:?}");
        }
    }
}

fn address<'p>(host: &str, path: &'p str) -> Option<&'p str> {
    let some = DomainSuffixes::only(["localhost", "example.com"]);
    let any = Address::read(host, path, &DomainSuffixes::any());
    if let Some(strict) = Address::read(host, path, &some) {
        assert_eq!(Some(&strict), any.as_ref(), "any suffix allows what some do");
    }
    let address = any?;
    let behind = path.get(address.path_start..).expect("the rest starts within the path");
    assert!(behind.is_empty() || behind.starts_with('/'));
    assert!(!address.stage.is_empty() && !address.stage.contains('/'));
    assert!(!address.api.is_empty() && path[..address.path_start].ends_with(address.stage));
    if !path.starts_with(gw_route::GATEWAY_PREFIX) {
        let prefix = format!("{}.execute-api.", address.api);
        assert!(host.to_ascii_lowercase().starts_with(&prefix));
    }
    Some(behind)
}

/// The number of the best template and its captures: of all that match, the
/// one whose segments are static, then variable, then greedy the earliest.
fn simple(templates: &[&str], path: &str) -> Option<(u32, Vec<String>)> {
    let wanted: Vec<&str> = match path.trim_matches('/') {
        "" => Vec::new(),
        inner => inner.split('/').collect(),
    };
    if path.split('/').any(|segment| matches!(decoded(segment).as_slice(), b"." | b"..")) {
        return None;
    }
    let ranked = templates.iter().zip(0..).filter_map(|(template, number)| {
        let (rank, params) = matches(template, &wanted)?;
        Some((rank, number, params))
    });
    ranked.min().map(|(_, number, params)| (number, params))
}

fn matches(template: &str, wanted: &[&str]) -> Option<(Vec<u8>, Vec<String>)> {
    let parts: Vec<&str> = match template.trim_start_matches('/') {
        "" => Vec::new(),
        inner => inner.split('/').collect(),
    };
    let (mut rank, mut params) = (Vec::new(), Vec::new());
    for (at, part) in parts.iter().enumerate() {
        let here = wanted.get(at)?;
        if part.ends_with("+}") {
            rank.push(2);
            params.push(wanted[at..].join("/"));
            return Some((rank, params));
        }
        if here.is_empty() {
            return None;
        }
        if part.starts_with('{') {
            rank.push(1);
            params.push((*here).to_owned());
        } else if decoded(here) == part.as_bytes() {
            rank.push(0);
        } else {
            return None;
        }
    }
    (parts.len() == wanted.len()).then_some((rank, params))
}

/// Undoes the percent-encoding of letters, digits and `-._~`, once.
fn decoded(segment: &str) -> Vec<u8> {
    let bytes = segment.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let code = bytes.get(at + 1..at + 3).filter(|code| code.iter().all(u8::is_ascii_hexdigit));
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        let value = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        match value.filter(|b| b.is_ascii_alphanumeric() || b"-._~".contains(b)) {
            Some(byte) if bytes[at] == b'%' => {
                out.push(byte);
                at += 3;
            }
            _ => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    out
}
