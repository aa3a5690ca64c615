//! AWS's other form of an answer: HAL, with links and embedded resources.
//!
//! It is made out of the plain answer, by a table of the kinds of resource
//! ([`kinds`](self::kinds)): which address each has, where it links to, and
//! which of its members are resources themselves. As AWS does, a single link
//! or embedded resource stands for itself and several are an array, times are
//! ISO 8601, and members are sorted by name.

mod kinds;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use kinds::{Embed, KINDS, Kind};

/// The media type of HAL.
pub const MEDIA_TYPE: &str = "application/hal+json";

const DOCS: &str = "https://docs.aws.amazon.com/apigateway/latest/developerguide";

/// Whether a request asks for HAL: by name, or, as at AWS, by not saying at
/// all what it takes. Who names `application/json`, as every SDK does, or
/// takes anything gets the plain form. `accept` is every `Accept` header.
pub fn is_asked_for<'h>(accept: impl IntoIterator<Item = &'h str>) -> bool {
    let (mut said, mut hal, mut plain) = (false, 0.0_f32, 0.0_f32);
    for range in accept.into_iter().flat_map(|header| header.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default();
        if media_type.is_empty() {
            continue;
        }
        said = true;
        let quality = parts
            .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
            .map_or(1.0, |q| q.trim().parse().unwrap_or(0.0));
        if media_type.eq_ignore_ascii_case(MEDIA_TYPE) {
            hal = hal.max(quality);
        } else if media_type.eq_ignore_ascii_case("application/json") {
            plain = plain.max(quality);
        }
    }
    !said || hal > plain
}

/// The HAL form of a successful answer of an AWS operation; `None` where there
/// is no other than the plain one. `target` is path and query of the request.
pub fn render(method: &str, target: &str, plain: &Value) -> Option<Value> {
    let members = plain.as_object()?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = path.trim_end_matches('/');
    let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    if members.get("item").is_some_and(Value::is_array) {
        let kind = KINDS.iter().find(|kind| kind.matches_list(&segments))?;
        return Some(list(kind, path, query, members));
    }
    let (kind, own) = single(method, &segments, members)?;
    let mut curies = BTreeSet::new();
    let mut body = resource(kind, &own, members, &mut curies);
    add_curies(&mut body, &curies);
    Some(Value::Object(body))
}

/// The kind of a single resource and its address: the request's own, but for
/// creations, whose answers tell the id.
fn single<'k>(
    method: &str,
    segments: &[&str],
    members: &Map<String, Value>,
) -> Option<(&'k Kind, String)> {
    let id = |kind: &Kind| members.get(kind.id).and_then(Value::as_str).map(encoded);
    if method == "POST"
        && let Some(kind) = KINDS.iter().find(|kind| kind.matches_list(segments))
    {
        return Some((kind, format!("/{}/{}", segments.join("/"), id(kind)?)));
    }
    let kind = KINDS.iter().find(|kind| kind.matches(segments))?;
    let mut own = segments.to_vec();
    let told = id(kind);
    match (&told, own.last_mut()) {
        (Some(told), Some(last)) if kind.path.ends_with('*') => *last = told,
        // Such as a test of a method: an answer about something else.
        (None, _) if method == "POST" => return None,
        _ => {}
    }
    Some((kind, format!("/{}", own.join("/"))))
}

/// One segment of a path.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~*".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn link(href: &str) -> Value {
    if href.contains('{') {
        json!({"href": href, "templated": true})
    } else {
        json!({"href": href})
    }
}

fn named_link(href: &str, name: &str) -> Value {
    json!({"href": href, "name": name, "title": name})
}

/// One stands for itself.
fn one_or_many(mut values: Vec<Value>) -> Value {
    if values.len() == 1 { values.remove(0) } else { Value::Array(values) }
}

/// A resource without curies, whose relations are noted in `curies`.
fn resource(
    kind: &Kind,
    own: &str,
    members: &Map<String, Value>,
    curies: &mut BTreeSet<String>,
) -> Map<String, Value> {
    let mut links = BTreeMap::new();
    for (relation, href) in kind.links {
        links.insert((*relation).to_owned(), link(&filled(href, own, members)));
    }
    let mut properties = BTreeMap::new();
    let mut embedded = BTreeMap::new();
    for (name, value) in members {
        match kind.embeds.iter().find(|embed| embed.member == name) {
            Some(embed) => embed_member(embed, own, value, &mut links, &mut embedded, curies),
            None => _ = properties.insert(name.clone(), dated(name, value)),
        }
    }
    curies.extend(links.keys().filter_map(|relation| prefix(relation)));
    let mut body = Map::new();
    body.insert("_links".to_owned(), with_self(own, links));
    body.extend(properties);
    if !embedded.is_empty() {
        body.insert("_embedded".to_owned(), Value::Object(embedded.into_iter().collect()));
    }
    body
}

