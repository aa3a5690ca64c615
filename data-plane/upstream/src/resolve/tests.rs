//! The resolver against answers of the test's own.

use std::cell::Cell;

use super::*;

struct Script {
    asked: Cell<u32>,
    fail: Cell<bool>,
}

fn scripted() -> (Rc<Script>, Rc<Resolver>) {
    let script = Rc::new(Script { asked: Cell::new(0), fail: Cell::new(false) });
    let inner = Rc::clone(&script);
    let resolver = Resolver::with(Box::new(move |_host| {
        inner.asked.set(inner.asked.get() + 1);
        let (n, fail) = (inner.asked.get(), inner.fail.get());
        Box::pin(async move {
            tokio::task::yield_now().await;
            if fail {
                return Err("servfail".to_owned());
            }
            let address = IpAddr::from([10, 0, 0, u8::try_from(n).unwrap()]);
            Ok(Found { addresses: Rc::from([address]), ttl: Duration::from_secs(10) })
        })
    }));
    (script, resolver)
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test);
}

fn last_octet(hit: &Hit) -> u8 {
    match hit {
        Hit::Answer(addresses) => match addresses[0] {
            IpAddr::V4(v4) => v4.octets()[3],
            IpAddr::V6(_) => 0,
        },
        Hit::Failure(reason) => panic!("{reason}"),
        Hit::Wait(_) => panic!("would wait"),
    }
}

async fn settle() {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn concurrent_questions_are_asked_once() {
    run(async {
        let (script, resolver) = scripted();
        let (a, b) = tokio::join!(resolver.resolve("a"), resolver.resolve("a"));
        assert_eq!(a.unwrap(), b.unwrap());
        assert_eq!(script.asked.get(), 1);
    });
}

#[test]
fn refreshes_ahead_and_serves_meanwhile() {
    run(async {
        let (script, resolver) = scripted();
        // It is learned between the two.
        let before = Instant::now();
        resolver.resolve("a").await.unwrap();
        let after = Instant::now();
        assert_eq!(last_octet(&resolver.look("a", before + Duration::from_secs(7))), 1);
        settle().await;
        assert_eq!(script.asked.get(), 1, "fresh enough");
        assert_eq!(last_octet(&resolver.look("a", after + Duration::from_secs(9))), 1);
        settle().await;
        assert_eq!(script.asked.get(), 2, "asked ahead of the end");
        assert_eq!(last_octet(&resolver.look("a", Instant::now())), 2);
    });
}

#[test]
fn stale_answers_bridge_failing_name_servers() {
    run(async {
        let (script, resolver) = scripted();
        resolver.resolve("a").await.unwrap();
        script.fail.set(true);
        let later = Instant::now() + Duration::from_secs(3600);
        assert!(matches!(resolver.look("a", later), Hit::Wait(_)), "too old to serve unasked");
        settle().await;
        // The failure was learned at the real clock; ask just inside its memory
        // with an answer that has long expired.
        resolver.names.borrow_mut().get_mut("a").unwrap().failed =
            Some((later + NEGATIVE_TTL, "servfail".to_owned()));
        assert_eq!(last_octet(&resolver.look("a", later)), 1);
        let days = later + Duration::from_secs(48 * 3600);
        resolver.names.borrow_mut().get_mut("a").unwrap().failed =
            Some((days + NEGATIVE_TTL, "servfail".to_owned()));
        assert!(matches!(resolver.look("a", days), Hit::Failure(_)));
    });
}

#[test]
fn failures_are_remembered_briefly() {
    run(async {
        let (script, resolver) = scripted();
        script.fail.set(true);
        let before = Instant::now();
        let error = resolver.resolve("a").await.unwrap_err();
        assert_eq!(error.to_string(), "cannot resolve a: servfail");
        assert!(matches!(resolver.look("a", before), Hit::Failure(_)));
        assert_eq!(script.asked.get(), 1);
        let later = Instant::now() + NEGATIVE_TTL + Duration::from_secs(1);
        assert!(matches!(resolver.look("a", later), Hit::Wait(_)));
        settle().await;
        assert_eq!(script.asked.get(), 2);
    });
}

#[test]
fn the_cache_is_bounded() {
    run(async {
        let (_script, resolver) = scripted();
        for n in 0..MAX_NAMES * 2 {
            resolver.names.borrow_mut().entry(format!("{n}").into()).or_default().used =
                Some(Instant::now());
            if n % 512 == 0 {
                evict(&mut resolver.names.borrow_mut());
            }
        }
        evict(&mut resolver.names.borrow_mut());
        assert!(resolver.names.borrow().len() <= MAX_NAMES);
    });
}

#[test]
fn the_hosts_file_answers() {
    run(async {
        let addresses = Resolver::system().resolve("localhost").await.unwrap();
        assert!(addresses.iter().all(IpAddr::is_loopback));
    });
}
