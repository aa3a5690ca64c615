//! What the data plane makes of something compiled, kept with it.

use std::{any::Any, fmt, sync::OnceLock};

/// A place for one value of a type that this crate does not know.
#[derive(Default)]
pub(crate) struct Prepared(OnceLock<Option<Box<dyn Any + Send + Sync>>>);

impl Prepared {
    /// The value; the first call makes it. `None` if that failed or another
    /// type was made before.
    pub(crate) fn get<T: Any + Send + Sync>(&self, make: impl FnOnce() -> Option<T>) -> Option<&T> {
        let made = self.0.get_or_init(|| {
            let made: Box<dyn Any + Send + Sync> = Box::new(make()?);
            Some(made)
        });
        made.as_deref()?.downcast_ref()
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prepared")
    }
}