fn embed_member(
    embed: &Embed,
    own: &str,
    value: &Value,
    links: &mut BTreeMap<String, Value>,
    embedded: &mut BTreeMap<String, Value>,
    curies: &mut BTreeSet<String>,
) {
    let (Some(kind), Some(members)) = (Kind::named(embed.kind), value.as_object()) else { return };
    let relation = embed.relation.to_owned();
    if !embed.is_map {
        let place = format!("{own}{}", embed.below);
        links.insert(relation.clone(), link(&place));
        embedded.insert(relation, Value::Object(resource(kind, &place, members, curies)));
        return;
    }
    let (mut to, mut whole) = (Vec::new(), Vec::new());
    for (name, value) in members {
        let place = format!("{own}{}/{}", embed.below, encoded(name));
        to.push(named_link(&place, name));
        // Without more than its name it is not embedded, only linked.
        if let Some(members) = value.as_object().filter(|members| !members.is_empty()) {
            let mut inner = resource(kind, &place, members, curies);
            if let Some(own_link) = inner.get_mut("_links").and_then(|links| links.get_mut("self"))
            {
                *own_link = named_link(&place, name);
            }
            whole.push(Value::Object(inner));
        }
    }
    if !to.is_empty() {
        links.insert(relation.clone(), one_or_many(to));
    }
    if !whole.is_empty() {
        embedded.insert(relation, one_or_many(whole));
    }
}

fn list(kind: &Kind, path: &str, query: &str, members: &Map<String, Value>) -> Value {
    let mut curies = BTreeSet::new();
    let mut links = BTreeMap::new();
    for (relation, href) in kind.list_links {
        links.insert((*relation).to_owned(), link(&filled(href, path, members)));
    }
    let (mut to, mut whole) = (Vec::new(), Vec::new());
    for item in members.get("item").and_then(Value::as_array).into_iter().flatten() {
        let Some(inner) = item.as_object() else { continue };
        let id = inner.get(kind.id).and_then(Value::as_str).unwrap_or_default();
        let place = format!("{path}/{}", encoded(id));
        to.push(link(&place));
        whole.push(Value::Object(resource(kind, &place, inner, &mut curies)));
    }
    if let Some(position) = members.get("position").and_then(Value::as_str) {
        let mut pairs: Vec<String> = query
            .split('&')
            .filter(|pair| !pair.is_empty() && !pair.starts_with("position="))
            .map(str::to_owned)
            .collect();
        pairs.push(format!("position={position}"));
        links.insert("next".to_owned(), json!({"href": format!("{path}?{}", pairs.join("&"))}));
    }
    if !to.is_empty() {
        links.insert("item".to_owned(), one_or_many(to));
    }
    curies.extend(links.keys().filter_map(|relation| prefix(relation)));
    let own = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    let mut body = Map::new();
    body.insert("_links".to_owned(), with_self(&own, links));
    for (name, value) in members {
        if name != "item" {
            body.insert(name.clone(), value.clone());
        }
    }
    if !whole.is_empty() {
        body.insert("_embedded".to_owned(), json!({"item": one_or_many(whole)}));
    }
    add_curies(&mut body, &curies);
    Value::Object(body)
}

/// `self` before the relations, which are sorted.
fn with_self(own: &str, links: BTreeMap<String, Value>) -> Value {
    let mut all = Map::new();
    all.insert("self".to_owned(), json!({"href": own}));
    all.extend(links);
    Value::Object(all)
}

/// Puts the curies of all relations, embedded ones too, first.
fn add_curies(body: &mut Map<String, Value>, curies: &BTreeSet<String>) {
    let Some(Value::Object(links)) = body.get_mut("_links") else { return };
    if curies.is_empty() {
        return;
    }
    let curie = |name: &String| {
        let page = kinds::doc_page(name);
        json!({"href": format!("{DOCS}/{page}-{{rel}}.html"), "name": name, "templated": true})
    };
    let mut all = Map::new();
    all.insert("curies".to_owned(), one_or_many(curies.iter().map(curie).collect()));
    all.extend(std::mem::take(links));
    *links = all;
}

fn prefix(relation: &str) -> Option<String> {
    relation.split_once(':').map(|(prefix, _)| prefix.to_owned())
}

/// Fills in `$self`, `$n` (the first n segments of the own address) and
/// `$root` (the member `rootResourceId`).
fn filled(href: &str, own: &str, members: &Map<String, Value>) -> String {
    let Some((_, rest)) = href.split_once('$') else { return href.to_owned() };
    if let Some(rest) = rest.strip_prefix("self") {
        let root = members.get("rootResourceId").and_then(Value::as_str).unwrap_or_default();
        return format!("{own}{}", rest.replace("$root", root));
    }
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let count: usize = rest[..digits].parse().unwrap_or_default();
    let kept: Vec<&str> = own.split('/').take(count + 1).collect();
    format!("{}{}", kept.join("/"), &rest[digits..])
}

/// Epoch seconds of a date as HAL prints them.
fn dated(name: &str, value: &Value) -> Value {
    let is_date = name.ends_with("Date") && name != "startDate" && name != "endDate";
    let text = value
        .as_i64()
        .filter(|_| is_date)
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .and_then(|at| at.format(&Rfc3339).ok());
    text.map_or_else(|| value.clone(), Value::from)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
