//! A request's headers as mappings and templates see them: the client's, and
//! what AWS's gateway adds to them before anything reads them.

use std::{borrow::Cow, cell::OnceCell, cmp::Ordering};

use gw_event::{SentNames, push_train_case};
use http::{HeaderName, HeaderValue};
use smallvec::SmallVec;

use crate::{
    ctx::RequestCtx,
    header_table::{EventFate, event_fate, named_by_connection},
    id::TRACE_ID,
};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The headers that the gateway says itself, and how it spells them.
const OWN: [(HeaderName, &str); 4] = [
    (TRACE_ID, "X-Amzn-Trace-Id"),
    (FORWARDED_FOR, "X-Forwarded-For"),
    (FORWARDED_PORT, "X-Forwarded-Port"),
    (FORWARDED_PROTO, "X-Forwarded-Proto"),
];

/// Where a request came from, made when somebody asks.
#[derive(Debug)]
pub(crate) struct Forwarded {
    /// What the client says of its trace, else the root of the one that is
    /// drawn: as AWS's events have it, the rest begins behind the gateway.
    trace: HeaderValue,
    /// The client's own chain, and behind it the address that the node saw.
    chain: HeaderValue,
    port: HeaderValue,
    proto: HeaderValue,
}

/// See [`Forwarded`]; elsewhere, since few requests need it.
pub(crate) type Seen = OnceCell<Box<Forwarded>>;

impl Forwarded {
    fn of(ctx: &RequestCtx<'_>) -> Self {
        let mut chain = Vec::new();
        for value in ctx.headers.get_all(&FORWARDED_FOR) {
            chain.extend_from_slice(value.as_bytes());
            chain.extend_from_slice(b", ");
        }
        chain.extend_from_slice(ctx.conn.peer.to_string().as_bytes());
        let has_root =
            |value: &&HeaderValue| value.to_str().is_ok_and(|text| text.contains("Root="));
        let sent = ctx.headers.get(&TRACE_ID).filter(has_root);
        let root = || {
            let drawn = ctx.drawn_trace().as_bytes();
            let root = drawn.split(|byte| *byte == b';').next().unwrap_or_default();
            HeaderValue::from_bytes(root).expect("a part of a value is one")
        };
        Self {
            trace: sent.cloned().unwrap_or_else(root),
            chain: HeaderValue::try_from(chain).expect("values and an address make a value"),
            port: HeaderValue::from(ctx.conn.local_port),
            proto: HeaderValue::from_static(if ctx.conn.is_tls { "https" } else { "http" }),
        }
    }
}

/// What the gateway says under a name, whatever the client said there. Test
/// calls have no client and no network, so nothing is added to them.
pub(crate) fn own<'c>(ctx: &'c RequestCtx<'_>, name: &HeaderName) -> Option<&'c HeaderValue> {
    if ctx.is_test || !name.as_str().starts_with("x-") {
        return None;
    }
    let forwarded = || ctx.seen.get_or_init(|| Box::new(Forwarded::of(ctx)));
    match name.as_str() {
        "x-amzn-trace-id" => Some(&forwarded().trace),
        "x-forwarded-for" => Some(&forwarded().chain),
        "x-forwarded-port" => Some(&forwarded().port),
        "x-forwarded-proto" => Some(&forwarded().proto),
        _ => None,
    }
}

/// All that the gateway says.
pub(crate) fn all_own<'c>(
    ctx: &'c RequestCtx<'_>,
) -> impl Iterator<Item = (HeaderName, &'static str, &'c HeaderValue)> {
    OWN.into_iter().filter_map(|(name, shown)| {
        let value = own(ctx, &name)?;
        Some((name, shown, value))
    })
}

/// Lists the headers as AWS does: by name without regard to case, named as in
/// a function's event, and without what is about the connection.
pub(crate) fn list(ctx: &RequestCtx<'_>, each: &mut dyn FnMut(&str, &HeaderValue)) {
    match ctx.raw_head {
        Some(head) => head.read(&mut |head| sorted(ctx, SentNames::of(head), each)),
        None => sorted(ctx, SentNames::default(), each),
    }
}

fn sorted(ctx: &RequestCtx<'_>, sent: SentNames<'_>, each: &mut dyn FnMut(&str, &HeaderValue)) {
    let is_edge = ctx.stage.is_some_and(|located| located.bound.api.is_edge());
    let hop_by_hop = named_by_connection(&ctx.headers);
    let mut list: SmallVec<[(Cow<'_, str>, &HeaderValue); 24]> = SmallVec::new();
    let mut hint = 0;
    for (name, value) in &ctx.headers {
        let lower = name.as_str();
        let fate = match ctx.is_test {
            // Nobody stands between a test call and its method.
            true => EventFate::Pass,
            false if hop_by_hop.contains(name) => EventFate::Drop,
            false => event_fate(lower, value),
        };
        let shown = match fate {
            EventFate::Drop => continue,
            EventFate::Named(fixed) => Cow::Borrowed(fixed),
            EventFate::Pass if is_edge && !ctx.is_test => {
                let mut spelled = String::with_capacity(lower.len());
                push_train_case(&mut spelled, lower);
                Cow::Owned(spelled)
            }
            EventFate::Pass => Cow::Borrowed(sent.find(lower, &mut hint).unwrap_or(lower)),
        };
        list.push((shown, value));
    }
    list.extend(all_own(ctx).map(|(_, shown, value)| (Cow::Borrowed(shown), value)));
    // Repeats stay in their order.
    list.sort_by(|(one, _), (other, _)| without_case(one, other));
    list.iter().for_each(|(name, value)| each(name, value));
}

fn without_case(one: &str, other: &str) -> Ordering {
    let lower = |byte: u8| byte.to_ascii_lowercase();
    one.bytes().map(lower).cmp(other.bytes().map(lower))
}
