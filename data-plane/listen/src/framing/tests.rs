//! Messages that two parsers could read differently.

use proptest::prelude::*;

use super::*;

const POST: &str = "POST / HTTP/1.1\r\nHost: a\r\n";

fn scan_in(text: &[u8], piece: usize) -> Result<Awaiting, usize> {
    let mut framing = Framing::new(Heads::default());
    for (n, bytes) in text.chunks(piece).enumerate() {
        framing.scan(bytes).map_err(|at| n * piece + at)?;
    }
    Ok(framing.awaiting())
}

fn check(text: &str, expected: Result<Awaiting, usize>) {
    assert_eq!(scan_in(text.as_bytes(), usize::MAX), expected, "{text:?}");
    // However it is cut, the verdict is the same; only the place may differ.
    for piece in 1..8 {
        let got = scan_in(text.as_bytes(), piece);
        assert_eq!(got.is_err(), expected.is_err(), "{text:?} in pieces of {piece}: {got:?}");
    }
}

fn fine(rest: &str) {
    check(&format!("{POST}{rest}"), Ok(Awaiting::Request));
}

fn refused(rest: &str) {
    check(&format!("{POST}{rest}"), Err(0));
}

#[test]
fn whole_messages() {
    fine("\r\n");
    fine("Content-Length: 0\r\n\r\n");
    fine("Content-Length: 3\r\n\r\nabc");
    fine("content-length:3\r\n\r\na\nb");
    fine("Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n");
    fine("Transfer-Encoding: chunked\r\n\r\n3;x=\"y\"\r\n\r\n\n\r\n0\r\nX-Trailer: 1\r\n\r\n");
    fine("Transfer-Encoding: chunked\r\n\r\n00A\r\n0123456789\r\n000\r\n\r\n");
    fine("Content-Length: 1\r\n\r\naGET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n");
    fine("\r\n\r\nGET / HTTP/1.1\r\n\r\n");
    fine("Content-Lengths: x\r\nTransfer-Encodings: y\r\n\r\n");
}

#[test]
fn open_messages() {
    check("", Ok(Awaiting::Request));
    check("\r\n", Ok(Awaiting::Request));
    check("GET", Ok(Awaiting::Head));
    check("GET / HTTP/1.1\r\nHost: a\r\n", Ok(Awaiting::Head));
    check(&format!("{POST}Content-Length: 3\r\n\r\nab"), Ok(Awaiting::Body));
    check(&format!("{POST}Transfer-Encoding: chunked\r\n\r\n"), Ok(Awaiting::Body));
    check(&format!("{POST}Transfer-Encoding: chunked\r\n\r\n0\r\n"), Ok(Awaiting::Body));
}

