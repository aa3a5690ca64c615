//! The table of a resource: which paths it has, and which operations each
//! supports.

use super::{Op, PatchOperation, unescape};
use crate::Fault;

/// One path of a resource.
pub(super) struct Rule<K: 'static> {
    /// What the path stands for.
    pub(super) key: K,
    /// The path; of a map, the part before the key.
    pub(super) path: &'static str,
    /// Whether one more segment, the key, follows.
    pub(super) map: bool,
    /// The operations.
    pub(super) ops: &'static [Op],
}

/// How unknown paths are answered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// With the list of paths that there are.
    Listed,
    /// With the path alone, as resources do that hold maps only; an operation
    /// that a path lacks makes it unknown.
    Bare,
    /// With the path alone; an operation that a path lacks is told apart.
    BareOps,
}

/// The paths of a resource.
pub(super) struct Table<K: 'static> {
    pub(super) rules: &'static [Rule<K>],
    pub(super) unknown: Unknown,
}

pub(super) const fn plain<K>(key: K, path: &'static str, ops: &'static [Op]) -> Rule<K> {
    Rule { key, path, map: false, ops }
}

pub(super) const fn map<K>(key: K, path: &'static str, ops: &'static [Op]) -> Rule<K> {
    Rule { key, path, map: true, ops }
}

pub(super) const R: &[Op] = &[Op::Replace];
pub(super) const AD: &[Op] = &[Op::Add, Op::Remove];
pub(super) const ARD: &[Op] = &[Op::Add, Op::Replace, Op::Remove];

impl<K: Copy> Table<K> {
    /// The rule of an operation and, for maps, the unescaped key.
    pub(super) fn find(&self, operation: &PatchOperation) -> Result<(K, String), Fault> {
        let Some(path) = operation.path.as_deref() else {
            return Err(Fault::bad_request("Invalid patch path null"));
        };
        let mut known = false;
        let mut others: Vec<&str> = Vec::new();
        for rule in self.rules {
            let Some(name) = rule.matches(path) else { continue };
            known = true;
            others.extend(rule.ops.iter().map(|op| op.as_str()));
            if rule.ops.contains(&operation.op) {
                return Ok((rule.key, name));
            }
        }
        if self.unknown == Unknown::BareOps && known {
            return Err(Fault::bad_request(format!(
                "Invalid patch operation specified. Must be one of: [{}]",
                others.join(", ")
            )));
        }
        let bare_map = self.rules.iter().any(|rule| rule.map && rule.path == path);
        if self.unknown != Unknown::Listed || (bare_map && !known) {
            return Err(Fault::bad_request(format!("Invalid patch path {path}")));
        }
        let op = operation.op;
        let paths: Vec<&str> = self
            .rules
            .iter()
            .filter(|rule| !rule.map && rule.ops.contains(&op))
            .map(|rule| rule.path)
            .collect();
        let advice = if known || paths.is_empty() {
            "Please choose supported operations".to_owned()
        } else {
            format!("Must be one of: [{}]", paths.join(", "))
        };
        // Two blanks after "path": so AWS prints it.
        Err(Fault::bad_request(format!(
            "Invalid patch path  '{path}' specified for op '{op}'. {advice}"
        )))
    }
}

impl<K> Rule<K> {
    fn matches(&self, path: &str) -> Option<String> {
        if !self.map {
            return (path == self.path).then(String::new);
        }
        let key = path.strip_prefix(self.path)?.strip_prefix('/')?;
        (!key.is_empty() && !key.contains('/')).then(|| unescape(key))
    }
}
