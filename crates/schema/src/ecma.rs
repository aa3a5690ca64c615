//! Regular expressions of ECMA 262 in the words of Rust's engines.

mod class;
mod escape;

use self::escape::Escape;

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
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
