//! Path templates -> [`Router`].

use std::collections::BTreeMap;

use gw_model::name::PathPart;

use crate::router::{Edge, NONE, Node, Router};

/// AWS knows no limit on depth but on the URL's length; this one keeps the
/// search's recursion shallow.
const MAX_SEGMENTS: usize = 256;

/// Why a list of templates is not a router.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// A segment that is neither a plain text, `{name}` nor `{name+}`.
    #[error("{path} has an invalid path part {part:?}")]
    InvalidPart {
        /// The whole template.
        path: String,
        /// The segment.
        part: String,
    },
    /// A template that does not start with a slash.
    #[error("{path:?} does not start with a slash")]
    NoSlash {
        /// The whole template.
        path: String,
    },
    /// A child below `{name+}`.
    #[error("{path} has parts behind a greedy path variable")]
    BelowGreedy {
        /// The whole template.
        path: String,
    },
    /// Two variables of different name or kind under one parent.
    #[error("{path} has {part}, but its parent already has the path variable {sibling}")]
    VariableSibling {
        /// The whole template.
        path: String,
        /// Its variable.
        part: String,
        /// The variable that came first.
        sibling: String,
    },
    /// One template twice.
    #[error("{path} is there twice")]
    Duplicate {
        /// The whole template.
        path: String,
    },
    /// More segments than a template may have.
    #[error("{path} has more than {MAX_SEGMENTS} segments")]
    TooDeep {
        /// The start of the template.
        path: String,
    },
    /// More nodes than the flat arrays can number.
    #[error("too many templates")]
    TooMany,
}

/// The tree while it grows.
#[derive(Default)]
struct Draft {
    statics: BTreeMap<String, usize>,
    /// The variable's text with its braces, and its node.
    variable: Option<(String, usize)>,
    greedy: bool,
    resource: Option<u32>,
}

pub(crate) fn build<'t>(
    templates: impl IntoIterator<Item = (&'t str, u32)>,
) -> Result<Router, BuildError> {
    let mut tree = vec![Draft::default()];
    for (path, resource) in templates {
        insert(&mut tree, path, resource)?;
    }
    flatten(&tree)
}

fn insert(tree: &mut Vec<Draft>, path: &str, resource: u32) -> Result<(), BuildError> {
    let whole = || path.to_owned();
    let inner = path.strip_prefix('/').ok_or_else(|| BuildError::NoSlash { path: whole() })?;
    let mut at = 0;
    for (depth, text) in inner.split('/').filter(|_| !inner.is_empty()).enumerate() {
        if depth >= MAX_SEGMENTS {
            return Err(BuildError::TooDeep { path: path.chars().take(80).collect() });
        }
        let part = PathPart::parse(text)
            .ok_or_else(|| BuildError::InvalidPart { path: whole(), part: text.to_owned() })?;
        let next = tree.len();
        let draft = tree.get_mut(at).expect("children are pushed before they are entered");
        if draft.greedy {
            return Err(BuildError::BelowGreedy { path: whole() });
        }
        at = match part {
            PathPart::Static(text) => *draft.statics.entry(text.to_owned()).or_insert(next),
            PathPart::Variable(_) | PathPart::Greedy(_) => match &draft.variable {
                None => {
                    draft.variable = Some((text.to_owned(), next));
                    next
                }
                Some((sibling, node)) if sibling == text => *node,
                Some((sibling, _)) => {
                    let (part, sibling) = (text.to_owned(), sibling.clone());
                    return Err(BuildError::VariableSibling { path: whole(), part, sibling });
                }
            },
        };
        if at == next {
            let greedy = matches!(part, PathPart::Greedy(_));
            tree.push(Draft { greedy, ..Draft::default() });
        }
    }
    let draft = tree.get_mut(at).expect("the walk ends on a node");
    match draft.resource.replace(resource) {
        None => Ok(()),
        Some(_) => Err(BuildError::Duplicate { path: whole() }),
    }
}

fn flatten(tree: &[Draft]) -> Result<Router, BuildError> {
    let number = |n: usize| u32::try_from(n).map_err(|_| BuildError::TooMany);
    let (mut nodes, mut edges, mut text) =
        (Vec::with_capacity(tree.len()), Vec::new(), String::new());
    for draft in tree {
        let first = number(edges.len())?;
        for (segment, node) in &draft.statics {
            let start = number(text.len())?;
            text.push_str(segment);
            edges.push(Edge { text: (start, number(text.len())?), node: number(*node)? });
        }
        let child = draft.variable.as_ref().and_then(|(_, node)| Some((*node, tree.get(*node)?)));
        let (variable, greedy) = match child {
            None => (NONE, NONE),
            Some((_, child)) if child.greedy => (NONE, child.resource.unwrap_or(NONE)),
            Some((node, _)) => (number(node)?, NONE),
        };
        let edges = (first, number(edges.len())?);
        nodes.push(Node { edges, variable, greedy, resource: draft.resource.unwrap_or(NONE) });
    }
    Ok(Router { nodes: nodes.into(), edges: edges.into(), text: text.into() })
}
