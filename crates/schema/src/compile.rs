//! Models -> [`Schemas`]: each is compiled once, with all that it refers to.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use crate::{
    Document, Limits, Reference, Schemas,
    check::check_document,
    cycles,
    document::Value,
    pattern::{MAX_BYTES, Pattern},
    schema::{Schema, SchemaId},
};

/// The schema of a model, by name.
type Lookup<'m> = Box<dyn Fn(&str) -> Option<&'m str> + 'm>;

/// Compiles the models of one API.
pub struct Compiler<'m> {
    lookup: Lookup<'m>,
    pub(crate) limits: Limits,
    models: Vec<Model<'m>>,
    by_name: HashMap<Box<str>, usize>,
    pub(crate) nodes: Vec<Schema>,
    /// The model of each node.
    owners: Vec<usize>,
    /// Nodes that stand for others, not looked up yet.
    pending: Vec<Pending>,
    patterns: HashMap<Box<str>, Arc<Pattern>>,
    pub(crate) size_bytes: usize,
}

/// A model, read.
struct Model<'m> {
    name: Box<str>,
    document: Option<Arc<Document<'m>>>,
    root: Option<SchemaId>,
    /// Nodes by the number of the value that they were compiled from.
    ids: HashMap<u32, SchemaId>,
    /// Models that it refers to.
    uses: HashSet<usize>,
    faults: Vec<String>,
}

struct Pending {
    from: SchemaId,
    owner: usize,
    text: Box<str>,
}

/// Where a schema is compiled from.
#[derive(Clone, Copy)]
pub(crate) struct Origin {
    model: usize,
}

impl<'m> Compiler<'m> {
    /// Begins with no model; `lookup` gives the schema of a model by name.
    pub fn new(lookup: impl Fn(&str) -> Option<&'m str> + 'm, limits: Limits) -> Self {
        Self {
            lookup: Box::new(lookup),
            limits,
            models: Vec::new(),
            by_name: HashMap::new(),
            nodes: Vec::new(),
            owners: Vec::new(),
            pending: Vec::new(),
            patterns: HashMap::new(),
            size_bytes: 0,
        }
    }

    /// The schema of a model, compiled with all that it refers to.
    ///
    /// # Errors
    /// Why it cannot be compiled, naming the model at fault if it is another.
    pub fn model(&mut self, name: &str) -> Result<SchemaId, String> {
        let first = self.nodes.len();
        let wanted = self.read(name);
        while let Some(pending) = self.pending.pop() {
            self.resolve(&pending);
        }
        for at in cycles::in_place(&self.nodes, first) {
            let fault = "a schema refers to itself without going into the value";
            self.fault(self.owners[at], fault);
        }
        self.verdict(wanted)
    }

    /// All that was compiled. Nothing can be added to it.
    pub fn finish(&mut self) -> Schemas {
        let size_bytes = self.size_bytes + self.nodes.len() * size_of::<Schema>();
        Schemas { nodes: std::mem::take(&mut self.nodes).into(), size_bytes }
    }

    /// The root of a model, or the first fault on the way through it.
    fn verdict(&self, wanted: usize) -> Result<SchemaId, String> {
        let (mut seen, mut next) = (HashSet::new(), vec![wanted]);
        seen.insert(wanted);
        let mut faults: Vec<String> = Vec::new();
        while let Some(at) = next.pop() {
            let model = &self.models[at];
            if let Some(fault) = model.faults.first() {
                faults.push(if at == wanted {
                    fault.clone()
                } else {
                    format!("model {}: {fault}", model.name)
                });
            }
            next.extend(model.uses.iter().copied().filter(|used| seen.insert(*used)));
        }
        match faults.into_iter().min() {
            Some(fault) => Err(fault),
            None => self.models[wanted].root.ok_or_else(|| "not a JSON object".to_owned()),
        }
    }

    pub(crate) fn fault(&mut self, model: usize, fault: impl Into<String>) {
        self.models[model].faults.push(fault.into());
    }

    pub(crate) fn fault_at(&mut self, origin: Origin, fault: impl Into<String>) {
        self.fault(origin.model, fault);
    }

