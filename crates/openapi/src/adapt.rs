//! `gatewright=adapt`, paths: any published API description becomes a tree
//! that AWS's rules allow, and every request still reaches the path that the
//! client asked for.
//!
//! - Sibling variables share one name: the one that most paths use, the first
//!   of those. Names that are forbidden, or repeat along a path, are changed.
//! - A segment that AWS forbids (`{a}...{b}`, `{file}.json`, `a b`) becomes one
//!   variable for the whole segment.
//! - Paths that become equal share a resource; see [`crate::adapt_operation`]
//!   for operations that meet there.

use std::collections::{BTreeMap, BTreeSet};

use gw_model::name::{PathPart, is_parameter_name};

use crate::{AdaptationKind, context::Context, paths::joined, schema::unique};

/// What became of a path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Adapted {
    /// The variables of the resource's path, in order.
    pub(crate) variables: Vec<String>,
    /// Variables that stand for a whole segment under another name: the
    /// document's name -> the resource's.
    pub(crate) renamed: BTreeMap<String, String>,
    /// Segments that became one variable: the document's text -> the variable.
    pub(crate) mixed: BTreeMap<String, String>,
    /// What follows the backend's address: the path with `{variable}` places.
    pub(crate) upstream: String,
}

/// One node of the tree that all paths make together.
#[derive(Default)]
struct Node {
    statics: BTreeMap<String, usize>,
    variable: Option<usize>,
    /// For variables: proposed name -> (how many paths, first path).
    names: BTreeMap<String, (usize, usize)>,
    /// A path asks for `{name+}` here.
    greedy: bool,
    /// The final name, for variables.
    name: String,
}

/// The tree; nodes by number, the root is 0.
struct Tree {
    nodes: Vec<Node>,
}

/// Puts made names after all names of the document.
const MADE: usize = usize::MAX / 2;

/// A segment as it enters the tree.
enum Segment<'a> {
    Static(&'a str),
    /// The proposed name, and the document's name where it is one variable.
    Variable {
        proposed: String,
        original: Option<&'a str>,
        greedy: bool,
    },
}

/// A place for each path: its resource and what was adapted; `None` for a
/// path that no resource can stand for (an empty segment).
pub(crate) fn arrange(
    ctx: &mut Context<'_>,
    prefix: &str,
    sources: &[&str],
) -> Vec<Option<(String, Option<Adapted>)>> {
    let mut tree = Tree { nodes: vec![Node::default()] };
    let trails: Vec<Option<Vec<usize>>> = sources
        .iter()
        .enumerate()
        .map(|(index, source)| {
            let path = joined(prefix, bare(source));
            if path.contains("//") {
                ctx.refuse_or_drop(
                    source,
                    format!(
                        "Unable to create resource at path '{source}': {}",
                        gw_model::check::BAD_PATH_PART
                    ),
                );
                return None;
            }
            Some(tree.insert(&path, index))
        })
        .collect();
    tree.choose_names();
    let places: Vec<_> = sources
        .iter()
        .zip(&trails)
        .map(|(source, trail)| trail.as_ref().map(|trail| tree.place(prefix, bare(source), trail)))
        .collect();
    report(ctx, sources, &places);
    places.into_iter().map(|place| place.map(|(path, adapted)| (path, Some(adapted)))).collect()
}

/// A path without query and fragment, which some documents use to tell
/// operations apart.
fn bare(source: &str) -> &str {
    source.split(['?', '#']).next().unwrap_or(source)
}

impl Tree {
    /// Walks a path in; the numbers of its nodes come back.
    fn insert(&mut self, path: &str, index: usize) -> Vec<usize> {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let mut here = 0;
        let mut trail = Vec::with_capacity(parts.len());
        for (at, part) in parts.iter().enumerate() {
            here = match segment(part) {
                Segment::Static(text) => match self.nodes[here].statics.get(text) {
                    Some(child) => *child,
                    None => {
                        let child = self.add();
                        self.nodes[here].statics.insert(text.to_owned(), child);
                        child
                    }
                },
                Segment::Variable { proposed, greedy, original } => {
                    let child = match self.nodes[here].variable {
                        Some(child) => child,
                        None => self.add(),
                    };
                    self.nodes[here].variable = Some(child);
                    let node = &mut self.nodes[child];
                    node.greedy |= greedy && at + 1 == parts.len();
                    // Of equal claims, a name of the document beats a made one.
                    let first = if original.is_some() { index } else { index + MADE };
                    node.names.entry(proposed).or_insert((0, first)).0 += 1;
                    child
                }
            };
            trail.push(here);
        }
        trail
    }

    fn add(&mut self) -> usize {
        self.nodes.push(Node::default());
        self.nodes.len() - 1
    }

