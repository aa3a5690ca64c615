//! Schemas that lead back to themselves for the same value: they would never
//! come to a result.

use crate::schema::Schema;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    Open,
    Done,
}

/// The nodes from `first` on that lead back to themselves.
pub(crate) fn in_place(nodes: &[Schema], first: usize) -> Vec<usize> {
    let mut marks = vec![Mark::New; nodes.len()];
    marks[..first].fill(Mark::Done);
    let mut found = Vec::new();
    for root in first..nodes.len() {
        if marks[root] != Mark::New {
            continue;
        }
        marks[root] = Mark::Open;
        let edges = |at: usize| nodes[at].in_place().map(|id| id.0 as usize).collect::<Vec<_>>();
        let mut path = vec![(root, edges(root))];
        while let Some((at, left)) = path.last_mut() {
            let Some(next) = left.pop() else {
                marks[*at] = Mark::Done;
                path.pop();
                continue;
            };
            match marks[next] {
                Mark::Open => found.push(next),
                Mark::Done => {}
                Mark::New => {
                    marks[next] = Mark::Open;
                    path.push((next, edges(next)));
                }
            }
        }
    }
    found
}
