//! A streamed body, whole.

use std::{future::poll_fn, pin::Pin};

use bytes::{Bytes, BytesMut};
use http_body::Body;

use crate::BodyBudget;

/// Bodies up to this size are not counted: a connection's buffers take more.
const UNCOUNTED: u64 = 16 << 10;
/// At most so much is set aside for a body that has only been announced.
const AHEAD: u64 = 64 << 10;

/// Why a body is not there.
#[derive(Debug)]
pub(crate) enum NotGathered<E> {
    /// It broke off.
    Broken(E),
    /// It is larger than the limit: so long at least.
    TooLarge(u64),
    /// The node holds as much as it may.
    Busy,
}

/// Reads a body of at most `limit` bytes. They count against `budget` for as
/// long as the result or a copy of it lives.
pub(crate) async fn gather<B>(
    mut body: B,
    limit: u64,
    budget: &BodyBudget,
) -> Result<Bytes, NotGathered<B::Error>>
where
    B: Body<Data = Bytes> + Unpin,
{
    let announced = body.size_hint().lower();
    if announced > limit {
        return Err(NotGathered::TooLarge(announced));
    }
    let mut charge = budget.open();
    let (mut size, mut counted) = (0, 0);
    // The first piece is mostly the only one, and is not copied then.
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(NotGathered::Broken)?;
        // Trailers end here.
        let Ok(data) = frame.into_data() else { continue };
        size += data.len() as u64;
        if size > limit {
            return Err(NotGathered::TooLarge(size));
        }
        if size > UNCOUNTED {
            if !charge.grow(size - counted) {
                return Err(NotGathered::Busy);
            }
            counted = size;
        }
        if first.is_empty() && whole.is_empty() {
            first = data;
        } else {
            if whole.is_empty() {
                let ahead = announced.min(AHEAD).max(size);
                whole.reserve(usize::try_from(ahead).unwrap_or_default());
                whole.extend_from_slice(&std::mem::take(&mut first));
            }
            whole.extend_from_slice(&data);
        }
    }
    Ok(charge.hold(if whole.is_empty() { first } else { whole.freeze() }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::convert::Infallible;

    use futures_util::FutureExt as _;
    use http_body::Frame;
    use http_body_util::StreamBody;

    use super::*;

    fn gathered(
        pieces: &[usize],
        limit: u64,
        budget: &BodyBudget,
    ) -> Result<Bytes, NotGathered<Infallible>> {
        let frames = pieces.iter().enumerate().map(|(number, length)| {
            let byte = u8::try_from(number).unwrap();
            Ok(Frame::data(Bytes::from(vec![byte; *length])))
        });
        let body = StreamBody::new(futures_util::stream::iter(frames.collect::<Vec<_>>()));
        gather(body, limit, budget).now_or_never().unwrap()
    }

    #[test]
    fn pieces_become_one_within_limit_and_budget() {
        let budget = BodyBudget::new(100_000);
        assert_eq!(gathered(&[], 10, &budget).unwrap(), "");
        assert_eq!(gathered(&[2, 0, 1], 10, &budget).unwrap(), &[0, 0, 2][..]);
        assert!(matches!(gathered(&[5, 6], 10, &budget), Err(NotGathered::TooLarge(11))));
        assert_eq!(budget.used(), 0, "small ones are not counted");
        let whole = gathered(&[10_000, 10_000, 1], 1 << 20, &budget).unwrap();
        assert_eq!((whole.len(), budget.used()), (20_001, 20_001));
        let other = gathered(&[70_000, 10_000], 1 << 20, &budget);
        assert!(matches!(other, Err(NotGathered::Busy)));
        assert_eq!(budget.used(), 20_001);
        drop(whole);
        assert_eq!(budget.used(), 0);
    }
}
