//! Frames of streamed answers, against an encoder of the test's own.
#![allow(clippy::unwrap_used, reason = "tests")]

use bytes::Bytes;
use gw_event::{BrokenStream, Completion, Frames, Piece};

fn frame(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    let mut coded = Vec::new();
    for (name, value) in headers {
        coded.push(u8::try_from(name.len()).unwrap());
        coded.extend_from_slice(name.as_bytes());
        coded.push(7);
        coded.extend_from_slice(&u16::try_from(value.len()).unwrap().to_be_bytes());
        coded.extend_from_slice(value.as_bytes());
    }
    raw_frame(&coded, payload)
}

fn raw_frame(headers: &[u8], payload: &[u8]) -> Vec<u8> {
    let length = |n: usize| u32::try_from(n).unwrap().to_be_bytes();
    let mut out = Vec::new();
    out.extend_from_slice(&length(16 + headers.len() + payload.len()));
    out.extend_from_slice(&length(headers.len()));
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out.extend_from_slice(headers);
    out.extend_from_slice(payload);
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out
}

fn chunk(payload: &[u8]) -> Vec<u8> {
    let headers = [
        (":message-type", "event"),
        (":event-type", "PayloadChunk"),
        (":content-type", "application/octet-stream"),
    ];
    frame(&headers, payload)
}

fn complete(payload: &str) -> Vec<u8> {
    let headers = [
        (":message-type", "event"),
        (":event-type", "InvokeComplete"),
        (":content-type", "application/json"),
    ];
    frame(&headers, payload.as_bytes())
}

/// The chunks' bytes and the end, reading pieces of a size.
fn read(stream: &[u8], size: usize) -> Result<(Vec<u8>, Option<Completion>), BrokenStream> {
    let mut frames = Frames::default();
    let (mut bytes, mut end) = (Vec::new(), None);
    for piece in stream.chunks(size.max(1)) {
        frames.push(Bytes::copy_from_slice(piece));
        while let Some(piece) = frames.read()? {
            match piece {
                Piece::Chunk(chunk) => bytes.extend_from_slice(&chunk),
                Piece::Complete(completion) => end = Some(completion),
            }
        }
    }
    assert_eq!(frames.end().is_ok(), end.is_some());
    Ok((bytes, end))
}

#[test]
fn streams_in_any_pieces() {
    let stream = [
        chunk(b"hello "),
        chunk(b""),
        frame(&[(":message-type", "event"), (":event-type", "Later")], b"ignored"),
        chunk(&[7; 5000]),
        complete(r#"{"LogResult":"bG9n","More":1}"#),
    ]
    .concat();
    let expected = [&b"hello "[..], &[7; 5000]].concat();
    for size in [1, 3, 11, 12, 13, 100, 4096, stream.len()] {
        let (bytes, end) = read(&stream, size).unwrap();
        assert_eq!(bytes, expected, "pieces of {size}");
        let log = Completion { log_result: Some("bG9n".to_owned()), ..Completion::default() };
        assert_eq!(end, Some(log));
    }
}

#[test]
fn errors_of_functions() {
    let stream =
        [chunk(b"half"), complete(r#"{"ErrorCode":"Unhandled","ErrorDetails":"{}"}"#)].concat();
    let (bytes, end) = read(&stream, 9).unwrap();
    assert_eq!(bytes, b"half");
    assert_eq!(end.unwrap().error_code.as_deref(), Some("Unhandled"));
    let exception =
        frame(&[(":message-type", "exception"), (":exception-type", "InternalException")], b"gone");
    assert_eq!(read(&exception, 7), Err(BrokenStream::Exception("gone".to_owned())));
}

#[test]
fn every_kind_of_header_is_passed_over() {
    let mut headers = Vec::new();
    for (kind, size) in [(0, 0), (1, 0), (2, 1), (3, 2), (4, 4), (5, 8), (8, 8), (9, 16)] {
        headers.extend_from_slice(&[1, b'h', kind]);
        headers.extend_from_slice(&vec![0xff; size]);
    }
    headers.extend_from_slice(&[1, b'b', 6, 0, 2, 1, 2]);
    headers.push(11);
    headers.extend_from_slice(b":event-type");
    headers.extend_from_slice(&[7, 0, 12]);
    headers.extend_from_slice(b"PayloadChunk");
    let stream = [raw_frame(&headers, b"x"), complete("")].concat();
    assert_eq!(read(&stream, 5).unwrap(), (b"x".to_vec(), Some(Completion::default())));
}

#[test]
fn broken_streams() {
    let good = chunk(b"payload");
    for at in 0..good.len() {
        let mut bad = [good.clone(), complete("{}")].concat();
        bad[at] ^= 0x40;
        assert!(read(&bad, 8).is_err(), "byte {at}");
    }
    let headers_too_long = {
        let mut out = [0, 1, 0, 0, 0, 0, 0xff, 0xf0].to_vec();
        out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
        out
    };
    assert_eq!(read(&headers_too_long, 64), Err(BrokenStream::Length));
    let nonsense = {
        let mut out = [0, 0, 0, 1, 0, 0, 0, 9].to_vec();
        out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
        out
    };
    assert_eq!(read(&nonsense, 64), Err(BrokenStream::Length));
    assert_eq!(read(&raw_frame(&[9, b'a'], b""), 64), Err(BrokenStream::Headers));
    assert_eq!(read(&raw_frame(&[1, b'a', 77], b""), 64), Err(BrokenStream::Headers));
    assert_eq!(read(&complete("["), 64), Err(BrokenStream::Completion));
    let (bytes, end) = read(&good, 64).unwrap();
    assert_eq!((&*bytes, end), (&b"payload"[..], None), "the end is missing");
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read(bytes: Vec<u8>, size in 1_usize..40) {
        let _ = read(&bytes, size);
        let _ = read(&raw_frame(&bytes, b""), size);
    }
}