    /// Reads a model unless it was read; its references stay pending.
    fn read(&mut self, name: &str) -> usize {
        if let Some(known) = self.by_name.get(name) {
            return *known;
        }
        let at = self.models.len();
        self.by_name.insert(name.into(), at);
        self.models.push(Model {
            name: name.into(),
            document: None,
            root: None,
            ids: HashMap::new(),
            uses: HashSet::new(),
            faults: Vec::new(),
        });
        let Some(text) = (self.lookup)(name) else {
            self.fault(at, "there is no such model");
            return at;
        };
        if text.len() > self.limits.max_schema_bytes {
            let limit = self.limits.max_schema_bytes;
            self.fault(at, format!("the schema has {} bytes, at most {limit} allowed", text.len()));
            return at;
        }
        let document = match Document::read(text.as_bytes()) {
            Ok(document) => Arc::new(document),
            Err(error) => {
                self.fault(at, format!("the schema cannot be read: {error}"));
                return at;
            }
        };
        if let Err(fault) = check_document(&document) {
            self.fault(at, fault.to_string());
            return at;
        }
        self.models[at].document = Some(Arc::clone(&document));
        let root = self.schema(Origin { model: at }, document.root());
        self.models[at].root = Some(root);
        at
    }

    /// Finds what a reference stands for, and compiles it.
    fn resolve(&mut self, pending: &Pending) {
        let Some(reference) = Reference::parse(&pending.text) else { return };
        let model = match reference.model {
            Some(name) => self.read(name),
            None => pending.owner,
        };
        self.models[pending.owner].uses.insert(model);
        let Some(document) = self.models[model].document.clone() else { return };
        let mut value = Some(document.root());
        for step in reference.steps() {
            value = value.and_then(|value| {
                let item = || step.parse().ok().and_then(|index| value.items().nth(index));
                value.get(&step).or_else(item)
            });
        }
        match value.filter(|value| value.is_object()) {
            Some(value) => {
                let target = self.schema(Origin { model }, value);
                self.nodes[pending.from.0 as usize].target = Some(target);
            }
            None => self.fault(pending.owner, format!("{} leads nowhere", pending.text)),
        }
    }

    /// The node of a schema, compiled unless it was.
    pub(crate) fn schema(&mut self, origin: Origin, value: Value<'_>) -> SchemaId {
        if let Some(known) = self.models[origin.model].ids.get(&value.number()) {
            return *known;
        }
        let number = self.nodes.len();
        if number >= self.limits.max_schemas {
            let limit = self.limits.max_schemas;
            self.fault(origin.model, format!("the models have more than {limit} schemas"));
            return SchemaId(0);
        }
        let id = SchemaId(u32::try_from(number).unwrap_or(u32::MAX));
        self.models[origin.model].ids.insert(value.number(), id);
        self.nodes.push(Schema::default());
        self.owners.push(origin.model);
        match value.get("$ref").and_then(Value::as_str) {
            Some(text) => {
                self.pending.push(Pending { from: id, owner: origin.model, text: text.into() });
            }
            None => {
                let schema = self.keywords(origin, value);
                self.nodes[number] = schema;
            }
        }
        id
    }

    /// A pattern; equal ones are compiled once.
    pub(crate) fn pattern(&mut self, origin: Origin, text: &str) -> Option<Arc<Pattern>> {
        if let Some(known) = self.patterns.get(text) {
            return Some(Arc::clone(known));
        }
        if self.size_bytes > self.limits.max_bytes {
            let limit = self.limits.max_bytes;
            self.fault(origin.model, format!("the models compile to more than {limit} bytes"));
            return None;
        }
        match Pattern::compile(text) {
            Ok(pattern) => {
                let pattern = Arc::new(pattern);
                self.size_bytes += pattern.size_bytes();
                self.patterns.insert(text.into(), Arc::clone(&pattern));
                Some(pattern)
            }
            Err(error) => {
                // What is refused took as much to find out.
                self.size_bytes += MAX_BYTES;
                self.fault(origin.model, format!("pattern {text:?}: {error}"));
                None
            }
        }
    }
}
