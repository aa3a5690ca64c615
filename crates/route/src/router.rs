//! The matcher: a tree of segments in flat arrays.
//!
//! At each level a static segment beats `{name}`, which beats `{name+}`. A
//! branch that leads nowhere is left again for the next best one; since the
//! tree has one node per template prefix, no node is visited twice.

use memchr::memchr;
use smallvec::SmallVec;

use crate::{BuildError, build, segment};

/// "No such node or resource" in the flat arrays.
pub(crate) const NONE: u32 = u32::MAX;

/// A part of the path given to [`Router::find`], in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The captured text; empty if `path` is not the path that was matched.
    pub fn of(self, path: &str) -> &str {
        path.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// The captured values, in the order of the template's variables.
pub type Params = SmallVec<[Span; 4]>;

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The number given to the template when the router was built.
    pub resource: u32,
    /// The captured values, percent-encoding kept.
    pub params: Params,
}

/// One prefix of a template.
#[derive(Debug)]
pub(crate) struct Node {
    /// Its static children: a range of `Router::edges`, sorted by text.
    pub(crate) edges: (u32, u32),
    /// The child behind `{name}`.
    pub(crate) variable: u32,
    /// The resource behind `{name+}`.
    pub(crate) greedy: u32,
    /// The resource that ends here.
    pub(crate) resource: u32,
}

/// A static segment: a range of `Router::text`, and where it leads.
#[derive(Debug)]
pub(crate) struct Edge {
    pub(crate) text: (u32, u32),
    pub(crate) node: u32,
}

/// A compiled list of path templates.
#[derive(Debug)]
pub struct Router {
    pub(crate) nodes: Box<[Node]>,
    pub(crate) edges: Box<[Edge]>,
    pub(crate) text: Box<str>,
}

/// A path cut down to what is compared, and the captures so far.
struct Walk<'p> {
    path: &'p str,
    end: usize,
    params: Params,
}

impl Router {
    /// Compiles `templates`: pairs of a path such as `/pets/{id}` and the
    /// number to report for it.
    ///
    /// # Errors
    /// A template that breaks AWS's rules, given twice, or with a sibling that
    /// is a variable of another name or kind.
    pub fn build<'t>(
        templates: impl IntoIterator<Item = (&'t str, u32)>,
    ) -> Result<Self, BuildError> {
        build::build(templates)
    }

    /// Finds the resource of `path`, the part behind the stage.
    ///
    /// - Slashes at both ends are ignored; inside they count, so that `{name+}`
    ///   captures double slashes while static segments and `{name}` never match
    ///   an empty segment. `{name+}` takes one or more segments, so its parent
    ///   is not matched by it.
    /// - Static segments are compared case-sensitively, after decoding
    ///   percent-encoded unreserved characters (`%61` is `a`; `%2F` stays what
    ///   it is, so an encoded slash never splits a segment).
    /// - A path with a `.` or `..` segment, encoded or not, matches nothing: a
    ///   backend that resolves it would answer for another resource than the
    ///   one that was matched and authorized.
    pub fn find(&self, path: &str) -> Option<Match> {
        let bytes = path.as_bytes();
        if u32::try_from(bytes.len()).is_err() || segment::has_dot_segment(bytes) {
            return None;
        }
        let start = bytes.iter().position(|b| *b != b'/').unwrap_or(bytes.len());
        let end = bytes.iter().rposition(|b| *b != b'/').map_or(start, |last| last + 1);
        let mut walk = Walk { path, end, params: Params::new() };
        let first = (start < end).then_some(start);
        let resource = self.descend(0, first, &mut walk)?;
        Some(Match { resource, params: walk.params })
    }

    /// Bytes on the heap, for the node's memory budget.
    pub fn size_bytes(&self) -> usize {
        size_of_val(&*self.nodes) + size_of_val(&*self.edges) + self.text.len()
    }

    fn descend(&self, node: u32, at: Option<usize>, walk: &mut Walk<'_>) -> Option<u32> {
        let node = self.nodes.get(node as usize)?;
        let Some(at) = at else {
            return (node.resource != NONE).then_some(node.resource);
        };
        let rest = walk.path.get(at..walk.end)?;
        let length = memchr(b'/', rest.as_bytes()).unwrap_or(rest.len());
        let segment = rest.get(..length)?;
        let next = (length < rest.len()).then_some(at + length + 1);

        if !segment.is_empty() {
            if let Some(child) = self.static_child(node, segment)
                && let Some(found) = self.descend(child, next, walk)
            {
                return Some(found);
            }
            if node.variable != NONE {
                walk.params.push(span(at, at + length));
                if let Some(found) = self.descend(node.variable, next, walk) {
                    return Some(found);
                }
                walk.params.pop();
            }
        }
        if node.greedy == NONE {
            return None;
        }
        walk.params.push(span(at, walk.end));
        Some(node.greedy)
    }

    fn static_child(&self, node: &Node, segment: &str) -> Option<u32> {
        let edges = self.edges.get(node.edges.0 as usize..node.edges.1 as usize)?;
        if edges.is_empty() {
            return None;
        }
        let find = |wanted: &[u8]| {
            let at = edges.binary_search_by(|edge| self.text_of(edge).cmp(wanted)).ok()?;
            edges.get(at).map(|edge| edge.node)
        };
        match segment::decode_unreserved(segment.as_bytes()) {
            None => find(segment.as_bytes()),
            Some(decoded) => find(&decoded),
        }
    }

    fn text_of(&self, edge: &Edge) -> &[u8] {
        let range = edge.text.0 as usize..edge.text.1 as usize;
        self.text.as_bytes().get(range).unwrap_or_default()
    }
}

/// `find` refuses paths whose length does not fit.
#[expect(clippy::cast_possible_truncation, reason = "checked once at the start of a search")]
fn span(start: usize, end: usize) -> Span {
    Span { start: start as u32, end: end as u32 }
}
