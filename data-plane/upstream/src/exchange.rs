//! One request and the head of its answer, on one connection.
//!
//! Nothing runs beside the request: who waits for the answer writes the
//! request and reads the socket, so that a call costs no other task, no
//! channel and no copy of its headers.

use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, Bytes, BytesMut};
use http::HeaderMap;
use tokio::io::{AsyncRead as _, ReadBuf};

use crate::{
    answer::{self, Answer, Store, bad},
    error::Error,
    patience::Patience,
    sending::{self, Sending},
    stream::Stream,
};

/// Bytes read at once while an answer's head is awaited.
pub(crate) const SCRATCH: usize = 16 * 1024;

/// A connection and what has been read of it but not yet taken.
#[derive(Debug)]
pub(crate) struct Conn {
    pub(crate) stream: Stream,
    pub(crate) read: BytesMut,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The connection ended before the first byte of an answer.
    Gone(Option<io::Error>),
    Final(Error),
}

pub(crate) struct Exchange<'a> {
    pub(crate) conn: &'a mut Conn,
    pub(crate) sending: &'a mut Sending,
    pub(crate) patience: &'a mut Patience,
    /// Shared by the core's exchanges: idle and waiting ones own no buffer.
    pub(crate) scratch: &'a RefCell<Box<[u8]>>,
    pub(crate) headers: &'a mut HeaderMap,
    pub(crate) store: Store,
    pub(crate) max_head: usize,
    /// Something of an answer has come.
    pub(crate) answered: bool,
}

impl Exchange<'_> {
    /// Sends the request and reads the answer's head; returns it with what
    /// was read behind it. The request's body may still be on its way.
    pub(crate) async fn run(mut self) -> Result<(Answer, Bytes), Failure> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(Answer, Bytes), Failure>> {
        let mut broken = None;
        if !self.sending.is_done() {
            match self.sending.poll(cx, &mut self.conn.stream) {
                Poll::Ready(Err(sending::Failure::Request(error))) => {
                    return Poll::Ready(Err(Failure::Final(error)));
                }
                // The origin may have answered before it stopped listening.
                Poll::Ready(Err(sending::Failure::Io(error))) => broken = Some(error),
                Poll::Ready(Ok(())) | Poll::Pending => {}
            }
        }
        if let Poll::Ready(outcome) = self.poll_answer(cx) {
            return Poll::Ready(outcome);
        }
        if broken.is_some() {
            return Poll::Ready(Err(self.ended(broken)));
        }
        match self.patience.poll_ended(cx, self.sending.awaits_body()) {
            Some(error) => Poll::Ready(Err(Failure::Final(error))),
            None => Poll::Pending,
        }
    }

    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Result<(Answer, Bytes), Failure>> {
        loop {
            let bytes = match ready!(self.poll_read(cx)) {
                Ok(bytes) if bytes.is_empty() => return Poll::Ready(Err(self.ended(None))),
                Ok(bytes) => bytes,
                Err(error) => return Poll::Ready(Err(self.ended(Some(error)))),
            };
            self.answered = true;
            match self.take_head(bytes) {
                Ok(None) => {}
                Ok(Some(answer)) => return Poll::Ready(Ok(answer)),
                Err(error) => return Poll::Ready(Err(Failure::Final(error))),
            }
        }
    }

    /// Everything that has been read so far; nothing at the end.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        let mut scratch = self.scratch.borrow_mut();
        let mut buf = ReadBuf::new(&mut scratch);
        ready!(Pin::new(&mut self.conn.stream).poll_read(cx, &mut buf))?;
        let read = buf.filled();
        if read.is_empty() || self.conn.read.is_empty() {
            return Poll::Ready(Ok(Bytes::copy_from_slice(read)));
        }
        self.conn.read.extend_from_slice(read);
        Poll::Ready(Ok(self.conn.read.split().freeze()))
    }

    /// Takes the final head; none if more has to be read.
    fn take_head(&mut self, mut bytes: Bytes) -> Result<Option<(Answer, Bytes)>, Error> {
        while !bytes.is_empty() {
            let to_head = self.sending.is_head;
            let Some(answer) = answer::parse(&bytes, to_head, self.headers, self.store)? else {
                if bytes.len() > self.max_head {
                    return Err(bad("head too large"));
                }
                self.conn.read = BytesMut::from(bytes);
                return Ok(None);
            };
            if answer.length > self.max_head {
                return Err(bad("head too large"));
            }
            bytes.advance(answer.length);
            if !answer.status.is_informational() {
                return Ok(Some((answer, bytes)));
            }
            // An interim answer says nothing to us.
            self.headers.clear();
        }
        Ok(None)
    }

    fn ended(&self, source: Option<io::Error>) -> Failure {
        if self.answered {
            let source = source.map(Into::into);
            Failure::Final(Error::Closed { retry_safe: false, source })
        } else {
            Failure::Gone(source)
        }
    }
}