#[test]
fn lengths_that_can_be_read_in_two_ways() {
    refused("Content-Length: 1\r\nContent-Length: 2\r\n\r\n");
    refused("Content-Length: 1\r\nContent-Length: 1\r\n\r\na");
    refused("Content-Length: 1, 1\r\n\r\na");
    refused("Content-Length: +1\r\n\r\na");
    refused("Content-Length: -1\r\n\r\na");
    refused("Content-Length: 0x1\r\n\r\na");
    refused("Content-Length: 1 1\r\n\r\na");
    refused("Content-Length:\r\n\r\na");
    refused("Content-Length: 99999999999999999999\r\n\r\n");
    refused("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    refused("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n");
    refused("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n");
}

#[test]
fn transfer_encodings_other_than_chunked() {
    for value in [
        "gzip",
        "gzip, chunked",
        "chunked, chunked",
        "identity",
        "\"chunked\"",
        "",
        "xchunked",
        "chunked;q=1",
        "\x0bchunked",
    ] {
        refused(&format!("Transfer-Encoding: {value}\r\n\r\n0\r\n\r\n"));
    }
    refused("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    refused("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n");
}

#[test]
fn line_ends_and_folds() {
    refused("X: 1\nY: 2\r\n\r\n");
    refused("X: 1\r\n\n");
    refused("X: 1\r\n folded\r\n\r\n");
    refused("X: 1\r\n\tTransfer-Encoding: chunked\r\n\r\n");
    check("GET / HTTP/1.1\nHost: a\r\n\r\n", Err(0));
    check("\nGET / HTTP/1.1\r\n\r\n", Err(0));
    check("\r\n\r\nGET / HTTP/1.1\r\n\r\n", Err(2));
    check("\rGET / HTTP/1.1\r\n\r\n", Err(1));
}

#[test]
fn chunks_that_can_be_read_in_two_ways() {
    let chunked = |body: &str| refused(&format!("Transfer-Encoding: chunked\r\n\r\n{body}"));
    chunked("\r\n");
    chunked("g\r\n");
    chunked("0x1\r\na\r\n0\r\n\r\n");
    chunked("+1\r\na\r\n0\r\n\r\n");
    chunked("-1\r\n");
    chunked("1 \r\na\r\n0\r\n\r\n");
    chunked("1\na\r\n0\r\n\r\n");
    chunked("1;x\ny\r\na\r\n0\r\n\r\n");
    chunked("1;x\ry\r\na\r\n0\r\n\r\n");
    chunked("1\r\nab\r\n0\r\n\r\n");
    chunked("1\r\na\n0\r\n\r\n");
    chunked("1\r\na0\r\n\r\n");
    chunked("fffffffffffffffff\r\n");
    chunked("0\r\nContent-Length: 3\r\n\r\n");
    chunked("0\r\nHost: b\r\n\r\n");
    chunked("0\r\n fold\r\n\r\n");
    chunked("0\r\n\n");
}

#[test]
fn a_bad_message_behind_a_good_one_breaks_at_its_own_start() {
    let good = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    check(&format!("{good}GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n"), Err(good.len()));
    check(&format!("{good}{POST}Transfer-Encoding: chunked\r\n\r\n1\r\nxx"), Err(good.len()));
}

#[test]
fn a_head_that_was_handed_over_breaks_in_its_body() {
    let mut framing = Framing::new(Heads::default());
    framing.scan(format!("{POST}Transfer-Encoding: chunked\r\n\r\n").as_bytes()).unwrap();
    assert_eq!(framing.scan(b"1\r\na\r\nzz\r\n"), Err(6));
}

proptest! {
    #[test]
    fn never_panics_and_never_depends_on_the_cuts(
        bytes in proptest::collection::vec(
            prop_oneof![Just(b'\r'), Just(b'\n'), Just(b' '), Just(b':'), Just(b'1'), Just(b'G'), any::<u8>()],
            0..200,
        ),
        piece in 1_usize..50,
    ) {
        let mut text = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        prop_assert_eq!(scan_in(&bytes, usize::MAX).is_err(), scan_in(&bytes, piece).is_err());
        text.extend_from_slice(&bytes);
        prop_assert_eq!(scan_in(&text, usize::MAX).is_err(), scan_in(&text, piece).is_err());
    }
}

#[test]
fn heads_are_copied_however_they_are_cut() {
    let text = b"\r\nPOST / HTTP/1.1\r\nHOST: a\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\nx-Y: z\r\n\r\n";
    for piece in 1..=text.len() {
        let heads = Heads::default();
        let mut framing = Framing::new(heads.clone());
        for bytes in text.chunks(piece) {
            framing.scan(bytes).unwrap();
        }
        let next = || {
            heads.next();
            heads.read(|head| String::from_utf8_lossy(head).trim_start().to_owned())
        };
        assert_eq!(next(), "POST / HTTP/1.1\r\nHOST: a\r\nContent-Length: 3\r\n\r\n", "{piece}");
        assert_eq!(next(), "GET /b HTTP/1.1\r\nx-Y: z\r\n\r\n", "{piece}");
        assert_eq!(next(), "");
    }
}
