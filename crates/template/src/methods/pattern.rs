//! Java's regular expressions on an engine that cannot be made to hang.
//!
//! Lookaround and back references are not there; all else that templates use
//! is translated. Patterns that are plain texts, the usual case, need no engine.

use regex::{Regex, RegexBuilder};

/// A compiled pattern.
#[derive(Debug)]
pub(crate) enum Pattern {
    /// Matches itself.
    Literal(String),
    Regex {
        find: Regex,
        whole: Regex,
    },
}

impl Pattern {
    /// Compiles a pattern.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Some(literal) = literal(text) {
            return Ok(Self::Literal(literal));
        }
        let translated = translate_pattern(text);
        let build = |pattern: &str| {
            RegexBuilder::new(pattern)
                .size_limit(1 << 20)
                .dfa_size_limit(1 << 20)
                .nest_limit(50)
                .build()
                .map_err(|_| format!("the regular expression {text:?} is not supported"))
        };
        let whole = build(&format!("\\A(?:{translated})\\z"))?;
        Ok(Self::Regex { find: build(&translated)?, whole })
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Literal(literal) => text == literal,
            Self::Regex { whole, .. } => whole.is_match(text),
        }
    }

    /// Every match, or the first, replaced; none when the result grows too large.
    pub(crate) fn replace(
        &self,
        text: &str,
        to: &str,
        all: bool,
        bound: usize,
    ) -> Result<Option<String>, String> {
        let groups = match self {
            Self::Literal(_) => 1,
            Self::Regex { find, .. } => find.captures_len(),
        };
        let replacement = replacement(to, groups)?;
        let mut out = String::with_capacity(text.len());
        let mut last = 0;
        let count = if all { usize::MAX } else { 1 };
        match self {
            Self::Literal(literal) => {
                for (start, matched) in text.match_indices(literal.as_str()).take(count) {
                    out.push_str(&text[last..start]);
                    for piece in &replacement {
                        match piece {
                            Piece::Text(text) => out.push_str(text),
                            Piece::Group(_) => out.push_str(matched),
                        }
                    }
                    last = start + matched.len();
                    if out.len() > bound {
                        return Ok(None);
                    }
                }
            }
            Self::Regex { find, .. } => {
                for captures in find.captures_iter(text).take(count) {
                    let Some(whole) = captures.get(0) else { continue };
                    out.push_str(&text[last..whole.start()]);
                    for piece in &replacement {
                        match piece {
                            Piece::Text(text) => out.push_str(text),
                            Piece::Group(group) => {
                                out.push_str(captures.get(*group).map_or("", |part| part.as_str()));
                            }
                        }
                    }
                    last = whole.end();
                    if out.len() > bound {
                        return Ok(None);
                    }
                }
            }
        }
        out.push_str(&text[last..]);
        Ok((out.len() <= bound).then_some(out))
    }

    /// Java's `split`: with limit 0 trailing empty pieces are dropped, and an
    /// empty match at the very start makes no piece.
    pub(crate) fn split(&self, text: &str, limit: i32) -> Vec<String> {
        let matches: Vec<(usize, usize)> = match self {
            Self::Literal(literal) => {
                text.match_indices(literal.as_str()).map(|(at, m)| (at, at + m.len())).collect()
            }
            Self::Regex { find, .. } => {
                find.find_iter(text).map(|m| (m.start(), m.end())).collect()
            }
        };
        let mut pieces = Vec::new();
        let mut last = 0;
        let wanted = usize::try_from(limit).unwrap_or(0);
        for (start, end) in matches {
            if wanted > 0 && pieces.len() + 1 >= wanted {
                break;
            }
            if end == 0 || (start == end && start >= text.len()) {
                continue;
            }
            pieces.push(text[last..start].to_owned());
            last = end;
        }
        if last == 0 && pieces.is_empty() {
            return vec![text.to_owned()];
        }
        pieces.push(text[last..].to_owned());
        if limit == 0 {
            while pieces.last().is_some_and(String::is_empty) {
                pieces.pop();
            }
        }
        pieces
    }
}

