//! A bound on how deep the brackets of a YAML text nest, checked before the
//! parser sees it: the parser's time grows with depth times length, so a few
//! hundred kilobytes of `[` would hold it for minutes.
//!
//! Inside brackets YAML can be read without knowing what is around them. So
//! every bracket that may begin a value is taken for one that does, and read
//! from there. One that is only text gives a reading of no consequence; the
//! real ones are all among them. Where a reading meets a bracket that an earlier
//! one passed at least as deep, it stops: nothing new can follow.

/// Brackets nested deeper than this are refused. The reader of values stops
/// at 128 levels anyway; the rest is room for texts with unbalanced brackets.
const MAX_NESTING: u16 = 1000;

/// Whether brackets nest too deep anywhere in a YAML text.
pub(crate) fn is_too_deep(text: &str) -> bool {
    let bytes = text.as_bytes();
    // Position -> the greatest depth at which a reading passed a bracket there.
    let mut passed = vec![0u16; bytes.len()];
    (0..bytes.len())
        .filter(|at| matches!(bytes[*at], b'[' | b'{') && may_begin_value(&bytes[..*at]))
        .any(|at| passed[at] == 0 && Reading { bytes, at }.goes_too_deep(&mut passed))
}

/// Whether a value may begin after this text: at the start of a line, after
/// an indicator, or after a tag or an anchor. Inside a longer text it may not.
fn may_begin_value(before: &[u8]) -> bool {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let trimmed = &before[..before.iter().rposition(|byte| !is_space(byte)).map_or(0, |at| at + 1)];
    match trimmed.last() {
        // The last may be part of a Unicode line break.
        None | Some(b'\n' | b'\r' | b'-' | b':' | b'?' | 0x80..) => true,
        Some(_) => {
            let word = trimmed
                .iter()
                .rposition(|byte| is_space(byte) || matches!(byte, b'\n' | b'\r' | 0x80..))
                .map_or(0, |at| at + 1);
            matches!(trimmed[word], b'&' | b'!')
        }
    }
}

/// One reading from a bracket on.
struct Reading<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Reading<'_> {
    fn goes_too_deep(mut self, passed: &mut [u16]) -> bool {
        let mut depth = 0u16;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'[' | b'{' => {
                    depth += 1;
                    if depth > MAX_NESTING {
                        return true;
                    }
                    if passed[self.at] >= depth {
                        return false;
                    }
                    passed[self.at] = depth;
                    self.at += 1;
                }
                b']' | b'}' => {
                    depth -= 1;
                    if depth == 0 {
                        return false;
                    }
                    self.at += 1;
                }
                b'"' => self.double_quoted(),
                b'\'' => self.single_quoted(),
                b'#' => self.comment(),
                b'!' => self.tag(),
                b' ' | b'\t' | b',' | b':' | b'?' => self.at += 1,
                _ => match self.line_break() {
                    0 => self.plain(),
                    length => self.at += length,
                },
            }
        }
        false
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    /// The length of the line break here, YAML 1.1's three Unicode ones included.
    fn line_break(&self) -> usize {
        match &self.bytes[self.at.min(self.bytes.len())..] {
            [b'\r' | b'\n', ..] => 1,
            [0xC2, 0x85, ..] => 2,
            [0xE2, 0x80, 0xA8 | 0xA9, ..] => 3,
            _ => 0,
        }
    }

    fn is_blank(&self) -> bool {
        matches!(self.peek(0), None | Some(b' ' | b'\t')) || self.line_break() > 0
    }

    fn double_quoted(&mut self) {
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                return;
            }
        }
    }

    fn single_quoted(&mut self) {
        // A doubled quote reads as the end of one text and the start of the next.
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            if byte == b'\'' {
                return;
            }
        }
    }

    fn comment(&mut self) {
        while self.peek(0).is_some() && self.line_break() == 0 {
            self.at += 1;
        }
    }

    /// Only `!<...>` can hold a bracket that is none.
    fn tag(&mut self) {
        self.at += 1;
        if self.peek(0) == Some(b'<') {
            while !self.is_blank() && self.peek(0) != Some(b'>') {
                self.at += 1;
            }
        }
        while !self.is_blank() && !matches!(self.peek(0), Some(b',' | b'[' | b']' | b'{' | b'}')) {
            self.at += 1;
        }
    }

    /// A text without quotes: up to a bracket, a comma, `: ` or ` #`, over
    /// blanks and line breaks.
    fn plain(&mut self) {
        let mut after_blank = false;
        while let Some(byte) = self.peek(0) {
            let ends = match byte {
                b'[' | b']' | b'{' | b'}' | b',' => true,
                b'#' => after_blank,
                b':' => Reading { bytes: self.bytes, at: self.at + 1 }.is_blank(),
                _ => false,
            };
            if ends {
                return;
            }
            after_blank = self.is_blank();
            self.at += self.line_break().max(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_found_wherever_it_hides() {
        let deep = |opener: &str| opener.repeat(1100);
        for text in [
            deep("["),
            deep("{"),
            format!("- ? !t {}", deep("[")),
            format!("a: &b {}", deep("[")),
            format!("a: {}", deep("[\n")),
            format!("a: {}", deep("[ \"]\", ")),
            format!("a: {}", deep("[ ']''', ")),
            format!("a: {}", deep("[ # ]\n ")),
            format!("a: {}", deep("[ \"\n]\", ")),
            format!("a: {}", deep("[ !<]> ")),
            format!("a: {}", deep("{a: ")),
            format!("a: {}", deep("[x#, ")),
            format!("a: {}", deep("[ # ]\u{2028} ")),
            format!("a: {}", deep("[&a x, ")),
            format!("t: |\n  [ \"\nb: {}", deep("[")),
            format!("t: it's [ 'x\nb: {}", deep("[")),
            format!("t: \"[\nb: \\\" {{\"\nc: {}", deep("[")),
        ] {
            assert!(is_too_deep(&text), "{}", &text[..40]);
        }
    }

    #[test]
    fn flat_texts_pass_however_many_brackets_they_have() {
        let enums = "x: [a, \"b]\", 'c[', {d: [e]}] # [[[\n".repeat(5000);
        let patterns = "pattern: ^[^\\[]+[$\ntext: see [1 and \"it's\n".repeat(5000);
        for text in ["", "a: 1", &enums, &patterns, &"a: '['\n".repeat(500)] {
            assert!(!is_too_deep(text), "{}", &text[..text.len().min(80)]);
        }
    }
}
