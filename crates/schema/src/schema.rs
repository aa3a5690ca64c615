//! The compiled form of schemas: one list of nodes for all models of an API.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use crate::{
    document::{Document, Kind},
    format::Format,
    number::Divisor,
    pattern::Pattern,
};

/// A compiled schema: its number in [`Schemas`](crate::Schemas).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchemaId(pub(crate) u32);

/// What a value must be. What is not said holds for every value.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    /// `$ref`: another schema instead of this one.
    pub(crate) target: Option<SchemaId>,
    /// Bits of [`Kind`]; 0 for any.
    pub(crate) types: u8,
    pub(crate) choice: Option<Box<Choice>>,
    pub(crate) number: Option<Box<NumberRules>>,
    pub(crate) string: Option<Box<StringRules>>,
    pub(crate) array: Option<Box<ArrayRules>>,
    pub(crate) object: Option<Box<ObjectRules>>,
}

impl Schema {
    /// The schemas that the same value is held against.
    pub(crate) fn in_place(&self) -> impl Iterator<Item = SchemaId> {
        let choice = self.choice.as_deref();
        let lists = choice.map(|choice| [&choice.all_of, &choice.any_of, &choice.one_of]);
        let dependencies = self.object.as_deref().map(|object| &object.dependencies);
        let dependencies =
            dependencies.into_iter().flatten().filter_map(|(_, dependency)| match dependency {
                Dependency::Schema(id) => Some(*id),
                Dependency::Names(_) => None,
            });
        self.target
            .into_iter()
            .chain(lists.into_iter().flatten().flat_map(|list| list.iter().copied()))
            .chain(choice.and_then(|choice| choice.not))
            .chain(dependencies)
    }
}

/// Keywords of values of every kind.
#[derive(Debug, Default)]
pub(crate) struct Choice {
    pub(crate) values: Option<Enum>,
    pub(crate) all_of: Box<[SchemaId]>,
    pub(crate) any_of: Box<[SchemaId]>,
    pub(crate) one_of: Box<[SchemaId]>,
    pub(crate) not: Option<SchemaId>,
}

/// The values of `enum`.
#[derive(Debug)]
pub(crate) struct Enum {
    /// A list of all.
    pub(crate) all: Document<'static>,
    /// Those that are strings.
    pub(crate) strings: HashSet<Box<str>>,
}

/// Keywords of numbers.
#[derive(Debug, Default)]
pub(crate) struct NumberRules {
    pub(crate) minimum: Option<Bound>,
    pub(crate) maximum: Option<Bound>,
    pub(crate) multiple_of: Option<(Box<str>, Divisor)>,
}

/// A bound as it is written.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) text: Box<str>,
    pub(crate) is_exclusive: bool,
}

/// Keywords of strings.
#[derive(Debug, Default)]
pub(crate) struct StringRules {
    pub(crate) min_length: Option<u64>,
    pub(crate) max_length: Option<u64>,
    pub(crate) pattern: Option<Arc<Pattern>>,
    pub(crate) format: Option<Format>,
}

/// Keywords of lists.
#[derive(Debug, Default)]
pub(crate) struct ArrayRules {
    /// `items` as one schema.
    pub(crate) items: Option<SchemaId>,
    /// `items` as a list: by place.
    pub(crate) places: Option<Box<[SchemaId]>>,
    /// For what `places` does not reach.
    pub(crate) additional: Additional,
    pub(crate) min: Option<u64>,
    pub(crate) max: Option<u64>,
    pub(crate) is_unique: bool,
}

/// What holds for items or members that no other keyword speaks of.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) enum Additional {
    #[default]
    Any,
    None,
    Schema(SchemaId),
}

/// Keywords of objects.
#[derive(Debug, Default)]
pub(crate) struct ObjectRules {
    pub(crate) properties: HashMap<Box<str>, SchemaId>,
    pub(crate) patterns: Box<[(Arc<Pattern>, SchemaId)]>,
    pub(crate) additional: Additional,
    /// Sorted.
    pub(crate) required: Box<[Box<str>]>,
    pub(crate) min: Option<u64>,
    pub(crate) max: Option<u64>,
    pub(crate) dependencies: Box<[(Box<str>, Dependency)]>,
}

/// What the presence of a member asks for.
#[derive(Debug)]
pub(crate) enum Dependency {
    /// Other members; sorted.
    Names(Box<[Box<str>]>),
    /// A schema of the whole object.
    Schema(SchemaId),
}

/// The kinds in a set of their bits, as AWS lists them.
pub(crate) fn kinds(types: u8) -> impl Iterator<Item = &'static str> {
    Kind::ALL.into_iter().filter(move |kind| types & kind.bit() != 0).map(Kind::name)
}
