//! `application/vnd.amazon.eventstream`: messages with headers, lengths and
//! checksums, as the streaming Invoke API answers them.

use bytes::{BufMut as _, Bytes, BytesMut};

/// The media type.
pub const MEDIA_TYPE: &str = "application/vnd.amazon.eventstream";

/// Lengths and their checksum, before the headers.
const PRELUDE: usize = 12;

/// The type of a header value that is a text, the only one used here.
const TEXT: u8 = 7;

/// A message, read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Names and values in their order.
    pub headers: Vec<(String, String)>,
    /// What it carries.
    pub payload: Bytes,
}

impl Message {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// An event of `kind`, whose payload is of `media_type`.
pub fn event(kind: &str, media_type: &str, payload: &[u8]) -> Bytes {
    let headers =
        [(":event-type", kind), (":content-type", media_type), (":message-type", "event")];
    encode(&headers, payload)
}

/// A message. Names are shorter than 256 bytes and values than 64 KiB: all of
/// ours are constants of a few words.
fn encode(headers: &[(&str, &str)], payload: &[u8]) -> Bytes {
    let mut head = BytesMut::new();
    for (name, value) in headers {
        head.put_u8(u8::try_from(name.len()).unwrap_or(u8::MAX));
        head.put_slice(name.as_bytes());
        head.put_u8(TEXT);
        head.put_u16(u16::try_from(value.len()).unwrap_or(u16::MAX));
        head.put_slice(value.as_bytes());
    }
    let total = PRELUDE + head.len() + payload.len() + 4;
    let mut message = BytesMut::with_capacity(total);
    message.put_u32(u32::try_from(total).unwrap_or(u32::MAX));
    message.put_u32(u32::try_from(head.len()).unwrap_or(u32::MAX));
    message.put_u32(crc32(&message));
    message.put_slice(&head);
    message.put_slice(payload);
    message.put_u32(crc32(&message));
    message.freeze()
}

/// Takes the next message off the front of `bytes`; `None` while it is not
/// whole yet.
///
/// # Errors
/// When a length or a checksum is wrong.
pub fn decode(bytes: &mut BytesMut) -> Result<Option<Message>, &'static str> {
    let word = |bytes: &[u8], at: usize| {
        bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_be_bytes)
    };
    let (Some(total), Some(head), Some(sum)) = (word(bytes, 0), word(bytes, 4), word(bytes, 8))
    else {
        return Ok(None);
    };
    if crc32(&bytes[..8]) != sum {
        return Err("the prelude's checksum is wrong");
    }
    let (total, head) = (total as usize, head as usize);
    if total < PRELUDE + head + 4 {
        return Err("the lengths contradict each other");
    }
    if bytes.len() < total {
        return Ok(None);
    }
    let message = bytes.split_to(total).freeze();
    if word(&message, total - 4) != Some(crc32(&message[..total - 4])) {
        return Err("the message's checksum is wrong");
    }
    let headers = read_headers(&message[PRELUDE..PRELUDE + head]).ok_or("a broken header")?;
    Ok(Some(Message { headers, payload: message.slice(PRELUDE + head..total - 4) }))
}

fn read_headers(mut bytes: &[u8]) -> Option<Vec<(String, String)>> {
    let mut headers = Vec::new();
    while !bytes.is_empty() {
        let name = take(&mut bytes, 1).map(|b| usize::from(b[0]))?;
        let name = String::from_utf8(take(&mut bytes, name)?.to_vec()).ok()?;
        take(&mut bytes, 1).filter(|kind| kind[0] == TEXT)?;
        let length = take(&mut bytes, 2)?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        let value = String::from_utf8(take(&mut bytes, length)?.to_vec()).ok()?;
        headers.push((name, value));
    }
    Some(headers)
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

/// The checksum of zlib and Ethernet.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        let index = (sum ^ u32::from(*byte)) & 0xff;
        TABLE[index as usize] ^ (sum >> 8)
    };
    !bytes.iter().fold(u32::MAX, step)
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let mut value = at as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { 0xedb8_8320 ^ (value >> 1) } else { value >> 1 };
            bit += 1;
        }
        table[at] = value;
        at += 1;
    }
    table
};

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_checksum_is_the_known_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn the_empty_message_is_the_documented_one() {
        let bytes = encode(&[], b"");
        let known = [0, 0, 0, 0x10, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff];
        assert_eq!(bytes.as_ref(), known);
    }

    proptest! {
        #[test]
        fn events_come_back_from_any_cut(
            payload in proptest::collection::vec(any::<u8>(), 0..200), cut in 0_usize..280
        ) {
            let bytes = event("PayloadChunk", "application/octet-stream", &payload);
            let cut = cut.min(bytes.len());
            let mut buffer = BytesMut::from(&bytes[..cut]);
            if cut < bytes.len() {
                prop_assert_eq!(decode(&mut buffer).unwrap(), None);
            }
            buffer.extend_from_slice(&bytes[cut..]);
            let message = decode(&mut buffer).unwrap().unwrap();
            prop_assert_eq!(message.header(":event-type"), Some("PayloadChunk"));
            prop_assert_eq!(message.payload.as_ref(), &payload[..]);
            prop_assert!(buffer.is_empty());
        }

        #[test]
        fn garbage_is_refused_or_waits(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _either = decode(&mut BytesMut::from(&bytes[..]));
        }

        #[test]
        fn a_flipped_bit_is_noticed(at in 0_usize..60, bit in 0_u8..8) {
            let bytes = event("InvokeComplete", "application/json", b"{}");
            let mut wrong = BytesMut::from(&bytes[..]);
            let at = at.min(wrong.len() - 1);
            wrong[at] ^= 1 << bit;
            prop_assert!(decode(&mut wrong).is_err());
        }
    }
}
