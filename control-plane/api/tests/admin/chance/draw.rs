//! What is drawn by chance, and the call that it makes.

use gw_api::Operation;
use gw_testkit::words::VALUES;
use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::{Map, Value, json};

use super::{
    pool::Pool,
    words::{BODIES, KNOWN, QUERIES, STRANGE},
};

/// A call, ready to be made.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: &'static str,
    pub(super) target: String,
    pub(super) body: Vec<u8>,
}

/// What chance has to say about one call.
#[derive(Debug, Clone)]
pub(super) struct Draw {
    pub(super) operation: usize,
    /// For each place of the path.
    places: Vec<(u8, Index)>,
    queries: Vec<Index>,
    body: Draft,
}

#[derive(Debug, Clone)]
enum Draft {
    /// Bytes as they are.
    Raw(Vec<u8>),
    /// Any JSON.
    Any(Value),
    /// A body that would be taken, changed in places.
    Known(Vec<Change>),
    /// A patch; what is no PATCH takes the known body.
    Patch(Vec<(Index, Index, Value, Index)>),
}

#[derive(Debug, Clone)]
enum Change {
    Drop(Index),
    Set(Index, Value),
    Add(String, Value),
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => proptest::sample::select([VALUES, KNOWN].concat()).prop_map(str::to_owned),
        1 => ".{0,12}",
        1 => (1..9000_usize).prop_map(|length| "x".repeat(length)),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        6 => word().prop_map(Value::String),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => any::<i64>().prop_map(|number| json!(number)),
        1 => any::<f64>().prop_map(|number| json!(number)),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::Array),
            vec((word(), inner), 0..3).prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

fn draft() -> impl Strategy<Value = Draft> {
    let change = prop_oneof![
        any::<Index>().prop_map(Change::Drop),
        (any::<Index>(), value()).prop_map(|(at, value)| Change::Set(at, value)),
        (word(), value()).prop_map(|(name, value)| Change::Add(name, value)),
    ];
    let op = (any::<Index>(), any::<Index>(), value(), any::<Index>());
    prop_oneof![
        1 => vec(any::<u8>(), 0..40).prop_map(Draft::Raw),
        1 => value().prop_map(Draft::Any),
        8 => vec(change, 0..4).prop_map(Draft::Known),
        12 => vec(op, 1..4).prop_map(Draft::Patch),
    ]
}

/// Draws calls of one of so many operations.
pub(super) fn draws(operations: usize) -> impl Strategy<Value = Draw> {
    let queries = prop_oneof![4 => Just(vec![]), 1 => vec(any::<Index>(), 1..4)];
    let places = vec((any::<u8>(), any::<Index>()), 4);
    (0..operations, places, queries, draft()).prop_map(|(operation, places, queries, body)| Draw {
        operation,
        places,
        queries,
        body,
    })
}

impl Draw {
    /// The call that this makes of an operation.
    pub(super) fn call(&self, operation: &Operation, pool: &Pool) -> Call {
        let at = std::cell::Cell::new(0);
        let mut target = pool.target(operation, |collection| {
            let (kind, pick) = self.places[at.get() % self.places.len()];
            at.set(at.get() + 1);
            self.id(kind, pick, collection, pool)
        });
        let imports = self.imports(operation).map(|_| "mode=import&format=csv");
        let queries = self.queries.iter().map(|query| *query.get::<&str>(QUERIES));
        for (place, query) in imports.into_iter().chain(queries).enumerate() {
            target.push(if place == 0 { '?' } else { '&' });
            target.push_str(query);
        }
        Call { method: operation.method, target, body: self.bytes(operation, pool) }
    }

    /// Where one path and verb serve two operations, the other's name, at times.
    fn imports(&self, operation: &Operation) -> Option<&'static str> {
        let often = self.places[3].0.is_multiple_of(2);
        match operation.name {
            "CreateRestApi" if often => Some("PutRestApi"),
            "CreateApiKey" if often => Some("ImportApiKeys"),
            _ => None,
        }
    }

    /// Of seven ids one is strange.
    fn id(&self, kind: u8, pick: Index, collection: &str, pool: &Pool) -> String {
        if kind % 7 == 6 {
            return (*pick.get(STRANGE)).to_owned();
        }
        let fixed: &[&str] = match collection {
            "verb" => &["GET", "GET", "POST", "ANY", "BREW"],
            "status" => &["200", "200", "404", "99", "abc"],
            "kind" => &["oas30", "swagger", "javascript"],
            "gatewayresponses" => &["DEFAULT_4XX", "THROTTLED", "ACCESS_DENIED"],
            "number" => &["1", "2", "0"],
            "arn" => &["restapis", "apikeys", "usageplans", "vpclinks", "domainnames"],
            _ => return pool.any(collection, usize::from(kind)),
        };
        let word = (*pick.get(fixed)).to_owned();
        if collection != "arn" {
            return word;
        }
        let id = pool.any(&word, usize::from(kind));
        format!("arn:aws:apigateway:us-east-1::/{word}/{id}")
    }

    fn bytes(&self, operation: &Operation, pool: &Pool) -> Vec<u8> {
        let name = self.imports(operation).unwrap_or(operation.name);
        let known = |changes: &[Change]| {
            let text = BODIES.iter().find(|(known, _)| *known == name);
            let text = filled(text.map_or("{}", |(_, text)| text), pool);
            let mut value: Value = serde_json::from_str(&text).unwrap();
            if let Value::String(table) = value {
                return table.into_bytes();
            }
            for change in changes {
                change.apply(&mut value);
            }
            value.to_string().into_bytes()
        };
        match &self.body {
            Draft::Raw(bytes) => bytes.clone(),
            Draft::Any(value) => value.to_string().into_bytes(),
            Draft::Known(changes) => known(changes),
            Draft::Patch(_) if operation.method != "PATCH" => known(&[]),
            Draft::Patch(operations) => {
                let paths = pool.paths(operation.name);
                let ops = ["replace", "replace", "replace", "add", "remove", "copy", "move", "x"];
                let operations = operations.iter().map(|(op, path, value, from)| {
                    json!({
                        "op": op.get(&ops), "path": path.get(paths), "value": value,
                        "from": from.get(paths),
                    })
                });
                let body = json!({"patchOperations": operations.collect::<Vec<_>>()});
                filled(&body.to_string(), pool).into_bytes()
            }
        }
    }
}

/// Puts ids that there are in place of their names in angle brackets.
fn filled(text: &str, pool: &Pool) -> String {
    let mut text = text.to_owned();
    for collection in [
        "restapis",
        "deployments",
        "resources",
        "requestvalidators",
        "authorizers",
        "apikeys",
        "vpclinks",
        "clientcertificates",
    ] {
        text = text.replace(&format!("<{collection}>"), &pool.any(collection, 0));
    }
    text
}

impl Change {
    /// Changes a member of an object, or of the object in one of its members.
    fn apply(&self, value: &mut Value) {
        let Value::Object(members) = value else { return };
        match self {
            Self::Add(name, value) => drop(members.insert(name.clone(), value.clone())),
            Self::Drop(_) | Self::Set(..) if members.is_empty() => {}
            Self::Drop(at) => {
                let name = members.keys().nth(at.index(members.len())).cloned();
                name.map(|name| members.remove(&name));
            }
            Self::Set(at, value) => {
                let place = at.index(members.len());
                if let Some(member) = members.values_mut().nth(place) {
                    *member = value.clone();
                }
            }
        }
    }
}
