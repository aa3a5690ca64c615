//! The members of an answer, read from JSON as Java's reader reads them.

use std::{borrow::Cow, fmt};

use http::{HeaderName, HeaderValue};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::{Answer, Malformed};
use crate::headers::renamed;

/// Most headers of an answer. AWS passes on 10,240 bytes of them; a header map
/// ends at some 30,000 names, which is well within an answer.
const MAX_HEADERS: usize = 1000;

/// The members as they were given.
#[derive(Default)]
pub(super) struct Members<'a> {
    status: Option<i64>,
    single: Vec<(HeaderName, HeaderValue)>,
    multi: Vec<(HeaderName, HeaderValue)>,
    body: Option<Cow<'a, str>>,
    is_base64: Option<bool>,
    cookies: Option<Vec<(HeaderName, HeaderValue)>>,
}

impl<'a> Members<'a> {
    pub(super) fn into_answer(self, is_head: bool) -> Result<Answer<'a>, Malformed> {
        let wrong = |text: &str| Err(Malformed(text.to_owned()));
        if is_head && (self.body.is_some() || self.is_base64.is_some()) {
            return wrong("a streamed answer has its body behind its head");
        }
        if !is_head && self.cookies.is_some() {
            return wrong("unknown field `cookies`");
        }
        // A status below 200 would end no response.
        let status = u16::try_from(self.status.unwrap_or(200)).ok();
        let Some(status) = status.filter(|status| (200..=599).contains(status)) else {
            return wrong("statusCode is not between 200 and 599");
        };
        let mut headers = self.multi;
        headers.extend(self.single);
        headers.extend(self.cookies.unwrap_or_default());
        if headers.len() > MAX_HEADERS {
            return Err(Malformed::new(format_args!("more than {MAX_HEADERS} headers")));
        }
        let headers = renamed(headers, is_head);
        let body = self.body.unwrap_or_default();
        Ok(Answer { status, headers, body, is_base64: self.is_base64 == Some(true) })
    }
}

/// Reads an object and nothing else.
pub(super) struct Whole<'a>(pub(super) Members<'a>);

impl<'de> Deserialize<'de> for Whole<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(WholeVisitor).map(Self)
    }
}

struct WholeVisitor;

impl<'de> Visitor<'de> for WholeVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Members::default();
        while let Some(Text(name)) = map.next_key::<Text<'de>>()? {
            match &*name {
                "statusCode" => members.status = map.next_value::<Status>()?.0,
                "headers" => members.single = map.next_value::<Headers>()?.0,
                "multiValueHeaders" => members.multi = map.next_value::<MultiHeaders>()?.0,
                "body" => members.body = map.next_value::<Option<Text<'de>>>()?.map(|text| text.0),
                "isBase64Encoded" => {
                    members.is_base64 = map.next_value::<Option<Flag>>()?.map(|f| f.0);
                }
                "cookies" => members.cookies = Some(map.next_value::<Cookies>()?.0),
                _ => return Err(A::Error::custom(format!("unknown field {name:?}"))),
            }
        }
        Ok(members)
    }
}

/// A string, borrowed where it can be.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Cow<'de, str>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
            fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text))
            }
        }
        deserializer.deserialize_str(V).map(Self)
    }
}

/// A value that Java's reader turns into the type that it needs.
enum Scalar<'a> {
    Null,
    Bool(bool),
    Integer(i64),
    Text(Cow<'a, str>),
    Other,
}

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Scalar::Integer(i64::try_from(value).unwrap_or(i64::MAX)))
    }

    #[expect(clippy::cast_possible_truncation, reason = "within the bounds it is exact")]
    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        let is_whole = value.fract() == 0.0 && value.abs() < 1e9;
        Ok(if is_whole { Scalar::Integer(value as i64) } else { Scalar::Other })
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
}

