//! AES-256-GCM, the one way in which bytes are sealed on disk.

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, MAX_TAG_LEN, NONCE_LEN, Nonce, UnboundKey},
    rand::{SecureRandom as _, SystemRandom},
};

/// What sealing adds to the length.
pub(super) const TAG_BYTES: usize = MAX_TAG_LEN;

/// A nonce's length.
pub(crate) const NONCE_BYTES: usize = NONCE_LEN;

/// A key for one purpose.
pub(crate) struct Seal(LessSafeKey);

impl Seal {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, key).expect("AES-256 takes 32 bytes");
        Self(LessSafeKey::new(key))
    }

    /// Seals in place and appends the tag. A nonce must never be used twice
    /// with one key.
    pub(crate) fn seal(&self, nonce: [u8; NONCE_BYTES], context: &[u8], bytes: &mut Vec<u8>) {
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context),
                bytes,
            )
            .expect("records are far below AES-GCM's limit of 64 GiB");
    }

    /// Opens in place; `None` when key, nonce, context or bytes differ.
    pub(crate) fn open<'a>(
        &self,
        nonce: [u8; NONCE_BYTES],
        context: &[u8],
        sealed: &'a mut [u8],
    ) -> Option<&'a mut [u8]> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.0.open_in_place(nonce, Aad::from(context), sealed).ok()
    }
}

/// Random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| std::io::Error::other("the operating system gives no randomness"))?;
    Ok(bytes)
}

/// The nonce of the n-th message under a key.
pub(super) fn counter_nonce(n: u64) -> [u8; NONCE_BYTES] {
    let mut nonce = [0; NONCE_BYTES];
    nonce[NONCE_BYTES - 8..].copy_from_slice(&n.to_be_bytes());
    nonce
}
