//! Time and randomness come in through these two, so that tests can choose them.

use ring::rand::{SecureRandom, SystemRandom};
use time::OffsetDateTime;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> OffsetDateTime;
}

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}

/// Gives unpredictable bytes, for ids and secrets.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the buffer.
    fn fill(&self, buffer: &mut [u8]);
}

/// The kernel's randomness.
#[derive(Debug, Clone)]
pub struct SystemEntropy(SystemRandom);

impl Default for SystemEntropy {
    fn default() -> Self {
        Self(SystemRandom::new())
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        self.0.fill(buffer).expect("a system without randomness cannot keep secrets");
    }
}

/// `length` characters of `alphabet`, each as likely as the others.
pub(crate) fn text(entropy: &dyn Entropy, alphabet: &[u8], length: usize) -> String {
    // Bytes beyond the last full round of the alphabet would favour its start.
    let fair = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(length);
    let mut buffer = [0; 64];
    while text.len() < length {
        entropy.fill(&mut buffer);
        let bytes = buffer.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair);
        let letters = bytes.map(|byte| char::from(alphabet[byte % alphabet.len()]));
        text.extend(letters.take(length - text.len()));
    }
    text
}

/// The alphabet of AWS's ids.
pub(crate) const ID_ALPHABET: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
