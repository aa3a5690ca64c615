//! AWS's rules for the tree of resources.

use std::collections::{BTreeMap, BTreeSet};

use gw_model::{check, name::PathPart};

/// Every rule that a set of resource paths breaks, once for each resource at
/// fault: forbidden characters, a second variable below one parent, a variable's
/// name twice along a path, a child of a greedy variable. Parents are implied. Each text is AWS's and names
/// the path; of two variables the later one is at fault.
pub fn faults<'a>(paths: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut tree = Checked::default();
    let mut errors = Vec::new();
    for path in paths.into_iter().filter(|path| *path != "/") {
        for (at, part) in parts(path) {
            let (parent, here) = (&path[..at], &path[..at + 1 + part.len()]);
            if tree.bad.contains(here) {
                // What lies below fails for the same reason, said once.
                break;
            }
            if !tree.good.contains(here) {
                if let Err(reason) = tree.add(parent, part) {
                    errors.push(format!("Unable to create resource at path '{here}': {reason}"));
                    tree.bad.insert(here);
                    break;
                }
                tree.good.insert(here);
            }
        }
    }
    errors
}

/// The parts of a path, each with the position of the slash before it.
fn parts(path: &str) -> impl Iterator<Item = (usize, &str)> {
    path.match_indices('/').map(|(at, _)| {
        let rest = &path[at + 1..];
        (at, rest.split('/').next().unwrap_or(rest))
    })
}

#[derive(Default)]
struct Checked<'a> {
    good: BTreeSet<&'a str>,
    bad: BTreeSet<&'a str>,
    /// Parent path -> its variable child.
    variables: BTreeMap<&'a str, &'a str>,
}

impl<'a> Checked<'a> {
    fn add(&mut self, parent: &'a str, part: &'a str) -> Result<(), String> {
        check::place(parent, part, self.variables.get(parent).copied())?;
        if PathPart::parse(part).is_some_and(|parsed| parsed.variable().is_some()) {
            self.variables.insert(parent, part);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use gw_model::check::BAD_PATH_PART;

    use super::*;

    #[test]
    fn every_rule_is_named_once() {
        let sibling = |at: &str, of: &str| {
            format!(
                "Unable to create resource at path '{at}': A sibling ({of}) of this resource \
                 already has a variable path part -- only one is allowed"
            )
        };
        let bad = |at: &str| format!("Unable to create resource at path '{at}': {BAD_PATH_PART}");
        let repeated = "Unable to create resource at path '/a/{b}/c/{b}': Duplicate path variable \
                        name {b} in /a/{b}/c/{b}";
        let table: [(&[&str], Vec<String>); 9] = [
            (&["/", "/pets", "/pets/{id}", "/pets/{id}/toys", "/pets/x"], vec![]),
            (&["/a/{b}", "/a/{c}", "/a/{c}/d", "/a/{c}/e"], vec![sibling("/a/{c}", "{b}")]),
            (&["/{p+}", "/{q+}"], vec![sibling("/{q+}", "{p+}")]),
            (&["/{p+}", "/{p}"], vec![sibling("/{p}", "{p+}")]),
            (
                &["/f/{p+}/x"],
                vec![
                    "Unable to create resource at path '/f/{p+}/x': Cannot create a child of a \
                     resource with a greedy path variable: {p+}"
                        .to_owned(),
                ],
            ),
            (&["/c/{a}...{b}"], vec![bad("/c/{a}...{b}")]),
            (&["/a b", "/x|y/z", "/x|y/w"], vec![bad("/a b"), bad("/x|y")]),
            (&["/a/{b}/c/{b}"], vec![repeated.to_owned()]),
            (&["/a//b"], vec![bad("/a/")]),
        ];
        for (paths, expected) in table {
            assert_eq!(faults(paths.iter().copied()), expected, "{paths:?}");
        }
    }
}
