//! Slow and greedy clients, on HTTP/1.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use common::{Front, GET, LONG, is_answered, read_all, read_answer, wait};
use gw_listen::Limits;

/// Little time for a head; pauses may be as long as a test.
fn quick() -> Limits {
    Limits {
        head_timeout: Duration::from_millis(300),
        idle_timeout: Duration::from_secs(600),
        ..Limits::default()
    }
}

#[test]
fn a_slow_head_is_cut() {
    let front = Front::start(quick());
    let mut stream = front.connect();
    let until = Instant::now() + LONG;
    stream.write_all(b"GET / HTTP/1.1\r\nX: ").ok();
    // A byte now and then does not renew the time.
    while stream.write_all(b"x").is_ok() {
        assert!(Instant::now() < until, "a head of {LONG:?} was not cut");
        std::thread::sleep(Duration::from_millis(40));
    }
    assert_eq!(front.calls(), 0);
    front.wait_open(0);
}

#[test]
fn a_silent_connection_is_cut() {
    let front = Front::start(quick());
    let start = Instant::now();
    assert_eq!(read_all(&mut front.connect()), "");
    assert!(start.elapsed() >= Duration::from_millis(290));
    front.wait_open(0);
}

#[test]
fn an_idle_connection_is_kept_for_the_idle_time() {
    let front = Front::start(quick());
    let mut stream = front.warm();
    for _ in 0..2 {
        // Longer than a head may take, shorter than a pause may be.
        std::thread::sleep(Duration::from_millis(500));
        stream.write_all(GET.as_bytes()).unwrap();
        assert!(read_answer(&mut stream).contains("200 OK"));
    }
    front.wait_open(1);
    let short = Limits { idle_timeout: Duration::from_millis(300), ..Limits::default() };
    let front = Front::start(short);
    assert_eq!(read_all(&mut front.warm()), "");
    assert_eq!(front.calls(), 1);
}

#[test]
fn a_slow_second_head_is_cut_too() {
    let front = Front::start(quick());
    let mut stream = front.warm();
    stream.write_all(b"GET / HT").unwrap();
    assert_eq!(read_all(&mut stream), "");
    assert_eq!(front.calls(), 1);
}

#[test]
fn a_slow_answer_is_not_a_slow_client() {
    let front = Front::start(Limits { head_timeout: Duration::from_millis(50), ..quick() });
    let until = Instant::now() + LONG;
    loop {
        let mut stream = front.connect();
        stream.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").ok();
        if is_answered(&stream) {
            assert!(read_answer(&mut stream).contains("200 OK"));
            return;
        }
        // Only one whose head came too late, on a machine that stalls, may be cut.
        assert_eq!(front.calls(), 0, "cut while it was answered");
        assert!(Instant::now() < until, "no head is in time");
    }
}

#[test]
fn floods_of_headers_are_refused() {
    let front = Front::start(Limits::default());
    let many: String = (0..200).map(|n| format!("X-{n}: 1\r\n")).collect();
    let got = front.exchange(format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n").as_bytes());
    assert!(got.starts_with("HTTP/1.1 431 "), "{got}");
    for size in [25_000, 200_000, 5_000_000] {
        let long = "x".repeat(size);
        let got =
            front.exchange(format!("GET / HTTP/1.1\r\nHost: a\r\nX: {long}\r\n\r\n").as_bytes());
        assert!(got.is_empty() || got.starts_with("HTTP/1.1 431 "), "{size}: {got}");
        let got = front.exchange(format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
        assert!(got.is_empty() || got.starts_with("HTTP/1.1 4"), "{size}: {got}");
    }
    assert_eq!(front.calls(), 0);
    front.wait_open(0);
}

#[test]
fn a_line_without_end_is_refused() {
    let front = Front::start(Limits::default());
    let mut stream = front.connect();
    let piece = [b'x'; 16 * 1024];
    let mut sent = 0;
    while sent < 64 << 20 && stream.write_all(&piece).is_ok() {
        sent += piece.len();
    }
    assert!(sent < 64 << 20, "the front swallowed 64 MiB of one line");
    assert_eq!(front.calls(), 0);
}

#[test]
fn connections_beyond_the_limit_wait_in_the_kernel() {
    let front = Front::start(Limits { max_connections: 2, ..Limits::default() });
    let mut held = [front.connect(), front.connect()];
    for stream in &mut held {
        stream.write_all(GET.as_bytes()).unwrap();
        read_answer(stream);
    }
    let mut third = front.connect();
    third.write_all(GET.as_bytes()).unwrap();
    third.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    assert!(std::io::Read::read(&mut third, &mut [0]).is_err(), "answered beyond the limit");
    assert_eq!(front.open(), 2);
    third.set_read_timeout(Some(LONG)).unwrap();
    drop(held);
    assert!(read_answer(&mut third).contains("200 OK"));
    wait(|| front.open() == 1, "one connection");
}

#[test]
fn who_writes_all_before_reading_still_reads_the_refusal() {
    const LENGTH: usize = 24 * 1024 * 1024;
    let front = Front::start(Limits::default());
    let unread = format!("POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: {LENGTH}\r\n\r\n");
    let bad = format!("POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: {LENGTH}\r\n\r\n");
    let long = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(100_000));
    for (head, answer) in [(unread, "refused"), (bad, "400 Bad Request"), (long, "431 Request")] {
        let until = Instant::now() + LONG;
        // One who pauses for a second may miss it, as on a machine that stalls.
        while let Err(error) = write_then_read(&front, &head, LENGTH, answer) {
            assert!(error.paused >= Duration::from_millis(500), "{answer}: {error:?}");
            assert!(Instant::now() < until, "{answer}: always held up");
        }
        front.wait_open(0);
    }
}

/// What went wrong, and the longest time between two writes.
#[derive(Debug)]
struct Missed {
    _error: Option<std::io::Error>,
    paused: Duration,
}

/// Sends so many bytes, larger than all buffers between the two, and then
/// reads an answer that contains `answer`.
fn write_then_read(front: &Front, head: &str, length: usize, answer: &str) -> Result<(), Missed> {
    let mut stream = front.connect();
    let (mut paused, mut since) = (Duration::ZERO, Instant::now());
    let piece = [b'x'; 64 * 1024];
    let body = std::iter::repeat_n(&piece[..], length / piece.len());
    let mut missed = None;
    for bytes in std::iter::once(head.as_bytes()).chain(body) {
        missed = stream.write_all(bytes).err();
        paused = paused.max(since.elapsed());
        since = Instant::now();
        if missed.is_some() {
            break;
        }
    }
    if missed.is_none() && is_answered(&stream) {
        let read = read_answer(&mut stream);
        assert!(read.contains(answer), "{read}");
        return Ok(());
    }
    Err(Missed { _error: missed, paused })
}

#[test]
fn who_never_stops_sending_is_cut() {
    let front = Front::start(Limits::default());
    let mut stream = front.connect();
    let head = "POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let start = Instant::now();
    let (mut since, mut paused) = (start, Duration::ZERO);
    while stream.write_all(b"x").is_ok() {
        assert!(start.elapsed() < LONG, "never cut");
        std::thread::sleep(Duration::from_millis(50));
        paused = paused.max(since.elapsed());
        since = Instant::now();
    }
    // It has its time, unless the machine stalled so that it seemed to pause.
    let took = start.elapsed();
    let patient = took > Duration::from_secs(3) || paused > Duration::from_millis(500);
    assert!(patient, "{took:?}, paused {paused:?}");
    // Nor is one that says nothing more.
    let mut silent = front.connect();
    silent.write_all(head.as_bytes()).unwrap();
    front.wait_open(0);
}
