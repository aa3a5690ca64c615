//! Regular expressions of ECMA 262 in the words of Rust's engines.

/// White space of ECMA 262, as the members of a class.
const SPACE: &str = r"\t\n\x0B\x0C\r \u{A0}\u{1680}\u{2000}-\u{200A}\u{2028}\u{2029}\u{202F}\u{205F}\u{3000}\u{FEFF}";

/// Word boundaries, and how they are looked for by characters around them.
const BOUNDARIES: [(&str, &str); 2] = [
    (r"(?-u:\b)", r"(?:(?<=[0-9A-Za-z_])(?![0-9A-Za-z_])|(?<![0-9A-Za-z_])(?=[0-9A-Za-z_]))"),
    (r"(?-u:\B)", r"(?:(?<=[0-9A-Za-z_])(?=[0-9A-Za-z_])|(?<![0-9A-Za-z_])(?![0-9A-Za-z_]))"),
];

/// How deep groups may be nested.
const MAX_DEPTH: usize = 100;

/// An expression for Rust's engines.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Translated {
    pub(crate) text: String,
    /// It has look-arounds or references to groups.
    pub(crate) needs_backtracking: bool,
}

/// Translates an expression.
pub(crate) fn translate(text: &str) -> Result<Translated, &'static str> {
    let chars: Vec<char> = text.chars().collect();
    let groups = chars.iter().filter(|c| **c == '(').count();
    let out = String::with_capacity(text.len() + 16);
    let mut reader =
        Reader { chars: &chars, at: 0, out, groups, needs_backtracking: false, can_repeat: false };
    reader.run()?;
    let mut text = reader.out;
    if reader.needs_backtracking {
        // The other engine's \b is Unicode's.
        for (at, looks) in BOUNDARIES {
            text = text.replace(at, looks);
        }
    }
    Ok(Translated { text, needs_backtracking: reader.needs_backtracking })
}

struct Reader<'c> {
    chars: &'c [char],
    at: usize,
    out: String,
    /// At most so many groups are there to be referred to.
    groups: usize,
    needs_backtracking: bool,
    /// What was read last can be repeated.
    can_repeat: bool,
}