/// The text that a pattern without special characters matches.
fn literal(pattern: &str) -> Option<String> {
    let mut out = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next()? {
                escaped if escaped.is_ascii_punctuation() => out.push(escaped),
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' => out.push('\r'),
                _ => return None,
            },
            '.' | '^' | '$' | '|' | '?' | '*' | '+' | '(' | ')' | '[' | ']' | '{' | '}' => {
                return None;
            }
            other => out.push(other),
        }
    }
    // An empty pattern matches everywhere; that is the engine's business.
    (!out.is_empty()).then_some(out)
}

/// A pattern of Java's as the crate `regex` reads it: Java's classes are ASCII,
/// and `\Q...\E` quotes. The result need not be a valid pattern.
#[must_use]
pub fn translate_pattern(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut characters = pattern.chars().peekable();
    let mut class = 0_usize;
    while let Some(character) = characters.next() {
        match character {
            '[' => {
                class += 1;
                out.push('[');
            }
            ']' => {
                class = class.saturating_sub(1);
                out.push(']');
            }
            '\\' => match characters.next() {
                Some('Q') => {
                    let rest: String = characters.clone().collect();
                    let (quoted, used) = match rest.find("\\E") {
                        Some(end) => (&rest[..end], rest[..end].chars().count() + 2),
                        None => (rest.as_str(), rest.chars().count()),
                    };
                    out.push_str(&regex::escape(quoted));
                    for _ in 0..used {
                        characters.next();
                    }
                }
                Some(escaped) => escape(escaped, class > 0, &mut characters, &mut out),
                None => out.push('\\'),
            },
            other => out.push(other),
        }
    }
    out
}

fn escape(
    escaped: char,
    in_class: bool,
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    out: &mut String,
) {
    let members = match escaped {
        'd' => "0-9",
        'w' => "0-9A-Za-z_",
        's' => " \\t\\n\\x0B\\x0C\\r",
        'h' => " \\t",
        'D' | 'W' | 'S' if !in_class => {
            out.push_str(match escaped {
                'D' => "[^0-9]",
                'W' => "[^0-9A-Za-z_]",
                _ => "[^ \\t\\n\\x0B\\x0C\\r]",
            });
            return;
        }
        'Z' => {
            out.push_str("\\n?\\z");
            return;
        }
        'p' | 'P' if rest.peek() == Some(&'{') => {
            let name: String = rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
            let posix = match name.as_str() {
                "Lower" => "[:lower:]",
                "Upper" => "[:upper:]",
                "Alpha" => "[:alpha:]",
                "Digit" => "[:digit:]",
                "Alnum" => "[:alnum:]",
                "Punct" => "[:punct:]",
                "Space" => "[:space:]",
                "Cntrl" => "[:cntrl:]",
                "XDigit" => "[:xdigit:]",
                "Blank" => "[:blank:]",
                "Graph" => "[:graph:]",
                "Print" => "[:print:]",
                "ASCII" => "[:ascii:]",
                _ => {
                    out.push_str(&format!("\\{escaped}{{{}}}", name.trim_start_matches("Is")));
                    return;
                }
            };
            let negated = if escaped == 'P' { "^" } else { "" };
            out.push_str(&format!("[{negated}{posix}]"));
            return;
        }
        other => {
            out.push('\\');
            out.push(other);
            return;
        }
    };
    if in_class {
        out.push_str(members);
    } else {
        out.push_str(&format!("[{members}]"));
    }
}

enum Piece {
    Text(String),
    Group(usize),
}

/// A replacement text: `$1` is a group, a backslash takes the next as it is.
fn replacement(to: &str, groups: usize) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut characters = to.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(next) => text.push(next),
                None => {
                    return Err("java.lang.IllegalArgumentException: \
                                character to be escaped is missing"
                        .to_owned());
                }
            },
            '$' => {
                let Some(first) = characters.next().and_then(|digit| digit.to_digit(10)) else {
                    return Err(
                        "java.lang.IllegalArgumentException: Illegal group reference".to_owned()
                    );
                };
                let mut group = first as usize;
                if group >= groups {
                    return Err(format!("java.lang.IndexOutOfBoundsException: No group {group}"));
                }
                while let Some(digit) = characters.peek().and_then(|digit| digit.to_digit(10)) {
                    let longer = group * 10 + digit as usize;
                    if longer >= groups {
                        break;
                    }
                    group = longer;
                    characters.next();
                }
                if !text.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                }
                pieces.push(Piece::Group(group));
            }
            other => text.push(other),
        }
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    Ok(pieces)
}
