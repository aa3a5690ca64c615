//! Frames as whoever runs functions sends them.

use bytes::{BufMut as _, Bytes, BytesMut};

use super::PRELUDE;

/// The type of a header's value that is a text.
const TEXT: u8 = 7;

/// The frame of an event, such as `PayloadChunk`; its payload is of
/// `media_type`.
pub fn frame(event: &str, media_type: &str, payload: &[u8]) -> Bytes {
    let mut headers = BytesMut::new();
    for (name, value) in
        [(":event-type", event), (":content-type", media_type), (":message-type", "event")]
    {
        // Names and values are a few words; longer ones would be cut.
        let name = name.as_bytes().get(..255).unwrap_or(name.as_bytes());
        headers.put_u8(u8::try_from(name.len()).unwrap_or(u8::MAX));
        headers.put_slice(name);
        headers.put_u8(TEXT);
        let value = value.as_bytes().get(..255).unwrap_or(value.as_bytes());
        headers.put_u16(u16::try_from(value.len()).unwrap_or(u16::MAX));
        headers.put_slice(value);
    }
    encode(&headers, payload)
}

/// Lengths, checksums, and what stands between them. Both parts together are
/// shorter than 4 GiB: an answer has at most 6 MiB.
fn encode(headers: &[u8], payload: &[u8]) -> Bytes {
    let size = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
    let total = PRELUDE + headers.len() + payload.len() + 4;
    let mut frame = BytesMut::with_capacity(total);
    frame.put_u32(size(total));
    frame.put_u32(size(headers.len()));
    frame.put_u32(crc32fast::hash(&frame));
    frame.put_slice(headers);
    frame.put_slice(payload);
    frame.put_u32(crc32fast::hash(&frame));
    frame.freeze()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Completion, Frames, Piece};

    #[test]
    fn the_empty_frame_is_the_documented_one() {
        let known = [0, 0, 0, 0x10, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff];
        assert_eq!(encode(b"", b"").as_ref(), known);
    }

    #[test]
    fn headers_stand_as_they_are_documented() {
        let made = frame("InvokeComplete", "application/json", b"{}");
        let headers = b"\x0b:event-type\x07\0\x0eInvokeComplete\
            \x0d:content-type\x07\0\x10application/json\
            \x0d:message-type\x07\0\x05event";
        assert_eq!(made, encode(headers, b"{}"));
        let mut frames = Frames::default();
        frames.push(made);
        assert_eq!(frames.read(), Ok(Some(Piece::Complete(Completion::default()))));
    }

    proptest! {
        #[test]
        fn chunks_come_back(payload in proptest::collection::vec(any::<u8>(), 1..200)) {
            let mut frames = Frames::default();
            frames.push(frame("PayloadChunk", "application/octet-stream", &payload));
            prop_assert_eq!(frames.read(), Ok(Some(Piece::Chunk(payload.into()))));
            prop_assert_eq!(frames.read(), Ok(None));
        }

        #[test]
        fn a_flipped_bit_is_noticed(at in 0_usize..90, bit in 0_u8..8) {
            let made = frame("InvokeComplete", "application/json", b"{}");
            let mut wrong = BytesMut::from(&made[..]);
            let at = at.min(wrong.len() - 1);
            wrong[at] ^= 1 << bit;
            let mut frames = Frames::default();
            frames.push(wrong.freeze());
            let read = std::iter::from_fn(|| frames.read().transpose()).find_map(Result::err);
            prop_assert!(read.is_some());
        }
    }
}
