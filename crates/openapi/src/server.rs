//! The document's server: its base path, and the address that adaptation
//! sends operations to.

use gw_model::check::is_http_uri;
use serde_json::Value;

use crate::{
    BasePath,
    context::{Context, Members, Version, scalar},
};

/// AWS's warning about further servers.
const MORE_SERVERS: &str = "More than one server provided. Ignoring all but the first for \
     defining endpoint configuration";

/// Warns about servers that AWS ignores.
pub(crate) fn warn_of_more(ctx: &mut Context<'_>) {
    if servers(ctx.root).nth(1).is_some() {
        ctx.warn(MORE_SERVERS);
    }
}

/// The first server, which holds the endpoint configuration in OpenAPI 3.
pub(crate) fn first(root: &Members) -> Option<&Value> {
    servers(root).next()
}

fn servers(holder: &Members) -> impl Iterator<Item = &Value> {
    holder.get("servers").and_then(Value::as_array).into_iter().flatten()
}

/// What precedes every path, by the query parameter `basepath`: empty, or
/// parts that each begin with a slash.
pub(crate) fn prefix(ctx: &Context<'_>) -> String {
    let skipped = match ctx.options.base_path {
        BasePath::Ignore => return String::new(),
        BasePath::Prepend => 0,
        BasePath::Split => 1,
    };
    let base = base_path(ctx);
    base.split('/').filter(|part| !part.is_empty()).skip(skipped).fold(
        String::new(),
        |mut prefix, part| {
            prefix.push('/');
            prefix.push_str(part);
            prefix
        },
    )
}

fn base_path(ctx: &Context<'_>) -> String {
    if ctx.version == Version::Swagger2 {
        return ctx.root.get("basePath").and_then(Value::as_str).unwrap_or_default().to_owned();
    }
    let Some(server) = first(ctx.root) else { return String::new() };
    let variable = server.get("variables").and_then(|variables| variables.get("basePath"));
    if let Some(text) = variable.and_then(|variable| variable.get("default")).and_then(scalar) {
        return text.into_owned();
    }
    let url = server.get("url").and_then(Value::as_str).unwrap_or_default();
    let url = fill(server, url).unwrap_or_else(|| url.to_owned());
    let after_host = match url.split_once("//") {
        Some((_, rest)) => rest.find('/').map_or("", |at| &rest[at..]),
        None => &url,
    };
    after_host.split(['?', '#']).next().unwrap_or_default().to_owned()
}

/// The address that an operation without integration is sent to: the first
/// usable server of the operation, of its path, of the document. No slash at
/// its end.
pub(crate) fn backend(ctx: &Context<'_>, holders: &[&Members]) -> Option<String> {
    if let Some(backend) = ctx.options.adapt.as_ref().and_then(|adapt| adapt.backend.as_deref()) {
        return Some(backend.trim_end_matches('/').to_owned());
    }
    if ctx.version == Version::Swagger2 {
        return swagger_backend(ctx.root);
    }
    let holder = holders.iter().copied().find(|holder| servers(holder).next().is_some());
    servers(holder.unwrap_or(ctx.root)).find_map(|server| {
        let url = fill(server, server.get("url")?.as_str()?)?;
        usable(&url)
    })
}

fn swagger_backend(root: &Members) -> Option<String> {
    let host = root.get("host")?.as_str()?.trim();
    let schemes: Vec<&str> = root
        .get("schemes")
        .and_then(Value::as_array)
        .map(|schemes| schemes.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    // Without schemes the client's own counts; HTTPS is the safe guess.
    let scheme = if schemes.is_empty() || schemes.contains(&"https") { "https" } else { "http" };
    let base = root.get("basePath").and_then(Value::as_str).unwrap_or_default();
    let slash = if base.is_empty() || base.starts_with('/') { "" } else { "/" };
    usable(&format!("{scheme}://{host}{slash}{base}"))
}

/// The address without query, fragment and final slash, if it names a host.
fn usable(url: &str) -> Option<String> {
    let url = url.trim().split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let url = if url.starts_with("//") { format!("https:{url}") } else { url.to_owned() };
    (is_http_uri(&url) && !url.contains(['{', '}'])).then_some(url)
}

/// The URL with each variable at its default (or first choice).
fn fill(server: &Value, url: &str) -> Option<String> {
    let mut filled = String::with_capacity(url.len());
    let mut rest = url;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        let variable = server.get("variables")?.get(name)?;
        let value =
            variable.get("default").or_else(|| variable.get("enum")?.get(0)).and_then(scalar)?;
        filled.push_str(before);
        filled.push_str(&value);
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Options;

    fn with<T>(document: &Value, options: &Options, f: impl FnOnce(&Context<'_>) -> T) -> T {
        let version =
            if document.get("swagger").is_some() { Version::Swagger2 } else { Version::OpenApi3 };
        f(&Context::new(document.as_object().unwrap(), version, options))
    }

    #[test]
    fn base_paths() {
        let url = |url: &str| json!({"openapi": "3.0.0", "servers": [{"url": url}]});
        let variable = json!({"openapi": "3.0.0", "servers": [
            {"url": "https://h/{basePath}", "variables": {"basePath": {"default": "/a/b"}}}]});
        let swagger = json!({"swagger": "2.0", "basePath": "/a/b/c"});
        let table = [
            (swagger.clone(), BasePath::Ignore, ""),
            (swagger.clone(), BasePath::Prepend, "/a/b/c"),
            (swagger, BasePath::Split, "/b/c"),
            (variable.clone(), BasePath::Prepend, "/a/b"),
            (variable, BasePath::Split, "/b"),
            (url("https://h.example/v1/x/?q"), BasePath::Prepend, "/v1/x"),
            (url("https://h.example"), BasePath::Prepend, ""),
            (url("/v2"), BasePath::Prepend, "/v2"),
            (url("/"), BasePath::Split, ""),
            (json!({"openapi": "3.0.0"}), BasePath::Prepend, ""),
        ];
        for (document, base_path, expected) in table {
            let options = Options { base_path, ..Options::default() };
            assert_eq!(with(&document, &options, prefix), expected, "{document}");
        }
    }

    #[test]
    fn backends() {
        let url = |url: &str| json!({"openapi": "3.0.0", "servers": [{"url": url}]});
        let scheme = json!({"openapi": "3.0.0", "servers": [{"url": "{s}://h/api/",
            "variables": {"s": {"default": "https", "enum": ["http"]}}}]});
        let table = [
            (url("https://api.github.com"), Some("https://api.github.com")),
            (url("//h/x/"), Some("https://h/x")),
            (url("/relative"), None),
            (url("https://{unknown}/"), None),
            (url("ftp://h"), None),
            (scheme, Some("https://h/api")),
            (json!({"openapi": "3.0.0"}), None),
            (
                json!({"openapi": "3.0.0", "servers": [{"url": "/"}, {"url": "http://b"}]}),
                Some("http://b"),
            ),
            (json!({"swagger": "2.0", "host": "h:81", "basePath": "/v"}), Some("https://h:81/v")),
            (json!({"swagger": "2.0", "host": "h", "schemes": ["http"]}), Some("http://h")),
            (json!({"swagger": "2.0", "basePath": "/v"}), None),
        ];
        let options = Options::adapting(None);
        for (document, expected) in table {
            let found = with(&document, &options, |ctx| backend(ctx, &[]));
            assert_eq!(found.as_deref(), expected, "{document}");
        }
        let options = Options::adapting(Some("http://mine/x/".into()));
        let found = with(&url("https://h"), &options, |ctx| backend(ctx, &[]));
        assert_eq!(found.as_deref(), Some("http://mine/x"));
    }
}