/// A number, also as text; `null` is none.
struct Status(Option<i64>);

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = match Scalar::deserialize(deserializer)? {
            Scalar::Null => return Ok(Self(None)),
            Scalar::Integer(number) => Some(number),
            Scalar::Text(text) => text.trim().parse().ok(),
            Scalar::Bool(_) | Scalar::Other => None,
        };
        number
            .map(|number| Self(Some(number)))
            .ok_or_else(|| D::Error::custom("statusCode is no number"))
    }
}

/// A boolean, also as text.
struct Flag(bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Scalar::deserialize(deserializer)? {
            Scalar::Bool(flag) => Ok(Self(flag)),
            Scalar::Text(text) if text == "true" => Ok(Self(true)),
            Scalar::Text(text) if text == "false" => Ok(Self(false)),
            _ => Err(D::Error::custom("isBase64Encoded is no boolean")),
        }
    }
}

/// A header's value: text, `true` or `false`. `null` leaves the header out.
fn header_of<E: serde::de::Error>(
    name: &HeaderName,
    value: Scalar<'_>,
) -> Result<Option<HeaderValue>, E> {
    let value = match value {
        Scalar::Null => return Ok(None),
        Scalar::Bool(true) => HeaderValue::from_static("true"),
        Scalar::Bool(false) => HeaderValue::from_static("false"),
        Scalar::Text(text) => HeaderValue::from_bytes(text.as_bytes())
            .map_err(|_| E::custom(format!("header {name} has an impossible value")))?,
        Scalar::Integer(_) | Scalar::Other => {
            return Err(E::custom(format!("header {name} is no text")));
        }
    };
    Ok(Some(value))
}

fn name_of<E: serde::de::Error>(name: &str) -> Result<HeaderName, E> {
    name.parse().map_err(|_| E::custom(format!("{name:?} is no header name")))
}

/// Defines a reader of an object whose entries `each` takes; `null` is empty.
macro_rules! header_reader {
    ($name:ident, $value:ty, $each:expr) => {
        struct $name(Vec<(HeaderName, HeaderValue)>);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct V;
                impl<'de> Visitor<'de> for V {
                    type Value = Vec<(HeaderName, HeaderValue)>;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("an object of headers")
                    }
                    fn visit_unit<E>(self) -> Result<Self::Value, E> {
                        Ok(Vec::new())
                    }
                    fn visit_map<A: MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<Self::Value, A::Error> {
                        let mut list = Vec::new();
                        while let Some(Text(name)) = map.next_key::<Text<'de>>()? {
                            let name = name_of(&name)?;
                            let value = map.next_value::<$value>()?;
                            $each(name, value, &mut list)?;
                        }
                        Ok(list)
                    }
                }
                deserializer.deserialize_any(V).map(Self)
            }
        }
    };
}

type List = Vec<(HeaderName, HeaderValue)>;

fn take_one<E: serde::de::Error>(
    name: HeaderName,
    value: Scalar<'_>,
    list: &mut List,
) -> Result<(), E> {
    if let Some(value) = header_of(&name, value)? {
        list.push((name, value));
    }
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "as the reader calls it")]
fn take_all<E: serde::de::Error>(
    name: HeaderName,
    values: Option<Vec<Scalar<'_>>>,
    list: &mut List,
) -> Result<(), E> {
    for value in values.unwrap_or_default() {
        if let Some(value) = header_of(&name, value)? {
            list.push((name.clone(), value));
        }
    }
    Ok(())
}

header_reader!(Headers, Scalar<'de>, take_one);
header_reader!(MultiHeaders, Option<Vec<Scalar<'de>>>, take_all);

/// A list of cookies, each a header of its own.
struct Cookies(List);

impl<'de> Deserialize<'de> for Cookies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values = Option::<Vec<Scalar<'de>>>::deserialize(deserializer)?;
        let mut list = List::new();
        take_all(http::header::SET_COOKIE, values, &mut list)?;
        Ok(Self(list))
    }
}
