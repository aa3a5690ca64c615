//! What users name on the command line: a file, or `-` for standard input.

use std::io::Read as _;
use std::path::Path;

use crate::error::{Error, Result};

/// All of it.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let (read, name) = if path.as_os_str() == "-" {
        (std::io::stdin().read_to_end(&mut bytes).map(drop), "standard input".to_owned())
    } else {
        (std::fs::read(path).map(|read| bytes = read), path.display().to_string())
    };
    match read {
        Ok(()) => Ok(bytes),
        Err(error) => Err(Error::usage(format!("cannot read {name}: {error}"))),
    }
}

/// All of it, as text.
pub(crate) fn text(path: &Path) -> Result<String> {
    String::from_utf8(bytes(path)?)
        .map_err(|_| Error::usage(format!("{} is not UTF-8 text", path.display())))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_and_others_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a");
        let told = |read: Result<String>| read.unwrap_err().to_string();
        assert!(told(text(&file)).contains("cannot read "), "there is none");
        std::fs::write(&file, b"a\xff").unwrap();
        assert_eq!(bytes(&file).unwrap(), b"a\xff");
        assert!(told(text(&file)).ends_with("/a is not UTF-8 text"));
        std::fs::write(&file, "ä").unwrap();
        assert_eq!(text(&file).unwrap(), "ä");
    }
}
