//! Which token is the longest at a place, by lexical state.

use super::{Kind, State};

/// The best match so far: the longest, and of equals the earliest kind.
struct Best(Option<(Kind, usize)>);

impl Best {
    fn offer(&mut self, kind: Kind, length: usize) {
        if length == 0 {
            return;
        }
        let better = match self.0 {
            None => true,
            Some((best, longest)) => length > longest || (length == longest && kind < best),
        };
        if better {
            self.0 = Some((kind, length));
        }
    }
}

/// The longest token of `state` at the start of `rest`, which is not empty and
/// begins with so many `escapes` (backslashes).
pub(super) fn longest(rest: &str, escapes: usize, state: State) -> Option<(Kind, usize)> {
    let bytes = rest.as_bytes();
    let mut best = Best(None);
    anywhere(rest, escapes, state, &mut best);
    let first = rest.chars().next().map_or(1, char::len_utf8);
    match state {
        State::Default => {
            default(rest, escapes, &mut best);
            set_directive(bytes, &mut best);
            empty_index(rest, &mut best);
        }
        State::Reference => {
            if bytes[0] == b'[' {
                best.offer(Kind::IndexOpen, 1);
            }
            set_directive(bytes, &mut best);
            empty_index(rest, &mut best);
            name(bytes, &mut best);
            curly(bytes, &mut best);
            best.offer(Kind::ReferenceTerminator, first);
        }
        State::RefModifier => {
            match bytes[0] {
                b'[' => best.offer(Kind::IndexOpen, 1),
                b'(' => best.offer(Kind::LParen, 1),
                _ => {}
            }
            set_directive(bytes, &mut best);
            name(bytes, &mut best);
            curly(bytes, &mut best);
            best.offer(Kind::ReferenceTerminator, first);
        }
        State::RefMod2 => {
            punctuation(bytes, &mut best);
            if bytes[0] == b')' {
                best.offer(Kind::RefMod2RParen, 1);
            }
            set_directive(bytes, &mut best);
            literals(rest, &mut best);
            name(bytes, &mut best);
        }
        State::RefIndex => {
            if bytes[0] == b']' {
                best.offer(Kind::IndexClose, 1);
            }
            literals(rest, &mut best);
            truth(bytes, &mut best);
        }
        State::Directive => directive(rest, &mut best),
        State::PreDirective => {
            pre_directive(rest, &mut best);
            best.offer(Kind::DirectiveTerminator, first);
        }
        State::SingleLineComment => {
            best.offer(Kind::SingleLineComment, newline(bytes));
            best.offer(Kind::Skip, first);
        }
        State::FormalComment => comment(rest, Kind::FormalComment, first, &mut best),
        State::MultiLineComment => comment(rest, Kind::MultiLineComment, first, &mut best),
        State::TextBlock => {
            if rest.starts_with("]]#") {
                best.offer(Kind::TextBlock, 3);
            }
            best.offer(Kind::More, first);
        }
    }
    best.0
}

fn comment(rest: &str, end: Kind, first: usize, best: &mut Best) {
    if rest.starts_with("*#") {
        best.offer(end, 2);
    }
    best.offer(Kind::Skip, first);
}

fn run(bytes: &[u8], wanted: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| wanted(**byte)).count()
}

fn newline(bytes: &[u8]) -> usize {
    match bytes {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

/// What may begin in every state: references, directives, comments.
fn anywhere(rest: &str, escapes: usize, state: State, best: &mut Best) {
    let bytes = rest.as_bytes();
    if bytes[0] == b'#' {
        best.offer(Kind::Hash, 1);
        match bytes.get(1) {
            Some(b'#')
                if matches!(
                    state,
                    State::Default | State::Directive | State::PreDirective | State::Reference
                ) =>
            {
                best.offer(Kind::SingleLineCommentStart, 2);
            }
            Some(b'*') => {
                best.offer(Kind::MultiLineCommentStart, 2);
                if bytes.get(2) == Some(&b'*')
                    && let Some(after) = rest[3..].chars().next()
                    && after != '#'
                {
                    best.offer(Kind::FormalCommentStart, 3 + after.len_utf8());
                }
            }
            Some(b'[') if bytes.get(2) == Some(&b'[') => best.offer(Kind::TextBlockStart, 3),
            _ => {}
        }
        return;
    }
    if bytes.get(escapes) == Some(&b'$') {
        best.offer(Kind::Dollar, escapes + 1);
        let more = run(&bytes[escapes + 1..], |byte| byte == b'\\');
        if bytes.get(escapes + 1 + more) == Some(&b'!') {
            best.offer(Kind::DollarBang, escapes + 1 + more + 1);
        }
    }
}

fn word(bytes: &[u8]) -> usize {
    match bytes.first() {
        Some(byte) if byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'@') => {
            run(bytes, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'@'))
        }
        _ => 0,
    }
}