    /// Names every variable, unlike those above it. Depth is bounded by the
    /// length of a path, so this walks by hand.
    fn choose_names(&mut self) {
        let mut work: Vec<(usize, BTreeSet<String>)> = vec![(0, BTreeSet::new())];
        while let Some((number, above)) = work.pop() {
            work.extend(self.nodes[number].statics.values().map(|child| (*child, above.clone())));
            let Some(child) = self.nodes[number].variable else { continue };
            let node = &mut self.nodes[child];
            let leads = |(name, (count, first)): (&String, &(usize, usize))| {
                (std::cmp::Reverse(*count), *first, name.clone())
            };
            let name = node.names.iter().map(leads).min().map(|(_, _, name)| name);
            node.name = unique(&name.unwrap_or_default(), &above);
            // A greedy variable has no children; with children it holds one segment.
            node.greedy &= node.statics.is_empty() && node.variable.is_none();
            let mut above = above;
            above.insert(node.name.clone());
            work.push((child, above));
        }
    }

    /// The resource's path, and what was adapted on the way.
    fn place(&self, prefix: &str, source: &str, trail: &[usize]) -> (String, Adapted) {
        let full = joined(prefix, source);
        let parts = full.split('/').filter(|part| !part.is_empty());
        let own = prefix.split('/').filter(|part| !part.is_empty()).count();
        let mut path = String::new();
        let mut adapted = Adapted::default();
        for (at, (part, number)) in parts.zip(trail).enumerate() {
            let node = &self.nodes[*number];
            let upstream = match segment(part) {
                Segment::Static(text) => {
                    path.push('/');
                    path.push_str(text);
                    text.to_owned()
                }
                Segment::Variable { original, .. } => {
                    let plus = if node.greedy { "+" } else { "" };
                    path.push_str(&format!("/{{{}{plus}}}", node.name));
                    adapted.variables.push(node.name.clone());
                    match original {
                        Some(original) if original != node.name => {
                            adapted.renamed.insert(original.to_owned(), node.name.clone());
                        }
                        Some(_) => {}
                        None => _ = adapted.mixed.insert(part.to_owned(), node.name.clone()),
                    }
                    format!("{{{}}}", node.name)
                }
            };
            // The prefix is the gateway's; the backend's address has its own.
            if at >= own {
                adapted.upstream.push('/');
                adapted.upstream.push_str(&upstream);
            }
        }
        if source.ends_with('/') {
            adapted.upstream.push('/');
        }
        (if path.is_empty() { "/".to_owned() } else { path }, adapted)
    }
}

fn segment(part: &str) -> Segment<'_> {
    match PathPart::parse(part) {
        Some(PathPart::Static(text)) => Segment::Static(text),
        Some(PathPart::Variable(name)) => {
            Segment::Variable { proposed: name.to_owned(), original: Some(name), greedy: false }
        }
        Some(PathPart::Greedy(name)) => {
            Segment::Variable { proposed: name.to_owned(), original: Some(name), greedy: true }
        }
        None => {
            // One variable with a forbidden name, or a mix of text and variables.
            let single = part
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'))
                .filter(|inner| !inner.contains(['{', '}']) && !inner.is_empty());
            Segment::Variable { proposed: words(part), original: single, greedy: false }
        }
    }
}

/// The words of a segment as a variable's name: `{base}...{head}` is `base_head`.
fn words(part: &str) -> String {
    let words: Vec<&str> = part
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
        .filter(|word| !word.is_empty())
        .collect();
    let name = words.join("_");
    if is_parameter_name(&name) { name } else { "segment".to_owned() }
}

fn report(ctx: &mut Context<'_>, sources: &[&str], places: &[Option<(String, Adapted)>]) {
    let mut first_at: BTreeMap<&str, &str> = BTreeMap::new();
    for (source, place) in sources.iter().zip(places) {
        let Some((path, adapted)) = place else { continue };
        for (original, name) in &adapted.renamed {
            let detail = format!("variable {original} is called {name} at {path}");
            ctx.adapted(AdaptationKind::PathVariable, *source, detail);
        }
        for (text, name) in &adapted.mixed {
            let detail = format!("segment {text} became the variable {name} at {path}");
            ctx.adapted(AdaptationKind::MixedSegment, *source, detail);
        }
        let greedy_before = source.contains("+}");
        if greedy_before != path.contains("+}") {
            let detail = format!(
                "the last variable covers {} at {path}",
                match greedy_before {
                    true => "one segment only, because longer paths are declared below it",
                    false => "any number of segments, because a sibling does",
                }
            );
            ctx.adapted(AdaptationKind::PathVariable, *source, detail);
        }
        if bare(source) != *source {
            let detail = format!("query or fragment left out of the resource {path}");
            ctx.adapted(AdaptationKind::MergedPath, *source, detail);
        }
        match first_at.get(path.as_str()) {
            None => _ = first_at.insert(path, source),
            Some(first) => {
                let detail = format!("shares the resource {path} with {first}");
                ctx.adapted(AdaptationKind::MergedPath, *source, detail);
            }
        }
    }
}
