//! The raw heads of an HTTP/1 connection.
//!
//! hyper gives header names in lower case. Lambda events keep the case that a
//! client sent, so the scanner, which sees every byte anyway, copies each head
//! here. Costs one copy of a few hundred bytes; nobody reads it but those
//! routes.

use std::{cell::RefCell, collections::VecDeque, fmt, rc::Rc};

/// A buffer that has grown beyond this is not kept between requests.
const KEPT: usize = 2048;

/// The heads of one connection: that of the present request first, then those
/// of requests that have been read ahead. Clones are the same.
#[derive(Clone, Default)]
pub struct Heads(Rc<RefCell<Tape>>);

#[derive(Default)]
struct Tape {
    bytes: Vec<u8>,
    /// Where the present request's head ends; 0 if it has none.
    present: usize,
    /// Where the next one ends, once it is complete.
    next: Option<usize>,
    /// Where those behind that end: of requests that came too early.
    ends: VecDeque<usize>,
}

impl Heads {
    /// Reads the head of the present request: its first line and its header
    /// lines as they came. Empty for HTTP/2, which has no such thing.
    pub fn read<T>(&self, read: impl FnOnce(&[u8]) -> T) -> T {
        let tape = self.0.borrow();
        read(tape.bytes.get(..tape.present).unwrap_or_default())
    }

    /// A part of a head came.
    pub(crate) fn add(&self, bytes: &[u8]) {
        self.0.borrow_mut().bytes.extend_from_slice(bytes);
    }

    /// A head is complete.
    pub(crate) fn end(&self) {
        let tape = &mut *self.0.borrow_mut();
        match tape.next {
            None => tape.next = Some(tape.bytes.len()),
            Some(_) => tape.ends.push_back(tape.bytes.len()),
        }
    }

    /// The next request is the present one now.
    pub(crate) fn next(&self) {
        let tape = &mut *self.0.borrow_mut();
        let former = tape.present;
        let Some(end) = tape.next.take() else {
            tape.forget(former);
            return;
        };
        // Mostly nothing is left of a former head, and one head is all.
        if former > 0 {
            tape.forget(former);
        }
        tape.present = end - former;
        tape.next = tape.ends.pop_front();
    }
}

impl Tape {
    /// Drops the present head.
    fn forget(&mut self, former: usize) {
        self.present = 0;
        if former < self.bytes.len() {
            self.bytes.drain(..former);
        } else {
            self.bytes.clear();
            if self.bytes.capacity() > KEPT {
                self.bytes = Vec::new();
            }
        }
        self.ends.iter_mut().for_each(|end| *end -= former);
    }
}

impl fmt::Debug for Heads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Heads")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_follow_requests() {
        let heads = Heads::default();
        let present = || heads.read(|head| String::from_utf8_lossy(head).into_owned());
        heads.next();
        assert_eq!(present(), "", "no head yet");
        heads.add(b"on");
        heads.add(b"e");
        heads.end();
        heads.add(b"two");
        heads.end();
        heads.add(b"th");
        heads.next();
        assert_eq!(present(), "one");
        heads.add(b"ree");
        heads.next();
        assert_eq!(present(), "two");
        heads.next();
        assert_eq!(present(), "", "its head is not complete");
        heads.end();
        heads.next();
        assert_eq!(present(), "three");
        heads.next();
        assert_eq!(present(), "");
    }
}