fn bracketed_word(bytes: &[u8]) -> usize {
    if bytes.first() != Some(&b'{') || bytes.get(1) == Some(&b'@') {
        return 0;
    }
    let inside = word(&bytes[1..]);
    if inside > 0 && bytes.get(1 + inside) == Some(&b'}') { inside + 2 } else { 0 }
}

fn default(rest: &str, escapes: usize, best: &mut Best) {
    let bytes = rest.as_bytes();
    if bytes[0] == b'\\' {
        best.offer(Kind::Escape, 1);
        if escapes >= 2 {
            best.offer(Kind::DoubleEscape, 2);
        }
        if escapes % 2 == 1 && bytes.get(escapes) == Some(&b'#') {
            let after = &bytes[escapes + 1..];
            let name = word(after).max(bracketed_word(after));
            if name > 0 {
                best.offer(Kind::EscapeDirective, escapes + 1 + name);
            }
        }
        return;
    }
    let text = memchr::memchr3(b'$', b'#', b'\\', bytes).unwrap_or(bytes.len());
    best.offer(Kind::Text, text);
}

fn set_directive(bytes: &[u8], best: &mut Best) {
    let blank = run(bytes, |byte| matches!(byte, b' ' | b'\t'));
    let rest = &bytes[blank..];
    let name = if rest.starts_with(b"#set") {
        4
    } else if rest.starts_with(b"#{set}") {
        6
    } else {
        return;
    };
    let spaces = run(&rest[name..], |byte| byte == b' ');
    if rest.get(name + spaces) == Some(&b'(') {
        best.offer(Kind::SetDirective, blank + name + spaces + 1);
    }
}

fn empty_index(rest: &str, best: &mut Best) {
    for form in ["$[", "$![", "$\\![", "$."] {
        if rest.starts_with(form) {
            best.offer(Kind::EmptyIndex, form.len());
        }
    }
}

fn truth(bytes: &[u8], best: &mut Best) {
    if bytes.starts_with(b"true") {
        best.offer(Kind::True, 4);
    }
    if bytes.starts_with(b"false") {
        best.offer(Kind::False, 5);
    }
}

