//! Places in the tree of resources.

use super::Checked;
use crate::name::PathPart;

/// AWS's text for a path part with forbidden characters.
pub const BAD_PATH_PART: &str = "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy \
     path variable and curly braces at the beginning and the end.";

/// The longest path, in characters: AWS's bound.
pub const MAX_PATH_CHARS: usize = 8192;

/// Checks whether a resource may stand below the one at `parent`, its path,
/// as `CreateResource` does. `variable` is the sibling that has a variable
/// part; that no sibling has the same name is for the caller.
///
/// # Errors
/// The first rule that the place breaks, in AWS's words where they are known.
pub fn place(parent: &str, part: &str, variable: Option<&str>) -> Checked {
    let parsed = PathPart::parse(part).ok_or(BAD_PATH_PART)?;
    let last = parent.rsplit('/').next().unwrap_or_default();
    if let Some(PathPart::Greedy(_)) = PathPart::parse(last) {
        return Err(format!(
            "Cannot create a child of a resource with a greedy path variable: {last}"
        ));
    }
    let base = parent.trim_end_matches('/');
    if base.len() + 1 + part.len() > MAX_PATH_CHARS {
        return Err(format!(
            "Invalid resource path specified. It must have at most {MAX_PATH_CHARS} characters"
        ));
    }
    let Some(name) = parsed.variable() else { return Ok(()) };
    if let Some(sibling) = variable.filter(|sibling| *sibling != part) {
        return Err(format!(
            "A sibling ({sibling}) of this resource already has a variable path part -- only one \
             is allowed"
        ));
    }
    let mut above = base.split('/').filter_map(|part| PathPart::parse(part)?.variable());
    if above.any(|other| other == name) {
        return Err(format!("Duplicate path variable name {part} in {base}/{part}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule() {
        let long = format!("/{}", "a".repeat(MAX_PATH_CHARS - 2));
        let table = [
            ("/", "pets", None, ""),
            ("/", "{id}", None, ""),
            ("/pets", "{proxy+}", None, ""),
            ("/pets", "x", Some("{id}"), ""),
            ("/", "a b", None, "path part only allow"),
            ("/f/{p+}", "x", None, "greedy path variable: {p+}"),
            ("/", "{id}", Some("{name}"), "A sibling ({name})"),
            ("/{id}/a", "{id}", None, "Duplicate path variable name {id} in /{id}/a/{id}"),
            ("/{id}/a", "{id+}", None, "Duplicate path variable name {id+}"),
            (&*long, "b", None, "at most 8192 characters"),
        ];
        for (parent, part, variable, expected) in table {
            match place(parent, part, variable) {
                Ok(()) => assert_eq!(expected, "", "{part}"),
                Err(text) => assert!(!expected.is_empty() && text.contains(expected), "{text}"),
            }
        }
    }
}
