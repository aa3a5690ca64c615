//! The codings of bodies: gzip and deflate.

use std::io::{Read, Write as _};

use bytes::Bytes;
use flate2::{
    Compression,
    bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder},
    write::{GzEncoder, ZlibEncoder},
};
use http::{HeaderMap, HeaderValue, header};

/// What a body can be coded with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    /// The zlib format. Requests may also bring bare deflate data, as some
    /// clients do.
    Deflate,
}

/// Why a body is not decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotDecoded {
    /// It is not what its coding says.
    Invalid,
    /// It would be larger than the limit.
    TooLarge,
}

/// What a request says of its body's coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coded {
    /// Not coded.
    Plain,
    With(Coding),
    /// In a way that we do not know, or more than once.
    Unsupported,
}

impl Coding {
    fn parse(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
            Some(Self::Gzip)
        } else if name.eq_ignore_ascii_case("deflate") {
            Some(Self::Deflate)
        } else {
            None
        }
    }

    /// The value of `Content-Encoding`.
    pub(crate) fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        })
    }

    /// The body as it was before it was coded, if that is at most `limit`
    /// bytes.
    pub(crate) fn decode(self, body: &[u8], limit: usize) -> Result<Bytes, NotDecoded> {
        match self {
            Self::Gzip => read(MultiGzDecoder::new(body), limit),
            Self::Deflate => match read(ZlibDecoder::new(body), limit) {
                Err(NotDecoded::Invalid) => read(DeflateDecoder::new(body), limit),
                decoded => decoded,
            },
        }
    }

    /// Codes a body.
    pub(crate) fn encode(self, body: &[u8]) -> Bytes {
        let out = Vec::with_capacity(body.len() / 4 + 64);
        let level = Compression::default();
        let written = match self {
            Self::Gzip => {
                let mut encoder = GzEncoder::new(out, level);
                encoder.write_all(body).and_then(|()| encoder.finish())
            }
            Self::Deflate => {
                let mut encoder = ZlibEncoder::new(out, level);
                encoder.write_all(body).and_then(|()| encoder.finish())
            }
        };
        written.expect("writing to memory does not fail").into()
    }
}

/// Reads at most `limit` bytes. The result grows with what is there, whatever
/// the data claim.
fn read(decoder: impl Read, limit: usize) -> Result<Bytes, NotDecoded> {
    let mut out = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    decoder.take(most).read_to_end(&mut out).map_err(|_| NotDecoded::Invalid)?;
    if out.len() > limit { Err(NotDecoded::TooLarge) } else { Ok(out.into()) }
}

/// How a request's body is coded.
pub(crate) fn of_request(headers: &HeaderMap) -> Coded {
    let mut names = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or("?").split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity"));
    match (names.next(), names.next()) {
        (None, _) => Coded::Plain,
        (Some(name), None) => Coding::parse(name).map_or(Coded::Unsupported, Coded::With),
        (Some(_), Some(_)) => Coded::Unsupported,
    }
}

/// The coding that the client prefers among those that it names; `*` names
/// none.
pub(crate) fn accepted(headers: &HeaderMap) -> Option<Coding> {
    let mut best: Option<(Coding, f32)> = None;
    let values = headers.get_all(header::ACCEPT_ENCODING).iter();
    for item in values.flat_map(|value| value.to_str().unwrap_or_default().split(',')) {
        let mut parts = item.split(';').map(str::trim);
        let Some(coding) = parts.next().and_then(Coding::parse) else { continue };
        let quality = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        let quality = quality.map_or(1.0, |text| text.trim().parse().unwrap_or(0.0));
        if quality > best.map_or(0.0, |(_, quality)| quality) {
            best = Some((coding, quality));
        }
    }
    best.map(|(coding, _)| coding)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use flate2::write::DeflateEncoder;

    use super::*;

    #[test]
    fn decodes_what_it_encodes_and_bare_deflate() {
        for coding in [Coding::Gzip, Coding::Deflate] {
            for body in [&b""[..], b"a", &[b'x'; 100_000]] {
                let coded = coding.encode(body);
                assert_eq!(coding.decode(&coded, body.len()).unwrap(), body);
            }
        }
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::default());
        bare.write_all(b"some text, some text").unwrap();
        let bare = bare.finish().unwrap();
        assert_eq!(Coding::Deflate.decode(&bare, 100).unwrap(), "some text, some text");
        let twice = [Coding::Gzip.encode(b"a"), Coding::Gzip.encode(b"b")].concat();
        assert_eq!(Coding::Gzip.decode(&twice, 100).unwrap(), "ab");
    }

    #[test]
    fn bad_and_huge_bodies_are_told_apart() {
        let check = |body: &[u8], expected: NotDecoded| {
            assert_eq!(Coding::Gzip.decode(body, 1000), Err(expected));
        };
        let coded = Coding::Gzip.encode(b"some text");
        check(b"plain", NotDecoded::Invalid);
        check(b"", NotDecoded::Invalid);
        check(&coded[..coded.len() - 1], NotDecoded::Invalid);
        check(&[&coded[..], b"more"].concat(), NotDecoded::Invalid);
        let bomb = Coding::Gzip.encode(&vec![0; 50 << 20]);
        assert!(bomb.len() < 60_000);
        check(&bomb, NotDecoded::TooLarge);
        assert_eq!(Coding::Deflate.decode(b"\xff\xff\xff", 10), Err(NotDecoded::Invalid));
    }

    #[test]
    fn headers_name_codings() {
        let map = |name: header::HeaderName, values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(&name, HeaderValue::from_static(value));
            }
            headers
        };
        let check = |values: &[&'static str], expected: Coded| {
            assert_eq!(of_request(&map(header::CONTENT_ENCODING, values)), expected, "{values:?}");
        };
        check(&[], Coded::Plain);
        check(&["identity"], Coded::Plain);
        check(&["GZip"], Coded::With(Coding::Gzip));
        check(&["identity, deflate"], Coded::With(Coding::Deflate));
        check(&["gzip, gzip"], Coded::Unsupported);
        check(&["gzip", "deflate"], Coded::Unsupported);
        check(&["br"], Coded::Unsupported);
        let check = |values: &[&'static str], expected: Option<Coding>| {
            assert_eq!(accepted(&map(header::ACCEPT_ENCODING, values)), expected, "{values:?}");
        };
        check(&[], None);
        check(&["*"], None);
        check(&["br, identity"], None);
        check(&["gzip, deflate, br"], Some(Coding::Gzip));
        check(&["deflate, gzip"], Some(Coding::Deflate));
        check(&["gzip;q=0.5", "deflate; q=0.8"], Some(Coding::Deflate));
        check(&["gzip;q=0, deflate;q=x"], None);
    }
}
