//! Classes of characters.

use super::{Reader, escape::Escape};

impl Reader<'_> {
    /// Behind the opening bracket.
    pub(super) fn class(&mut self) -> Result<(), &'static str> {
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
