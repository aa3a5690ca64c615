//! The head of a streamed answer: metadata in JSON, then eight NUL bytes.

use bytes::{Buf as _, Bytes};

use crate::answer::{Answer, Malformed};

/// Within so many bytes the delimiter has to end.
pub const MAX_PRELUDE: usize = 16 * 1024;

const DELIMITER: [u8; 8] = [0; 8];

/// Gathers a head as its bytes arrive.
#[derive(Debug, Default)]
pub struct Prelude {
    bytes: Vec<u8>,
}

impl Prelude {
    /// Takes bytes; gives the head, once it is there, with the bytes behind it
    /// that this call brought.
    ///
    /// # Errors
    /// The head is too long, its delimiter is broken, or its metadata is not
    /// in the format.
    pub fn feed(&mut self, bytes: &Bytes) -> Result<Option<(Answer<'static>, Bytes)>, Malformed> {
        let before = self.bytes.len();
        let room = MAX_PRELUDE.saturating_sub(before);
        self.bytes.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        // JSON has no NUL, so the first one begins the delimiter.
        let begin = memchr::memchr(0, &self.bytes);
        let Some(begin) = begin else { return self.wait() };
        let (head, behind) = self.bytes.split_at(begin);
        let zeros = behind.iter().take(DELIMITER.len()).take_while(|byte| **byte == 0).count();
        if zeros < DELIMITER.len() {
            if zeros < behind.len() {
                return Err(Malformed("a broken delimiter stands behind the metadata".to_owned()));
            }
            return self.wait();
        }
        let answer = Answer::parse_head(head)?;
        let mut rest = bytes.clone();
        rest.advance((begin + DELIMITER.len()).saturating_sub(before).min(rest.len()));
        Ok(Some((answer, rest)))
    }

    fn wait(&self) -> Result<Option<(Answer<'static>, Bytes)>, Malformed> {
        if self.bytes.len() < MAX_PRELUDE {
            return Ok(None);
        }
        Err(Malformed("no delimiter within the first 16 KB".to_owned()))
    }
}
