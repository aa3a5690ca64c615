//! A drain loses no request.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use common::{Front, GET, LONG, read_all, read_answer, wait};
use gw_listen::{Drained, Limits, Phase, Settings};

fn drain(front: Front, delay_ms: u64, deadline_ms: u64) -> Drained {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (delay, deadline) = (Duration::from_millis(delay_ms), Duration::from_millis(deadline_ms));
    runtime.block_on(front.workers.drain(delay, deadline))
}

/// A drain may close a connection on which nothing is said for this long after
/// it was opened or had its last answer: a client that the machine held up for
/// that long has lost nothing that it was promised.
const PAUSE: Duration = Duration::from_millis(250);

/// Sends requests on kept connections until nobody listens any more.
fn client(address: SocketAddr, answered: &AtomicU64, lost: &AtomicU64) {
    // Looked at before it connects, and after each answer.
    let mut since = Instant::now();
    while let Ok(mut stream) = TcpStream::connect(address) {
        stream.set_read_timeout(Some(LONG)).unwrap();
        loop {
            let written = stream.write_all(GET.as_bytes());
            let held_up = since.elapsed() >= PAUSE;
            if written.is_err() {
                lost.fetch_add(u64::from(!held_up), SeqCst);
                break;
            }
            let mut got = vec![0; 4096];
            let mut read = stream.read(&mut got);
            // A process that was stopped and goes on.
            while read.as_ref().is_err_and(|error| error.kind() == ErrorKind::Interrupted) {
                read = stream.read(&mut got);
            }
            match read {
                Ok(n) if n > 0 => {
                    since = Instant::now();
                    answered.fetch_add(1, SeqCst);
                    let text = String::from_utf8_lossy(&got[..n]).to_ascii_lowercase();
                    if text.contains("connection: close") {
                        break;
                    }
                }
                _ => {
                    lost.fetch_add(u64::from(!held_up), SeqCst);
                    break;
                }
            }
        }
        since = Instant::now();
    }
}

#[test]
fn busy_clients_lose_nothing() {
    let front = Front::with(Settings {
        cores: 2,
        plain: vec!["127.0.0.1:0".parse().unwrap()],
        ..Settings::default()
    });
    let address = front.address();
    let (answered, lost) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let (answered, lost) = (Arc::clone(&answered), Arc::clone(&lost));
            std::thread::spawn(move || client(address, &answered, &lost))
        })
        .collect();
    wait(|| answered.load(SeqCst) > 200, "traffic");
    let before = answered.load(SeqCst);
    assert_eq!(drain(front, 300, 60_000), Drained { cut: 0 });
    for client in clients {
        client.join().unwrap();
    }
    assert!(answered.load(SeqCst) > before, "answers during the drain");
    assert!(lost.load(SeqCst) == 0, "{} lost of {}", lost.load(SeqCst), answered.load(SeqCst));
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn phases_are_seen_in_order() {
    let front = Front::start(Limits::default());
    let mut phase = front.workers.phase();
    assert_eq!(*phase.borrow(), Phase::Serving);
    let watching = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut seen = Vec::new();
            while phase.changed().await.is_ok() {
                seen.push(*phase.borrow_and_update());
            }
            seen
        })
    });
    drain(front, 50, 60_000);
    let seen = watching.join().unwrap();
    assert_eq!(seen.first(), Some(&Phase::Draining));
    assert!(seen.is_sorted(), "{seen:?}");
}

#[test]
fn what_waits_in_the_accept_queue_is_answered() {
    let front = Front::start(Limits::default());
    let address = front.address();
    // The one core is busy: its handler blocks the thread.
    let mut blocker = front.connect();
    blocker.write_all(b"GET /block HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    wait(|| front.calls() == 1, "the blocking call");
    let mut waiting: Vec<TcpStream> = (0..50)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(LONG)).unwrap();
            stream.write_all(GET.as_bytes()).unwrap();
            stream
        })
        .collect();
    // It is free again when the sockets are to be closed.
    let (mut phase, gate) = (front.workers.phase(), Arc::clone(&front.gate));
    let closing = std::thread::spawn(move || {
        wait(|| *phase.borrow_and_update() >= Phase::Closing, "closing");
        gate.open();
    });
    assert_eq!(drain(front, 0, 60_000), Drained { cut: 0 });
    closing.join().unwrap();
    for stream in &mut waiting {
        let got = read_all(stream);
        assert!(got.contains("200 OK"), "{got}");
        assert!(got.contains("connection: close"), "{got}");
    }
    assert!(read_answer(&mut blocker).contains("200 OK"));
}

#[test]
fn answers_in_flight_finish_and_idle_connections_close() {
    let front = Front::start(Limits::default());
    let mut idle = front.connect();
    idle.write_all(GET.as_bytes()).unwrap();
    read_answer(&mut idle);
    let mut silent = front.connect();
    let mut busy = front.connect();
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    wait(|| front.calls() == 2, "the slow call");
    // What were still open at the deadline would be cut.
    assert_eq!(drain(front, 0, 60_000), Drained { cut: 0 });
    assert!(read_answer(&mut busy).contains("200 OK"));
    assert_eq!(read_all(&mut idle), "");
    assert_eq!(read_all(&mut silent), "");
}

#[test]
fn the_deadline_cuts() {
    let front = Front::start(Limits::default());
    let mut busy = front.connect();
    busy.write_all(b"GET /hang HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    wait(|| front.calls() == 1, "the call that hangs");
    assert_eq!(drain(front, 0, 50), Drained { cut: 1 });
    assert_eq!(read_all(&mut busy), "");
}

#[test]
fn a_port_shared_by_two_nodes_survives_one() {
    let settings =
        |address: SocketAddr| Settings { cores: 1, plain: vec![address], ..Settings::default() };
    let one = Front::with(settings("127.0.0.1:0".parse().unwrap()));
    let address = one.address();
    let two = Front::with(settings(address));
    let (answered, lost) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let stop = Arc::new(AtomicBool::new(false));
    let fresh = {
        let (answered, lost, stop) = (Arc::clone(&answered), Arc::clone(&lost), Arc::clone(&stop));
        std::thread::spawn(move || {
            while !stop.load(SeqCst) {
                let since = Instant::now();
                let mut stream = TcpStream::connect(address).unwrap();
                stream.set_read_timeout(Some(LONG)).unwrap();
                let request = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
                let mut got = String::new();
                let written = stream.write_all(request).is_ok();
                let held_up = since.elapsed() >= PAUSE;
                let done =
                    written && stream.read_to_string(&mut got).is_ok() && got.contains("200 OK");
                if done {
                    answered.fetch_add(1, SeqCst)
                } else {
                    lost.fetch_add(u64::from(!held_up), SeqCst)
                };
            }
        })
    };
    wait(|| one.calls() > 20 && two.calls() > 20, "traffic on both");
    drain(one, 50, 60_000);
    let before = two.calls();
    wait(|| two.calls() > before + 50, "all traffic on the other");
    stop.store(true, SeqCst);
    fresh.join().unwrap();
    assert!(lost.load(SeqCst) == 0, "{} lost of {}", lost.load(SeqCst), answered.load(SeqCst));
}