/// What a backslash and what follows stand for.
enum Escape {
    Char(char),
    /// A class: its members, and whether it is all but them.
    Class(String, bool),
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek();
        self.at += usize::from(c.is_some());
        c
    }

    fn eat(&mut self, text: &str) -> bool {
        let count = text.chars().count();
        let is_there = self.chars[self.at..].iter().copied().take(count).eq(text.chars());
        self.at += if is_there { count } else { 0 };
        is_there
    }

    fn run(&mut self) -> Result<(), &'static str> {
        let mut depth = 0usize;
        while let Some(c) = self.next() {
            let mut can_repeat = true;
            match c {
                '\\' => can_repeat = self.escaped()?,
                '[' => self.class()?,
                '(' => {
                    depth += 1;
                    if depth > MAX_DEPTH {
                        return Err("groups are nested too deep");
                    }
                    self.open()?;
                    can_repeat = false;
                }
                ')' => {
                    depth = depth.checked_sub(1).ok_or("unmatched )")?;
                    self.out.push(')');
                }
                '*' | '+' | '?' => {
                    self.repeat(&c.to_string())?;
                    can_repeat = false;
                }
                '{' => can_repeat = self.brace()?,
                '|' | '^' => {
                    self.out.push(c);
                    can_repeat = false;
                }
                '$' => {
                    self.out.push_str(r"\z");
                    can_repeat = false;
                }
                '.' => self.out.push_str(r"[^\n\r\u{2028}\u{2029}]"),
                c => self.literal(c),
            }
            self.can_repeat = can_repeat;
        }
        if depth > 0 { Err("unclosed (") } else { Ok(()) }
    }

    fn literal(&mut self, c: char) {
        if c.is_ascii() && !c.is_ascii_alphanumeric() && c != '_' && c > ' ' && c != '\u{7f}' {
            self.out.push('\\');
        }
        // Rust has no word for these two escapes of punctuation.
        if matches!(c, '<' | '>') {
            self.out.pop();
        }
        self.out.push(c);
    }

    fn repeat(&mut self, quantifier: &str) -> Result<(), &'static str> {
        if !self.can_repeat {
            return Err("nothing to repeat");
        }
        self.out.push_str(quantifier);
        if self.eat("?") {
            self.out.push('?');
        }
        Ok(())
    }

    /// `{n}`, `{n,}` or `{n,m}`; any other brace stands for itself.
    fn brace(&mut self) -> Result<bool, &'static str> {
        let rest = &self.chars[self.at..];
        let inner: Option<String> =
            rest.iter().position(|c| *c == '}').map(|end| rest[..end].iter().collect());
        let is_count = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let Some(inner) = inner.filter(|inner| match inner.split_once(',') {
            Some((low, high)) => is_count(low) && (high.is_empty() || is_count(high)),
            None => is_count(inner),
        }) else {
            self.out.push_str(r"\{");
            return Ok(true);
        };
        let count = |text: &str| text.parse::<u32>().unwrap_or(u32::MAX);
        if inner
            .split_once(',')
            .is_some_and(|(low, high)| !high.is_empty() && count(low) > count(high))
        {
            return Err("numbers out of order in {}");
        }
        self.at += inner.chars().count() + 1;
        self.repeat(&format!("{{{inner}}}"))?;
        Ok(false)
    }

    fn open(&mut self) -> Result<(), &'static str> {
        for (start, is_look_around) in
            [("?:", false), ("?=", true), ("?!", true), ("?<=", true), ("?<!", true)]
        {
            if self.eat(start) {
                self.needs_backtracking |= is_look_around;
                self.out.push('(');
                self.out.push_str(start);
                return Ok(());
            }
        }
        if self.peek() != Some('?') {
            self.out.push('(');
            return Ok(());
        }
        if !self.eat("?<") {
            return Err("invalid group");
        }
        let rest = &self.chars[self.at..];
        let end = rest.iter().position(|c| *c == '>').ok_or("invalid group name")?;
        let name: String = rest[..end].iter().collect();
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty()
            || !name.chars().all(is_name)
            || name.starts_with(|c: char| c.is_ascii_digit())
        {
            return Err("invalid group name");
        }
        self.at += end + 1;
        self.out.push_str(&format!("(?<{name}>"));
        Ok(())
    }

    /// Behind a backslash outside a class; whether it can be repeated.
    fn escaped(&mut self) -> Result<bool, &'static str> {
        match self.peek() {
            Some(c @ ('b' | 'B')) => {
                self.at += 1;
                self.out.push_str(BOUNDARIES[usize::from(c == 'B')].0);
                return Ok(false);
            }
            Some(c @ '1'..='9') => {
                let digits: String =
                    self.chars[self.at..].iter().take_while(|c| c.is_ascii_digit()).collect();
                if digits.parse().is_ok_and(|group: usize| group <= self.groups) {
                    self.at += digits.len();
                    self.needs_backtracking = true;
                    self.out.push_str(&format!("(?:\\{digits})"));
                } else {
                    self.at += 1;
                    self.literal(c);
                }
                return Ok(true);
            }
            Some('k') if self.eat("k<") => {
                let rest = &self.chars[self.at..];
                let end = rest.iter().position(|c| *c == '>').ok_or("invalid group name")?;
                let name: String = rest[..end].iter().collect();
                self.at += end + 1;
                self.needs_backtracking = true;
                self.out.push_str(&format!("\\k<{name}>"));
                return Ok(true);
            }
            _ => {}
        }
        match self.escape()? {
            Escape::Char(c) => self.literal(c),
            Escape::Class(members, is_negated) => {
                self.out.push_str(if is_negated { "[^" } else { "[" });
                self.out.push_str(&members);
                self.out.push(']');
            }
        }
        Ok(true)
    }

    /// Behind a backslash, in or outside a class.
    fn escape(&mut self) -> Result<Escape, &'static str> {
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

    /// Behind the opening bracket.
    fn class(&mut self) -> Result<(), &'static str> {
        let is_negated = self.eat("^");
        if self.eat("]") {
            self.out.push_str(if is_negated { r"[\x{0}-\x{10FFFF}]" } else { r"[a&&b]" });
            return Ok(());
        }
        self.out.push_str(if is_negated { "[^" } else { "[" });
        loop {
            let low = self.class_item()?;
            let is_range =
                self.peek() == Some('-') && self.chars.get(self.at + 1).is_some_and(|c| *c != ']');
            match low {
                None => {
                    self.out.push(']');
                    return Ok(());
                }
                Some(Escape::Char(low)) if is_range => {
                    self.at += 1;
                    match self.class_item()? {
                        Some(Escape::Char(high)) if low > high => {
                            return Err("range out of order in a class");
                        }
                        Some(Escape::Char(high)) => {
                            self.literal(low);
                            self.out.push('-');
                            self.literal(high);
                        }
                        // As browsers do: what is no range stands for itself.
                        Some(Escape::Class(members, is_negated)) => {
                            self.literal(low);
                            self.literal('-');
                            self.nested(&members, is_negated);
                        }
                        None => return Err("unclosed ["),
                    }
                }
                Some(Escape::Char(c)) => self.literal(c),
                Some(Escape::Class(members, is_negated)) => {
                    self.nested(&members, is_negated);
                    // Likewise: a class cannot start a range.
                    if is_range {
                        self.at += 1;
                        self.literal('-');
                    }
                }
            }
        }
    }

    fn nested(&mut self, members: &str, is_negated: bool) {
        self.out.push_str(if is_negated { "[^" } else { "[" });
        self.out.push_str(members);
        self.out.push(']');
    }

    /// The next item of a class; `None` at its end.
    fn class_item(&mut self) -> Result<Option<Escape>, &'static str> {
        match self.next().ok_or("unclosed [")? {
            ']' => Ok(None),
            '\\' => match self.peek() {
                Some('b') => {
                    self.at += 1;
                    Ok(Some(Escape::Char('\u{8}')))
                }
                _ => self.escape().map(Some),
            },
            c => Ok(Some(Escape::Char(c))),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use crate::{pattern::Pattern, work::Work};

    fn is_match(pattern: &str, text: &str) -> bool {
        let compiled = Pattern::compile(pattern).unwrap_or_else(|e| panic!("{pattern}: {e:?}"));
        compiled.is_match(text, &mut Work::new(1 << 20)).unwrap()
    }

    /// What Rust's engines would read otherwise, or not at all.
    #[test]
    fn expressions_mean_what_ecma_262_says() {
        for (pattern, good, bad) in [
            (r"^\d$", "7", "\u{661}"),
            (r"^\w$", "a", "é"),
            (r"^\s$", "\u{feff}", "\u{85}"),
            (r"^.$", "é", "\u{2028}"),
            (r"a$", "a", "a\n"),
            (r"^\cA$", "\u{1}", "A"),
            (r"^[\b]$", "\u{8}", "b"),
            (r"^\0$", "\0", "0"),
            (r"^\x41\u0042\u{43}$", "ABC", "ABc"),
            (r"^\ud83d\ude00$", "😀", "😁"),
            (r"^[^]$", "\n", ""),
            (r"^a[]?b$", "ab", "acb"),
            (r"^a{$", "a{", "a"),
            (r"^a{,2}$", "a{,2}", "aa"),
            (r"^}]$", "}]", "}"),
            (r"^[[]$", "[", "]"),
            (r"^[a&&b]+$", "a&b", "c"),
            (r"^[a~~b]+$", "~", "c"),
            (r"^[\w-.]+$", "a-.", "a b"),
            (r"^[+--]+$", "+,-", "."),
            (r"^[.-\d]+$", ".-1", "a"),
            (r"^\/\-\_\@\!\%\#\&\~\`\'\,\:\;\=\<\>$", "/-_@!%#&~`',:;=<>", ""),
            (r"^\a$", "a", "\u{7}"),
            (r"^(?<year>\d{4})-\k<year>$", "2026-2026", "2026-2025"),
            (r"^(a)(b)\2\1$", "abba", "abab"),
            (r"^\8$", "8", ""),
            (r"^(?=.*\d)(?=.*[a-z]).{4,}$", "ab12", "abcd"),
            (r"(?<!\$)\b\d+", "12", "$1"),
            (r"^\p{Lu}\P{L}$", "É1", "é1"),
            (r"^a b#c$", "a b#c", "ab"),
            (r"^(?:a|)$", "", "b"),
            (r"^[^\s@]+@[^\s@]+\.[^\s@]+$", "a@b.c", "a@b"),
        ] {
            assert!(is_match(pattern, good), "{pattern} matches {good:?}");
            assert!(!is_match(pattern, bad), "{pattern} does not match {bad:?}");
        }
    }

    #[test]
    fn what_is_no_expression() {
        for pattern in [
            "(",
            ")",
            "a)",
            "[",
            "[a",
            "*",
            "a**",
            "a{2}{3}",
            "a++",
            "^*",
            "(?",
            "(?i)a",
            "(?>a)",
            "(?<>a)",
            "(?<1>a)",
            "\\",
            "[z-a]",
            "a{3,2}",
            "(|*)",
            "[\\",
            r"\p{",
            r"\u{110000}",
            r"\ud800",
            &"(".repeat(200),
        ] {
            assert!(super::translate(pattern).is_err(), "{pattern}");
        }
    }

    /// Whatever is accepted is an expression of the engine too, or refused.
    #[test]
    fn every_character_escaped_and_not() {
        for code in 0..0x300u32 {
            let Some(c) = char::from_u32(code) else { continue };
            for pattern in [
                format!("^{c}$"),
                format!("^\\{c}$"),
                format!("^[{c}]$"),
                format!("^[\\{c}]$"),
                format!("[a{c}b]"),
            ] {
                if super::translate(&pattern).is_ok() {
                    let compiled = Pattern::compile(&pattern);
                    assert!(compiled.is_ok(), "{pattern:?}: {compiled:?}");
                }
            }
        }
    }
}
