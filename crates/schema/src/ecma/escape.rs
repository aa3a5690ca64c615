//! What stands behind a backslash.

use super::Reader;

/// White space of ECMA 262, as the members of a class.
const SPACE: &str = r"\t\n\x0B\x0C\r \u{A0}\u{1680}\u{2000}-\u{200A}\u{2028}\u{2029}\u{202F}\u{205F}\u{3000}\u{FEFF}";

/// What a backslash and what follows stand for.
pub(super) enum Escape {
    Char(char),
    /// A class: its members, and whether it is all but them.
    Class(String, bool),
}

impl Reader<'_> {
    /// Behind a backslash, in or outside a class.
    pub(super) fn escape(&mut self) -> Result<Escape, &'static str> {
        let c = self.next().ok_or("\\ at the end")?;
        let class = |members: &str, is_negated| Escape::Class(members.to_owned(), is_negated);
        Ok(match c {
            'd' => class("0-9", false),
            'D' => class("0-9", true),
            'w' => class("0-9A-Za-z_", false),
            'W' => class("0-9A-Za-z_", true),
            's' => class(SPACE, false),
            'S' => class(SPACE, true),
            'p' | 'P' if self.peek() == Some('{') => {
                let rest = &self.chars[self.at..];
                let end = rest.iter().position(|c| *c == '}').ok_or("invalid property")?;
                let name: String = rest[1..end].iter().collect();
                self.at += end + 1;
                Escape::Class(format!("\\p{{{name}}}"), c == 'P')
            }
            't' => Escape::Char('\t'),
            'n' => Escape::Char('\n'),
            'v' => Escape::Char('\u{b}'),
            'f' => Escape::Char('\u{c}'),
            'r' => Escape::Char('\r'),
            '0' if !self.peek().is_some_and(|c| c.is_ascii_digit()) => Escape::Char('\0'),
            'c' => match self.peek().filter(char::is_ascii_alphabetic) {
                Some(letter) => {
                    self.at += 1;
                    Escape::Char(char::from(letter as u8 % 32))
                }
                None => return Err("invalid \\c"),
            },
            'x' => Escape::Char(self.hex(2).and_then(char::from_u32).unwrap_or('x')),
            'u' => Escape::Char(self.unicode()?),
            c => Escape::Char(c),
        })
    }

    fn hex(&mut self, digits: usize) -> Option<u32> {
        let text: String = self.chars[self.at..].iter().take(digits).collect();
        let is_hex = text.len() == digits && text.bytes().all(|b| b.is_ascii_hexdigit());
        let code = u32::from_str_radix(&text, 16).ok().filter(|_| is_hex)?;
        self.at += digits;
        Some(code)
    }

    fn unicode(&mut self) -> Result<char, &'static str> {
        if self.peek() == Some('{') {
            let rest = &self.chars[self.at..];
            let end = rest.iter().position(|c| *c == '}').ok_or("invalid \\u")?;
            let digits: String = rest[1..end].iter().collect();
            self.at += end + 1;
            let code = u32::from_str_radix(&digits, 16).ok();
            return code.and_then(char::from_u32).ok_or("invalid \\u");
        }
        let Some(first) = self.hex(4) else { return Ok('u') };
        if (0xd800..0xdc00).contains(&first) && self.eat("\\u") {
            let second = self.hex(4).filter(|code| (0xdc00..0xe000).contains(code));
            let second = second.ok_or("half a character")?;
            let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            return char::from_u32(code).ok_or("half a character");
        }
        char::from_u32(first).ok_or("half a character")
    }
}
