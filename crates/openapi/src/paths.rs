//! The document's paths become resources with operations.

use std::collections::BTreeMap;

use gw_model::HttpMethod;
use serde_json::Value;

use crate::{
    adapt::{self, Adapted},
    context::{Context, Members},
    operation::VERBS,
    server, tree,
};

/// An operation and where it will live.
#[derive(Debug)]
pub(crate) struct Operation<'d> {
    /// The path as the document has it.
    pub(crate) source: &'d str,
    /// The path of its resource.
    pub(crate) path: String,
    pub(crate) verb: HttpMethod,
    /// The path item around it.
    pub(crate) item: &'d Members,
    pub(crate) members: &'d Members,
    /// Variables that adaptation renamed: the document's name -> the resource's.
    pub(crate) variables: BTreeMap<String, String>,
    /// What adaptation made of the path; `None` without adaptation.
    pub(crate) adapted: Option<Adapted>,
}

/// All paths of a document: the resources, in document order, and the operations.
pub(crate) fn read<'d>(ctx: &mut Context<'d>) -> (Vec<String>, Vec<Operation<'d>>) {
    let prefix = server::prefix(ctx);
    let mut items = Vec::new();
    for (path, value) in ctx.member(ctx.root, "paths", "").into_iter().flatten() {
        if path.starts_with("x-") {
            continue;
        }
        if !path.starts_with('/') {
            ctx.refuse_or_drop(
                path,
                format!("Unable to create resource at path '{path}': Resource {path} should start with /"),
            );
            continue;
        }
        let place = format!("paths.'{path}'");
        let Some(value) = ctx.resolve(value, &place) else { continue };
        if let Some(item) = ctx.map(value, &place) {
            items.push((path.as_str(), item));
        }
    }
    let sources: Vec<&str> = items.iter().map(|(path, _)| *path).collect();
    let arranged = if ctx.adapting() {
        adapt::arrange(ctx, &prefix, &sources)
    } else {
        plain(ctx, &prefix, &sources)
    };
    let mut resources = Vec::new();
    let mut operations = Vec::new();
    for ((source, item), place) in items.into_iter().zip(arranged) {
        let Some((path, adapted)) = place else { continue };
        read_item(ctx, (source, item), &path, adapted.as_ref(), &mut operations);
        resources.push(path);
    }
    (resources, operations)
}

/// AWS's way: the paths as they are. Faults are reported; paths at fault stay
/// in, so that the faults of their operations are reported as well.
fn plain(
    ctx: &mut Context<'_>,
    prefix: &str,
    sources: &[&str],
) -> Vec<Option<(String, Option<Adapted>)>> {
    let mut seen = std::collections::BTreeSet::new();
    let mut paths = Vec::with_capacity(sources.len());
    for source in sources {
        let path = joined(prefix, source);
        if !seen.insert(path.clone()) {
            let part = path.rsplit('/').next().unwrap_or_default();
            ctx.error(format!(
                "Unable to create resource at path '{source}': Another resource with the same \
                 parent already has this name: {part}"
            ));
        }
        paths.push(path);
    }
    for fault in tree::faults(paths.iter().map(String::as_str)) {
        ctx.error(fault);
    }
    paths.into_iter().map(|path| Some((path, None))).collect()
}

/// The path below the prefix, without a slash at its end.
pub(crate) fn joined(prefix: &str, path: &str) -> String {
    let path = format!("{prefix}{}", path.strip_suffix('/').unwrap_or(path));
    if path.is_empty() { "/".to_owned() } else { path }
}

fn read_item<'d>(
    ctx: &mut Context<'d>,
    (source, item): (&'d str, &'d Members),
    path: &str,
    adapted: Option<&Adapted>,
    operations: &mut Vec<Operation<'d>>,
) {
    for (key, verb) in VERBS {
        let Some(value) = item.get(key).filter(|value| !value.is_null()) else { continue };
        let place = format!("paths.'{source}'({key})");
        let Some(members) = ctx.map(value, &place) else { continue };
        if !ctx.spend(value) || !item.get("parameters").is_none_or(|list| ctx.spend(list)) {
            return;
        }
        operations.push(Operation {
            source,
            path: path.to_owned(),
            verb,
            item,
            members,
            variables: adapted.map(|adapted| adapted.renamed.clone()).unwrap_or_default(),
            adapted: adapted.cloned(),
        });
    }
    if item.get("trace").is_some_and(Value::is_object) {
        ctx.warn(format!("Unsupported method 'TRACE' of resource '{source}'. Ignoring."));
    }
}
