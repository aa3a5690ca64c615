//! JSON text, written straight to bytes.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// What stands for a byte inside a JSON string: itself (0), the letter behind
/// a backslash, or `u` for `\u00XX`.
const ESCAPES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = b'u';
        byte += 1;
    }
    table[0x08] = b'b';
    table[b'\t' as usize] = b't';
    table[b'\n' as usize] = b'n';
    table[0x0c] = b'f';
    table[b'\r' as usize] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table
};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Writes a string with its quotes.
pub(crate) fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    inner(out, text);
    out.push(b'"');
}

/// Writes bytes that should be UTF-8 as a string; what is not becomes
/// replacement characters.
pub(crate) fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    if let Ok(valid) = std::str::from_utf8(bytes) {
        return text(out, valid);
    }
    out.push(b'"');
    for chunk in bytes.utf8_chunks() {
        inner(out, chunk.valid());
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    out.push(b'"');
}

/// Writes bytes as a string of base64.
pub(crate) fn base64(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    let start = out.len();
    // Four digits for every three bytes begun.
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    let room = out.get_mut(start..).unwrap_or_default();
    let written = STANDARD.encode_slice(bytes, room).expect("there is room for every digit");
    out.truncate(start + written);
    out.push(b'"');
}

/// Writes a string or `null`.
pub(crate) fn nullable(out: &mut Vec<u8>, value: Option<&str>) {
    match value {
        Some(value) => text(out, value),
        None => out.extend_from_slice(b"null"),
    }
}

/// Writes what stands between the quotes.
pub(crate) fn inner(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    loop {
        let (plain, special) = rest.split_at(plain(rest));
        out.extend_from_slice(plain);
        let Some((byte, behind)) = special.split_first() else { return };
        match ESCAPES[usize::from(*byte)] {
            b'u' => {
                let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&digits);
            }
            letter => out.extend_from_slice(&[b'\\', letter]),
        }
        rest = behind;
    }
}

/// How many bytes stand for themselves until the first that does not.
fn plain(bytes: &[u8]) -> usize {
    const RUN: usize = 16;
    // Without a branch per byte the compiler looks at a run at once.
    let has_special = |run: &[u8]| {
        run.iter()
            .fold(false, |any, byte| any | (*byte < 0x20) | (*byte == b'"') | (*byte == b'\\'))
    };
    let runs = bytes.chunks_exact(RUN).take_while(|run| !has_special(run)).count();
    let rest = bytes.get(runs * RUN..).unwrap_or_default();
    let at = rest.iter().position(|byte| ESCAPES[usize::from(*byte)] != 0);
    runs * RUN + at.unwrap_or(rest.len())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn strings_are_read_back(value in "(?s).{0,64}") {
            let mut out = Vec::new();
            text(&mut out, &value);
            proptest::prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), value);
        }

        #[test]
        fn any_bytes_become_a_string(value: Vec<u8>) {
            let mut out = Vec::new();
            bytes(&mut out, &value);
            let read = serde_json::from_slice::<String>(&out).unwrap();
            proptest::prop_assert_eq!(read, String::from_utf8_lossy(&value));
            out.clear();
            base64(&mut out, &value);
            let read = serde_json::from_slice::<String>(&out).unwrap();
            proptest::prop_assert_eq!(STANDARD.decode(read).unwrap(), value);
        }
    }
}
