//! The ids of a request: random, and written without formatting.

use fastrand::Rng;
use http::{HeaderMap, HeaderName, HeaderValue};
use smallvec::SmallVec;

/// The id of a request, both ways.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
/// Says which calls belong together.
pub(crate) const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

const HEX: &[u8; 16] = b"0123456789abcdef";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// `$context.requestId` and `$context.extendedRequestId`.
#[derive(Debug, Clone)]
pub(crate) struct Ids {
    request: [u8; 36],
    extended: [u8; 16],
}

impl Ids {
    /// Draws both ids; a UUID that the client sent as `x-amzn-RequestId` is
    /// taken over.
    pub(crate) fn draw(headers: &HeaderMap, rng: &mut Rng) -> Self {
        let sent = headers.get(REQUEST_ID).and_then(|value| {
            let bytes: &[u8; 36] = value.as_bytes().try_into().ok()?;
            is_uuid(bytes).then_some(*bytes)
        });
        Self { request: sent.unwrap_or_else(|| uuid(rng)), extended: extended(rng) }
    }

    pub(crate) fn request(&self) -> &str {
        std::str::from_utf8(&self.request).unwrap_or_default()
    }

    pub(crate) fn extended(&self) -> &str {
        std::str::from_utf8(&self.extended).unwrap_or_default()
    }

    pub(crate) fn request_header(&self) -> HeaderValue {
        ascii(&self.request)
    }

    pub(crate) fn extended_header(&self) -> HeaderValue {
        ascii(&self.extended)
    }
}

/// The value of `X-Amzn-Trace-Id` for the backend. What the client sent is
/// kept; a missing root or parent is drawn. Sampled is 0 unless a parent came
/// without saying.
pub(crate) fn trace(sent: Option<&HeaderValue>, epoch_s: u32, rng: &mut Rng) -> SmallVec<[u8; 96]> {
    let sent = sent.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let part = |name: &str| {
        let mut parts = sent.split(';').filter_map(|part| part.trim().split_once('='));
        parts.find(|(key, value)| key.eq_ignore_ascii_case(name) && !value.is_empty())
    };
    let (root, parent, sampled) = (part("root"), part("parent"), part("sampled"));
    let mut out = SmallVec::new();
    if let (None, None, None) = (root, parent, sampled) {
        // Nearly every request: one copy of a line with known places.
        let mut line =
            *b"Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0";
        write_hex(&mut line[7..15], &epoch_s.to_be_bytes());
        write_hex(&mut line[16..32], &rng.u64(..).to_be_bytes());
        write_hex(&mut line[32..40], &rng.u32(..).to_be_bytes());
        write_hex(&mut line[48..64], &rng.u64(..).to_be_bytes());
        out.extend_from_slice(&line);
        return out;
    }
    out.extend_from_slice(b"Root=");
    match root {
        Some((_, root)) => out.extend_from_slice(root.as_bytes()),
        None => {
            out.extend_from_slice(b"1-");
            push_hex(&mut out, epoch_s.to_be_bytes());
            out.push(b'-');
            push_hex(&mut out, rng.u64(..).to_be_bytes());
            push_hex(&mut out, rng.u32(..).to_be_bytes());
        }
    }
    out.extend_from_slice(b";Parent=");
    match parent {
        Some((_, parent)) => out.extend_from_slice(parent.as_bytes()),
        None => push_hex(&mut out, rng.u64(..).to_be_bytes()),
    }
    out.extend_from_slice(b";Sampled=");
    let default = if parent.is_some() { "1" } else { "0" };
    let sampled = sampled.map_or(default, |(_, sampled)| sampled);
    out.extend_from_slice(sampled.as_bytes());
    out
}

/// A random UUID, version 4.
fn uuid(rng: &mut Rng) -> [u8; 36] {
    let mut bytes = (u128::from(rng.u64(..)) << 64 | u128::from(rng.u64(..))).to_be_bytes();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut out = [b'-'; 36];
    let mut at = 0;
    for (n, byte) in bytes.iter().enumerate() {
        if matches!(n, 4 | 6 | 8 | 10) {
            at += 1;
        }
        out[at] = HEX[usize::from(byte >> 4)];
        out[at + 1] = HEX[usize::from(byte & 15)];
        at += 2;
    }
    out
}

