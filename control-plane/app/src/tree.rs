//! The rules of the resource tree, in AWS's words.

use std::collections::BTreeMap;

use gw_model::{Resource, ResourceId, check, name::PathPart};

use crate::{Error, Result, error::Kind};

/// Whether a resource with this name may stand below `parent`, beside `siblings`.
pub(crate) fn check_place(parent: &Resource, part: &str, siblings: &[&str]) -> Result<()> {
    let is_variable = |part: &str| PathPart::parse(part).is_some_and(|p| p.variable().is_some());
    if siblings.contains(&part) {
        let message =
            format!("Another resource with the same parent already has this name: {part}");
        return Err(Error::Conflict(message));
    }
    let variable = siblings.iter().copied().find(|sibling| is_variable(sibling));
    check::place(&parent.path, part, variable).map_err(Error::BadRequest)
}

/// The path of `part` below `parent`.
pub(crate) fn join(parent: &str, part: &str) -> String {
    format!("{}/{part}", parent.trim_end_matches('/'))
}

/// Moves or renames a resource in its tree; the new state of every resource
/// whose place or path changed.
pub(crate) fn relocate(
    tree: &BTreeMap<ResourceId, Resource>,
    id: &ResourceId,
    parent_id: &ResourceId,
    part: &str,
) -> Result<BTreeMap<ResourceId, Resource>> {
    let parent =
        tree.get(parent_id).ok_or_else(|| Error::not_found(Kind::Resource, parent_id.as_str()))?;
    let mut above = Some(parent_id);
    while let Some(current) = above {
        if current == id {
            return Err(Error::bad_request("Resources cannot be cyclical."));
        }
        above = tree.get(current).and_then(|resource| resource.parent_id.as_ref());
    }
    let siblings: Vec<&str> = tree
        .iter()
        .filter(|(other, resource)| *other != id && resource.parent_id.as_ref() == Some(parent_id))
        .map(|(_, resource)| resource.path_part.as_str())
        .collect();
    check_place(parent, part, &siblings)?;
    let mut moved = BTreeMap::new();
    let mut place = |id: &ResourceId, parent_id: &ResourceId, part: &str, path: String| {
        let resource = Resource {
            parent_id: Some(parent_id.clone()),
            path_part: part.to_owned(),
            path,
            methods: BTreeMap::new(),
        };
        moved.insert(id.clone(), resource);
    };
    let path = join(&parent.path, part);
    place(id, parent_id, part, path.clone());
    let mut open = vec![(id.clone(), path)];
    while let Some((above, path)) = open.pop() {
        for (child, resource) in tree {
            if resource.parent_id.as_ref() == Some(&above) {
                let path = join(&path, &resource.path_part);
                place(child, &above, &resource.path_part, path.clone());
                open.push((child.clone(), path));
            }
        }
    }
    let greedy_inside = matches!(PathPart::parse(part), Some(PathPart::Greedy(_)));
    if greedy_inside && moved.len() > 1 {
        let message =
            format!("Cannot create a child of a resource with a greedy path variable: {part}");
        return Err(Error::BadRequest(message));
    }
    Ok(moved)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn tree(entries: &[(&str, Option<&str>, &str, &str)]) -> BTreeMap<ResourceId, Resource> {
        entries
            .iter()
            .map(|(id, parent, part, path)| {
                let resource = Resource {
                    parent_id: parent.map(ResourceId::from),
                    path_part: (*part).to_owned(),
                    path: (*path).to_owned(),
                    methods: BTreeMap::new(),
                };
                (ResourceId::from(*id), resource)
            })
            .collect()
    }

    fn sample() -> BTreeMap<ResourceId, Resource> {
        tree(&[
            ("r", None, "", "/"),
            ("a", Some("r"), "a", "/a"),
            ("b", Some("a"), "{b}", "/a/{b}"),
            ("c", Some("b"), "c", "/a/{b}/c"),
            ("g", Some("r"), "{g+}", "/{g+}"),
        ])
    }

    #[test]
    fn moves_take_their_subtree() {
        let moved = relocate(&sample(), &"b".into(), &"r".into(), "x").unwrap();
        let paths: Vec<_> = moved.values().map(|resource| resource.path.as_str()).collect();
        assert_eq!(paths, ["/x", "/x/c"]);
    }

    #[test]
    fn rules_of_places() {
        let cases = [
            ("b", "r", "a", "already has this name: a"),
            ("b", "r", "{z}", "A sibling ({g+})"),
            ("a", "c", "a", "cyclical"),
            ("a", "g", "a", "greedy path variable: {g+}"),
            ("a", "r", "x y", "path part only allow"),
            ("c", "b", "{b}", "Duplicate path variable"),
            ("b", "a", "{b+}", "greedy path variable: {b+}"),
            ("b", "nowhere", "b", "resource nowhere does not exist"),
        ];
        for (id, parent, part, message) in cases {
            let error = relocate(&sample(), &id.into(), &parent.into(), part).unwrap_err();
            assert!(error.to_string().contains(message), "{id} {parent} {part}: {error}");
        }
    }
}
