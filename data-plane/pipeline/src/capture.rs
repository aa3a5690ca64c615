//! What a request knows, in a form that another thread can read.

use std::{borrow::Cow, sync::Arc};

use gw_model::Variables;
use gw_snapshot::{ContextVar, Values};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{ctx::RequestCtx, seen};

/// The values of a request, copied. Made for large bodies only, beside which
/// the copies cost nothing.
#[derive(Debug)]
pub(crate) struct Captured {
    /// In the order of [`ContextVar::ALL`].
    context: Vec<Option<Box<str>>>,
    variables: Arc<Variables>,
    headers: HeaderMap,
    /// The same headers in order, with the names as sent.
    listed: Vec<(Box<str>, HeaderValue)>,
    query: Vec<(Box<str>, Box<str>)>,
    path: Vec<(Box<str>, Box<str>)>,
}

impl Captured {
    pub(crate) fn of(ctx: &RequestCtx<'_>) -> Self {
        let context = ContextVar::ALL.iter().map(|v| Some(ctx.context(*v)?.into_owned().into()));
        let (mut listed, mut query, mut path) = (Vec::new(), Vec::new(), Vec::new());
        ctx.headers(&mut |name, value| listed.push((name.into(), value.clone())));
        ctx.queries(&mut |name, value| query.push((name.into(), value.into())));
        ctx.paths(&mut |name, value| path.push((name.into(), value.into())));
        let mut headers = ctx.headers.clone();
        for (name, _, value) in seen::all_own(ctx) {
            headers.insert(name, value.clone());
        }
        Self {
            context: context.collect(),
            variables: ctx.stage.map(|l| Arc::clone(&l.bound.variables)).unwrap_or_default(),
            headers,
            listed,
            query,
            path,
        }
    }
}

impl Values for Captured {
    fn context(&self, variable: ContextVar) -> Option<Cow<'_, str>> {
        let at = ContextVar::ALL.iter().position(|known| *known == variable)?;
        self.context.get(at)?.as_deref().map(Cow::Borrowed)
    }

    fn stage_variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    fn stage_variables(&self, each: &mut dyn FnMut(&str, &str)) {
        self.variables.iter().for_each(|(name, value)| each(name, value));
    }

    fn header(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.headers.get_all(name).iter().next_back()
    }

    fn header_list(&self, name: &HeaderName) -> Option<Cow<'_, str>> {
        let values = self.headers.get_all(name).iter();
        let texts: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        (!texts.is_empty()).then(|| Cow::Owned(texts.join(",")))
    }

    fn headers(&self, each: &mut dyn FnMut(&str, &HeaderValue)) {
        self.listed.iter().for_each(|(name, value)| each(name, value));
    }

    fn query(&self, name: &str) -> Option<Cow<'_, str>> {
        let (_, value) = self.query.iter().rfind(|(known, _)| **known == *name)?;
        Some(Cow::Borrowed(value))
    }

    fn query_list(&self, name: &str, each: &mut dyn FnMut(&str)) {
        let values = self.query.iter().filter(|(known, _)| **known == *name);
        values.for_each(|(_, value)| each(value));
    }

    fn queries(&self, each: &mut dyn FnMut(&str, &str)) {
        self.query.iter().for_each(|(name, value)| each(name, value));
    }

    fn path(&self, name: &str) -> Option<&str> {
        self.path.iter().find(|(known, _)| **known == *name).map(|(_, value)| &**value)
    }

    fn paths(&self, each: &mut dyn FnMut(&str, &str)) {
        self.path.iter().for_each(|(name, value)| each(name, value));
    }
}
