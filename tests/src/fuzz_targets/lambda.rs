//! What comes from functions: answers, heads of streams, frames. And events,
//! which must be JSON whatever a client sends.

use bytes::Bytes;
use gw_event::{Answer, Body, Frames, Identity, Paths, Piece, Prelude, RestEvent, SentNames};

/// The first byte chooses what the rest is.
///
/// # Panics
/// When an event is not JSON or says something else than the request, when
/// pieces of other sizes read differently, or a decoder holds what it was not
/// given.
pub fn lambda(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    match kind % 4 {
        0 => answer(data),
        1 => head(data),
        2 => frames(data),
        _ => event(data),
    }
}

fn answer(data: &[u8]) {
    let Ok(answer) = Answer::parse(data) else { return };
    assert!((200..=599).contains(&answer.status));
    let is_base64 = answer.is_base64;
    let text = answer.body.clone().into_owned();
    let plain = answer.clone().into_body(false).expect("text needs no decoding");
    assert_eq!(plain, text.as_bytes());
    if let Ok(body) = answer.into_body(true) {
        assert!(is_base64 || body == plain);
        assert!(body.len() <= text.len());
    }
    let _ = gw_event::function_error(data);
}

/// The same head comes out whatever the pieces are.
fn head(data: &[u8]) {
    let whole = feed(data, data.len());
    for size in [1, 7] {
        assert_eq!(feed(data, size), whole, "pieces of {size}");
    }
}

type Found = Option<(u16, usize, Vec<u8>)>;

fn feed(data: &[u8], size: usize) -> Result<Found, ()> {
    let mut prelude = Prelude::default();
    let (mut found, mut rest): (Option<(u16, usize)>, _) = (None, Vec::new());
    for piece in data.chunks(size.max(1)) {
        if found.is_some() {
            rest.extend_from_slice(piece);
            continue;
        }
        if let Some((answer, behind)) =
            prelude.feed(&Bytes::copy_from_slice(piece)).map_err(|_| ())?
        {
            found = Some((answer.status, answer.headers.len()));
            rest.extend_from_slice(&behind);
        }
    }
    Ok(found.map(|(status, headers)| (status, headers, rest)))
}

/// Chunks come out the same; and as fuzzers do not guess checksums, a valid
/// frame around the same bytes is read back.
fn frames(data: &[u8]) {
    let whole = read(data, data.len());
    for size in [1, 5] {
        let pieces = read(data, size);
        assert_eq!(pieces.1, whole.1, "pieces of {size}");
        assert_eq!(pieces.0, whole.0, "pieces of {size}");
    }
    let (headers, payload) = data.split_at(data.len().min(64));
    let mut framed = Vec::new();
    let length = |n: usize| u32::try_from(n).unwrap_or_default().to_be_bytes();
    framed.extend_from_slice(&length(16 + headers.len() + payload.len()));
    framed.extend_from_slice(&length(headers.len()));
    framed.extend_from_slice(&crc32fast::hash(&framed).to_be_bytes());
    framed.extend_from_slice(headers);
    framed.extend_from_slice(payload);
    framed.extend_from_slice(&crc32fast::hash(&framed).to_be_bytes());
    let (bytes, _) = read(&framed, 9);
    assert!(bytes.is_empty() || bytes == payload);
}

fn read(data: &[u8], size: usize) -> (Vec<u8>, Result<bool, String>) {
    let mut frames = Frames::default();
    let (mut bytes, mut ended) = (Vec::new(), false);
    for piece in data.chunks(size.max(1)) {
        frames.push(Bytes::copy_from_slice(piece));
        loop {
            match frames.read() {
                Ok(Some(Piece::Chunk(chunk))) => bytes.extend_from_slice(&chunk),
                Ok(Some(Piece::Complete(_))) => ended = true,
                Ok(None) => break,
                Err(error) => return (bytes, Err(error.to_string())),
            }
        }
    }
    assert_eq!(frames.end().is_ok(), ended);
    (bytes, Ok(ended))
}

/// Lines: path, query, then headers as `name: value`; what is behind an empty
/// line is the body.
fn event(data: &[u8]) {
    let at = data.windows(2).position(|two| two == b"\n\n").unwrap_or(data.len());
    let (head, body) = data.split_at(at);
    let head_text = String::from_utf8_lossy(head).into_owned();
    let mut lines = head_text.lines();
    let (path, query) = (lines.next().unwrap_or("/"), lines.next());
    let mut hint = 0;
    let sent = SentNames::of(head);
    let headers: Vec<(&str, &[u8])> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (sent.find(name, &mut hint).unwrap_or(name), value.as_bytes()))
        .collect();
    let variables = [(path.to_owned(), query.unwrap_or_default().to_owned())].into();
    let event = RestEvent {
        resource: path,
        paths: Paths::of_default_host(path, path.find('/').unwrap_or(0)),
        method: "GET",
        headers: &headers,
        query,
        path_parameters: &[(path, path)],
        stage_variables: &variables,
        account: path,
        api: path,
        authorizer: None,
        deployment: path,
        domain: path,
        domain_prefix: path,
        extended_request_id: path,
        identity: Identity { user_agent: Some(data), source_ip: path, ..Identity::default() },
        canary: Some(data.len().is_multiple_of(2)),
        request_id: path,
        time_ms: u64::try_from(data.len()).unwrap_or_default() * 1_000_003,
        resource_id: path,
        stage: path,
    };
    for is_binary in [false, true] {
        let mut out = Vec::new();
        event.write(Body::of(body, is_binary), &mut out);
        let read: serde_json::Value = serde_json::from_slice(&out).expect("an event is JSON");
        assert_eq!(read["requestContext"]["resourcePath"], path);
        assert_eq!(read["requestContext"]["identity"]["userAgent"], *String::from_utf8_lossy(data));
        assert_eq!(read["headers"].is_null(), headers.is_empty());
        let last = headers.last().map(|(name, value)| (*name, String::from_utf8_lossy(value)));
        if let Some((name, value)) = last {
            assert_eq!(read["headers"][name], *value);
            let list = read["multiValueHeaders"][name].as_array().expect("a list");
            assert_eq!(list.last().and_then(|value| value.as_str()), Some(&*value));
        }
        if !is_binary && !body.is_empty() {
            assert_eq!(read["body"], *String::from_utf8_lossy(body));
        }
        assert_eq!(read["body"].is_null(), body.is_empty());
    }
}
