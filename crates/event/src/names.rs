//! Names of headers as an event spells them.
//!
//! The gateway's own map of headers has names in lower case. AWS's events keep
//! the case that a client of HTTP/1 sent, so the raw head is asked for it.

/// The names of a request's headers as they were sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct SentNames<'h> {
    /// The raw head of an HTTP/1 request; empty if there is none.
    head: &'h [u8],
}

impl<'h> SentNames<'h> {
    /// Reads the names of a raw head: a request line, then header lines.
    pub fn of(head: &'h [u8]) -> Self {
        Self { head }
    }

    /// The first name that equals `lower` without regard to case. Searching
    /// goes on from `hint`, as headers are mostly asked for in their order.
    pub fn find(&self, lower: &str, hint: &mut usize) -> Option<&'h str> {
        let found = self.scan(lower, *hint, self.head.len());
        let (name, behind) = found.or_else(|| self.scan(lower, 0, *hint))?;
        *hint = behind;
        Some(name)
    }

    /// Looks at the lines that begin between two places; also tells where the
    /// found line ends.
    fn scan(&self, lower: &str, from: usize, to: usize) -> Option<(&'h str, usize)> {
        let mut at = from;
        while at < to.min(self.head.len()) {
            let line = self.head.get(at..)?;
            let length = memchr::memchr(b'\n', line).map_or(line.len(), |end| end + 1);
            let name = line.get(..lower.len());
            let is_it = name.is_some_and(|name| name.eq_ignore_ascii_case(lower.as_bytes()))
                && line.get(lower.len()) == Some(&b':');
            at += length;
            if is_it {
                return name.and_then(|name| std::str::from_utf8(name).ok()).map(|name| (name, at));
            }
        }
        None
    }
}

/// Writes `x-forwarded-for` as `X-Forwarded-For`: how AWS's CDN spells the
/// names of edge-optimised APIs. No name changes its length.
pub fn push_train_case(out: &mut String, name: &str) {
    let mut begins = true;
    for letter in name.chars() {
        out.push(if begins { letter.to_ascii_uppercase() } else { letter });
        begins = letter == '-';
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_case() {
        let head = b"GET /a HTTP/1.1\r\nHost: x\r\nACCEPT: a\r\nX-a: 1\r\nx-A: 2\r\nlast:";
        let names = SentNames::of(head);
        let mut hint = 0;
        let mut find = |lower: &str| names.find(lower, &mut hint);
        assert_eq!(find("host"), Some("Host"));
        assert_eq!(find("x-a"), Some("X-a"));
        assert_eq!(find("accept"), Some("ACCEPT"), "behind the hint, then from the start");
        assert_eq!(find("last"), Some("last"));
        assert_eq!(find("las"), None);
        assert_eq!(find("get /a http/1.1"), None);
        assert_eq!(find(""), None);
        assert_eq!(SentNames::default().find("host", &mut 7), None);
    }

    #[test]
    fn trains() {
        for (name, expected) in
            [("x-forwarded-for", "X-Forwarded-For"), ("host", "Host"), ("", ""), ("a--b", "A--B")]
        {
            let mut spelled = String::new();
            push_train_case(&mut spelled, name);
            assert_eq!(spelled, expected);
        }
    }
}