/// Identifiers, `true`, `false`, and a dot that leads to a name.
fn name(bytes: &[u8], best: &mut Best) {
    truth(bytes, best);
    match bytes[0] {
        b'.' if bytes.get(1).is_some_and(u8::is_ascii_alphabetic) => best.offer(Kind::Dot, 2),
        byte if byte.is_ascii_alphabetic() || byte == b'_' => {
            let length =
                run(bytes, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
            best.offer(Kind::Identifier, length);
        }
        _ => {}
    }
}

fn curly(bytes: &[u8], best: &mut Best) {
    match bytes[0] {
        b'{' => best.offer(Kind::LCurly, 1),
        b'}' => best.offer(Kind::RCurly, 1),
        _ => {}
    }
}

fn punctuation(bytes: &[u8], best: &mut Best) {
    match bytes[0] {
        b'[' => best.offer(Kind::LBracket, 1),
        b']' => best.offer(Kind::RBracket, 1),
        b',' => best.offer(Kind::Comma, 1),
        b':' => best.offer(Kind::Colon, 1),
        b'{' => best.offer(Kind::LeftCurly, 1),
        b'}' => best.offer(Kind::RightCurly, 1),
        b'.' if bytes.get(1) == Some(&b'.') => best.offer(Kind::DoubleDot, 2),
        _ => {}
    }
}

/// Blank space, strings and numbers.
fn literals(rest: &str, best: &mut Best) {
    let bytes = rest.as_bytes();
    let blank = run(bytes, |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    best.offer(Kind::Whitespace, blank);
    best.offer(Kind::StringLiteral, string(bytes));
    number(bytes, best);
    if !matches!(bytes[0], b'-' | b'.' | b'0'..=b'9') {
        truth(bytes, best);
    }
}

/// The string literal; a doubled quote is inside it. A backslash is only a
/// backslash.
fn string(bytes: &[u8]) -> usize {
    let quote = match bytes.first() {
        Some(quote @ (b'"' | b'\'')) => *quote,
        _ => return 0,
    };
    let mut at = 1;
    while let Some(found) = memchr::memchr(quote, &bytes[at..]) {
        at += found + 1;
        if bytes.get(at) != Some(&quote) {
            return at;
        }
        // A doubled quote that nothing closes ended the string after all.
        if !bytes[at + 1..].contains(&quote) {
            return at + 1;
        }
        at += 1;
    }
    0
}

fn number(bytes: &[u8], best: &mut Best) {
    let sign = usize::from(bytes[0] == b'-');
    let digits = run(&bytes[sign..], |byte| byte.is_ascii_digit());
    let after = sign + digits;
    if digits > 0 {
        let dots = if bytes[after..].starts_with(b"..") { 2 } else { 0 };
        best.offer(Kind::Integer, after + dots);
        best.offer(
            Kind::Float,
            match exponent(&bytes[after..]) {
                0 => 0,
                length => after + length,
            },
        );
    }
    if bytes.get(after) == Some(&b'.') {
        let fraction = run(&bytes[after + 1..], |byte| byte.is_ascii_digit());
        if digits > 0 || fraction > 0 {
            let end = after + 1 + fraction;
            best.offer(Kind::Float, end + exponent(&bytes[end..]));
        }
    }
}

fn exponent(bytes: &[u8]) -> usize {
    if !matches!(bytes.first(), Some(b'e' | b'E')) {
        return 0;
    }
    let sign = usize::from(matches!(bytes.get(1), Some(b'+' | b'-')));
    match run(&bytes[1 + sign..], |byte| byte.is_ascii_digit()) {
        0 => 0,
        digits => 1 + sign + digits,
    }
}

const OPERATORS: [(&str, Kind); 24] = [
    ("-", Kind::Minus),
    ("+", Kind::Plus),
    ("*", Kind::Multiply),
    ("/", Kind::Divide),
    ("%", Kind::Modulus),
    ("&&", Kind::And),
    ("and", Kind::And),
    ("||", Kind::Or),
    ("or", Kind::Or),
    ("<", Kind::Lt),
    ("lt", Kind::Lt),
    ("<=", Kind::Le),
    ("le", Kind::Le),
    (">", Kind::Gt),
    ("gt", Kind::Gt),
    (">=", Kind::Ge),
    ("ge", Kind::Ge),
    ("==", Kind::Eq),
    ("eq", Kind::Eq),
    ("!=", Kind::Ne),
    ("ne", Kind::Ne),
    ("!", Kind::Not),
    ("not", Kind::Not),
    ("=", Kind::Equals),
];

fn directive(rest: &str, best: &mut Best) {
    let bytes = rest.as_bytes();
    punctuation(bytes, best);
    match bytes[0] {
        b'(' => best.offer(Kind::LParen, 1),
        b')' => {
            let blank = run(&bytes[1..], |byte| matches!(byte, b' ' | b'\t'));
            let line = newline(&bytes[1 + blank..]);
            best.offer(Kind::RParen, if line > 0 { 1 + blank + line } else { 1 });
        }
        _ => {}
    }
    for (text, kind) in OPERATORS {
        if rest.starts_with(text) {
            best.offer(kind, text.len());
        }
    }
    literals(rest, best);
    best.offer(Kind::Word, word(bytes));
    best.offer(Kind::BracketedWord, bracketed_word(bytes));
}

fn pre_directive(rest: &str, best: &mut Best) {
    let bytes = rest.as_bytes();
    for (name, kind) in [
        ("end", Kind::End),
        ("{end}", Kind::End),
        ("if", Kind::If),
        ("{if}", Kind::If),
        ("elseif", Kind::ElseIf),
        ("{elseif}", Kind::ElseIf),
        ("else", Kind::Else),
        ("{else}", Kind::Else),
    ] {
        if rest.starts_with(name) {
            best.offer(kind, name.len());
            if matches!(kind, Kind::End | Kind::Else) {
                let after = &bytes[name.len()..];
                let blank = run(after, |byte| matches!(byte, b' ' | b'\t'));
                let line = newline(&after[blank..]);
                best.offer(kind, if line > 0 { name.len() + blank + line } else { 0 });
            }
        }
    }
    number(bytes, best);
    best.offer(Kind::Word, word(bytes));
    best.offer(Kind::BracketedWord, bracketed_word(bytes));
}
