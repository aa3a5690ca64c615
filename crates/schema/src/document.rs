//! JSON as a flat list of values: what schemas and bodies are read into.

use std::borrow::Cow;

/// A JSON text, read. Values are numbered in the order of the text; the root
/// is 0. Of members with equal names the last one counts, as with most
/// readers of JSON.
#[derive(Debug, Clone)]
pub struct Document<'t> {
    pub(crate) text: Cow<'t, str>,
    /// Strings that had escapes, without them, one after the other.
    pub(crate) decoded: String,
    pub(crate) nodes: Vec<Node>,
}

/// One value, or the name of a member, which its value follows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(crate) tag: Tag,
    /// Of texts: where they start.
    pub(crate) start: u32,
    /// Of texts: their bytes; of lists and objects: items or members.
    pub(crate) len: u32,
    /// The number of the next value that is not within this one.
    pub(crate) end: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    Null,
    False,
    True,
    Number,
    /// A string as it stands in the text.
    Plain,
    /// A string in `decoded`.
    Decoded,
    Array,
    Object,
    /// The name of a member that a later one of the same name replaces.
    Shadowed,
}

/// What a value is, as the keyword `type` tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Array,
    Boolean,
    /// Written without a fraction and without an exponent.
    Integer,
    Null,
    Number,
    Object,
    String,
}

impl Kind {
    pub(crate) const ALL: [Self; 7] = [
        Self::Array,
        Self::Boolean,
        Self::Integer,
        Self::Null,
        Self::Number,
        Self::Object,
        Self::String,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Array => "array",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Null => "null",
            Self::Number => "number",
            Self::Object => "object",
            Self::String => "string",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Its bit in a set of kinds.
    pub(crate) fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl Document<'_> {
    /// How many values and names there are.
    pub fn values(&self) -> usize {
        self.nodes.len()
    }

    /// A copy that borrows nothing.
    pub(crate) fn into_owned(self) -> Document<'static> {
        let Self { text, decoded, nodes } = self;
        Document { text: Cow::Owned(text.into_owned()), decoded, nodes }
    }

    /// The root.
    pub(crate) fn root(&self) -> Value<'_> {
        Value { document: self, at: 0 }
    }
}

/// One value of a document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value<'d> {
    document: &'d Document<'d>,
    at: u32,
}

impl<'d> Value<'d> {
    /// Its number in the document.
    pub(crate) fn number(self) -> u32 {
        self.at
    }

    fn node(self) -> Node {
        self.document.nodes[self.at as usize]
    }

    fn at(self, at: u32) -> Self {
        Self { document: self.document, at }
    }

    pub(crate) fn kind(self) -> Kind {
        match self.node().tag {
            Tag::Null => Kind::Null,
            Tag::False | Tag::True => Kind::Boolean,
            Tag::Number if self.is_integer() => Kind::Integer,
            Tag::Number => Kind::Number,
            Tag::Plain | Tag::Decoded | Tag::Shadowed => Kind::String,
            Tag::Array => Kind::Array,
            Tag::Object => Kind::Object,
        }
    }

    fn is_integer(self) -> bool {
        !self.raw().bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E'))
    }

    /// The text of a string or number; empty for other values.
    fn raw(self) -> &'d str {
        let Node { tag, start, len, .. } = self.node();
        let text: &'d str = match tag {
            Tag::Number | Tag::Plain => &self.document.text,
            Tag::Decoded => &self.document.decoded,
            _ => return "",
        };
        text.get(start as usize..(start + len) as usize).unwrap_or_default()
    }

    pub(crate) fn as_bool(self) -> Option<bool> {
        match self.node().tag {
            Tag::False => Some(false),
            Tag::True => Some(true),
            _ => None,
        }
    }

    pub(crate) fn as_str(self) -> Option<&'d str> {
        matches!(self.node().tag, Tag::Plain | Tag::Decoded).then(|| self.raw())
    }

    /// A number as it is written.
    pub(crate) fn as_number(self) -> Option<&'d str> {
        (self.node().tag == Tag::Number).then(|| self.raw())
    }

    pub(crate) fn is_array(self) -> bool {
        self.node().tag == Tag::Array
    }

    pub(crate) fn is_object(self) -> bool {
        self.node().tag == Tag::Object
    }

    /// The number of items or members.
    pub(crate) fn len(self) -> usize {
        match self.node().tag {
            Tag::Array | Tag::Object => self.node().len as usize,
            _ => 0,
        }
    }

    /// The items of a list; none of other values.
    pub(crate) fn items(self) -> Items<'d> {
        let end = if self.is_array() { self.node().end } else { self.at + 1 };
        Items { next: self.at(self.at + 1), end }
    }

    /// The members of an object; none of other values.
    pub(crate) fn members(self) -> Members<'d> {
        let end = if self.is_object() { self.node().end } else { self.at + 1 };
        Members { next: self.at(self.at + 1), end }
    }

    pub(crate) fn get(self, name: &str) -> Option<Self> {
        self.members().find(|(own, _)| *own == name).map(|(_, value)| value)
    }
}

/// The items of a list.
#[derive(Debug, Clone)]
pub(crate) struct Items<'d> {
    next: Value<'d>,
    end: u32,
}

impl<'d> Iterator for Items<'d> {
    type Item = Value<'d>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next.at >= self.end {
            return None;
        }
        let item = self.next;
        self.next = item.at(item.node().end);
        Some(item)
    }
}

/// The members of an object, without those that a later one replaces.
#[derive(Debug, Clone)]
pub(crate) struct Members<'d> {
    next: Value<'d>,
    end: u32,
}

impl<'d> Iterator for Members<'d> {
    type Item = (&'d str, Value<'d>);

    fn next(&mut self) -> Option<Self::Item> {
        while self.next.at < self.end {
            let name = self.next;
            let value = name.at(name.at + 1);
            self.next = value.at(value.node().end);
            if name.node().tag != Tag::Shadowed {
                return Some((name.raw(), value));
            }
        }
        None
    }
}