/// Eleven random bytes in base64, such as `Mc7UVioPPHcEKPA=`.
fn extended(rng: &mut Rng) -> [u8; 16] {
    let mut bits = u128::from(rng.u64(..)) << 64 | u128::from(rng.u64(..));
    let mut out = [b'='; 16];
    for byte in out.iter_mut().take(15) {
        *byte = BASE64[usize::try_from(bits & 63).unwrap_or_default()];
        bits >>= 6;
    }
    // 88 bits fill 14 digits and four bits of the last one.
    out[14] = BASE64[usize::try_from(bits & 15).unwrap_or_default() << 2];
    out
}

fn is_uuid(text: &[u8; 36]) -> bool {
    text.iter().enumerate().all(|(n, byte)| match n {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

fn push_hex<const N: usize>(out: &mut SmallVec<[u8; 96]>, bytes: [u8; N]) {
    let mut digits = [0; 16];
    write_hex(&mut digits[..2 * N], &bytes);
    out.extend_from_slice(&digits[..2 * N]);
}

/// Two digits for each byte, over what `out` holds.
fn write_hex(out: &mut [u8], bytes: &[u8]) {
    for (digits, byte) in out.chunks_exact_mut(2).zip(bytes) {
        digits.copy_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
    }
}

/// Our own characters are always a header's.
fn ascii(text: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_forms() {
        let mut rng = Rng::with_seed(7);
        let ids = Ids::draw(&HeaderMap::new(), &mut rng);
        assert!(is_uuid(&ids.request), "{}", ids.request());
        assert_eq!(ids.request().as_bytes()[14], b'4');
        assert!(b"89ab".contains(&ids.request().as_bytes()[19]));
        assert!(ids.extended().ends_with('=') && ids.extended().len() == 16);
        assert_ne!(ids.request(), Ids::draw(&HeaderMap::new(), &mut rng).request());
    }

    #[test]
    fn only_a_uuid_is_taken_over() {
        let mut headers = HeaderMap::new();
        let uuid = "00112233-4455-6677-8899-AABBCCDDEEFF";
        headers.insert("x-amzn-requestid", HeaderValue::from_static(uuid));
        let mut rng = Rng::with_seed(1);
        assert_eq!(Ids::draw(&headers, &mut rng).request(), uuid);
        headers.insert("x-amzn-requestid", HeaderValue::from_static("mine"));
        assert_ne!(Ids::draw(&headers, &mut rng).request(), "mine");
    }

    #[test]
    fn traces() {
        let check = |sent: Option<&'static str>, start: &str, end: &str| {
            let sent = sent.map(HeaderValue::from_static);
            let value = trace(sent.as_ref(), 0x5e5f_a2e7, &mut Rng::with_seed(3));
            let text = std::str::from_utf8(&value).unwrap();
            assert!(text.starts_with(start) && text.ends_with(end), "{sent:?} -> {text}");
        };
        check(None, "Root=1-5e5fa2e7-", ";Sampled=0");
        let drawn = trace(None, 0x5e5f_a2e7, &mut Rng::with_seed(3));
        let part = trace(
            Some(&HeaderValue::from_static("Sampled=0")),
            0x5e5f_a2e7,
            &mut Rng::with_seed(3),
        );
        assert_eq!(drawn, part, "the line with known places is the one that is put together");
        check(Some("Root=1-a-b"), "Root=1-a-b;Parent=", ";Sampled=0");
        check(Some("Root=1-a-b;Parent=c"), "Root=1-a-b;Parent=c;", "Sampled=1");
        check(Some("Root=1-a-b; Parent=c; Sampled=0"), "Root=1-a-b;Parent=c;", "Sampled=0");
        check(Some("Sampled=1"), "Root=1-5e5fa2e7-", ";Sampled=1");
        check(Some(";;=;"), "Root=1-5e5fa2e7-", ";Sampled=0");
    }
}
