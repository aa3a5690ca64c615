//! Filters: `[?(@.a > 1 && !(@.b in ['x','y']))]`.

use std::sync::Arc;

use regex::Regex;

use super::{JsonPath, PathError, parse::Cursor};

/// A filter's condition.
#[derive(Debug, Clone)]
pub(crate) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    /// A path alone: whether it finds anything.
    Exists(JsonPath),
    Compare {
        left: Operand,
        operator: Operator,
        right: Operand,
    },
}

#[derive(Debug, Clone)]
pub(crate) enum Operand {
    Path(JsonPath),
    Text(Arc<str>),
    /// A number as written.
    Number(Arc<str>),
    Bool(bool),
    Null,
    /// An array or object literal, as JSON text.
    Json(Arc<str>),
    Pattern(Regex),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Eq,
    Ne,
    StrictEq,
    StrictNe,
    Lt,
    Le,
    Gt,
    Ge,
    Matches,
    In,
    Nin,
    Contains,
    All,
    Size,
    Empty,
    SubsetOf,
    AnyOf,
    NoneOf,
}

/// Longer spellings first.
const OPERATORS: [(&str, Operator); 18] = [
    ("===", Operator::StrictEq),
    ("!==", Operator::StrictNe),
    ("==", Operator::Eq),
    ("!=", Operator::Ne),
    ("=~", Operator::Matches),
    ("<=", Operator::Le),
    (">=", Operator::Ge),
    ("<", Operator::Lt),
    (">", Operator::Gt),
    ("in", Operator::In),
    ("nin", Operator::Nin),
    ("contains", Operator::Contains),
    ("all", Operator::All),
    ("size", Operator::Size),
    ("empty", Operator::Empty),
    ("subsetof", Operator::SubsetOf),
    ("anyof", Operator::AnyOf),
    ("noneof", Operator::NoneOf),
];

type Parsed<T> = Result<T, PathError>;

/// `?(...)]`, the bracket before it already read.
pub(super) fn filter(cursor: &mut Cursor<'_>) -> Parsed<Filter> {
    cursor.at += 1;
    cursor.blank();
    if cursor.peek() != Some(b'(') {
        return cursor.fail("a filter is written [?(...)]");
    }
    let filter = or(cursor)?;
    cursor.blank();
    cursor.expect("]")?;
    Ok(filter)
}

fn or(cursor: &mut Cursor<'_>) -> Parsed<Filter> {
    let mut any = vec![and(cursor)?];
    loop {
        cursor.blank();
        if !cursor.take("||") {
            break;
        }
        any.push(and(cursor)?);
    }
    Ok(if any.len() == 1 { any.remove(0) } else { Filter::Or(any) })
}

fn and(cursor: &mut Cursor<'_>) -> Parsed<Filter> {
    let mut all = vec![operand(cursor)?];
    loop {
        cursor.blank();
        if !cursor.take("&&") {
            break;
        }
        all.push(operand(cursor)?);
    }
    Ok(if all.len() == 1 { all.remove(0) } else { Filter::And(all) })
}

fn operand(cursor: &mut Cursor<'_>) -> Parsed<Filter> {
    cursor.blank();
    if cursor.peek() == Some(b'!') && !cursor.rest().starts_with("!=") {
        cursor.at += 1;
        let inside = cursor.deeper(operand)?;
        return Ok(Filter::Not(Box::new(inside)));
    }
    if cursor.take("(") {
        let inside = cursor.deeper(or)?;
        cursor.blank();
        cursor.expect(")")?;
        return Ok(inside);
    }
    comparison(cursor)
}

fn comparison(cursor: &mut Cursor<'_>) -> Parsed<Filter> {
    let left = value(cursor)?;
    cursor.blank();
    let Some(operator) = operator(cursor) else {
        return match left {
            Operand::Path(path) => Ok(Filter::Exists(path)),
            _ => cursor.fail("expected an operator"),
        };
    };
    cursor.blank();
    let right = value(cursor)?;
    Ok(Filter::Compare { left, operator, right })
}

fn operator(cursor: &mut Cursor<'_>) -> Option<Operator> {
    let rest = cursor.rest();
    let word = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    if word > 0 {
        let name = rest[..word].to_ascii_lowercase();
        let (_, operator) = OPERATORS.iter().find(|(text, _)| *text == name)?;
        cursor.at += word;
        return Some(*operator);
    }
    let (text, operator) = OPERATORS.iter().find(|(text, _)| rest.starts_with(text))?;
    cursor.at += text.len();
    Some(*operator)
}

fn value(cursor: &mut Cursor<'_>) -> Parsed<Operand> {
    cursor.blank();
    match cursor.peek() {
        Some(b'$' | b'@') => cursor.deeper(Cursor::path).map(Operand::Path),
        Some(b'\'' | b'"') => cursor.quoted().map(|text| Operand::Text(text.into())),
        Some(b'/') => pattern(cursor),
        Some(b'[' | b'{') => json(cursor),
        Some(b'-' | b'0'..=b'9') => {
            let rest = cursor.rest();
            let length = rest
                .bytes()
                .take_while(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E'))
                .count();
            if rest[..length].parse::<f64>().is_err() {
                return cursor.fail("expected a number");
            }
            cursor.at += length;
            Ok(Operand::Number(rest[..length].into()))
        }
        _ => {
            for (word, operand) in [
                ("true", Operand::Bool(true)),
                ("false", Operand::Bool(false)),
                ("null", Operand::Null),
            ] {
                if cursor.take(word) {
                    return Ok(operand);
                }
            }
            cursor.fail("expected a path, a text, a number, true, false or null")
        }
    }
}

/// `/regex/flags`; it has to match the whole text.
fn pattern(cursor: &mut Cursor<'_>) -> Parsed<Operand> {
    let rest = cursor.rest();
    let mut end = None;
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            b'/' if !escaped => {
                end = Some(at);
                break;
            }
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    let Some(end) = end else { return cursor.fail("a pattern ends with '/'") };
    let flags = rest[end + 1..].bytes().take_while(u8::is_ascii_alphabetic).count();
    let (mut ignore_case, mut dot_all, mut multi_line) = (false, false, false);
    for flag in rest[end + 1..end + 1 + flags].bytes() {
        match flag {
            b'i' => ignore_case = true,
            b's' => dot_all = true,
            b'm' => multi_line = true,
            b'd' | b'u' | b'U' | b'x' => {}
            _ => return cursor.fail("unknown flag of a pattern"),
        }
    }
    let whole = format!("^(?:{})$", &rest[1..end]);
    let whole =
        if multi_line { whole } else { whole.replace("^(?:", "\\A(?:").replace(")$", ")\\z") };
    let regex = regex::RegexBuilder::new(&whole)
        .case_insensitive(ignore_case)
        .dot_matches_new_line(dot_all)
        .size_limit(1 << 20)
        .build();
    match regex {
        Ok(regex) => {
            cursor.at += end + 1 + flags;
            Ok(Operand::Pattern(regex))
        }
        Err(_) => cursor.fail("the pattern is not a regular expression that is supported"),
    }
}

/// An array or object literal; single quotes are allowed.
fn json(cursor: &mut Cursor<'_>) -> Parsed<Operand> {
    let rest = cursor.rest();
    let (mut open, mut quote, mut end, mut escaped) = (0_usize, None, None, false);
    for (at, character) in rest.char_indices() {
        match (quote, character) {
            (Some(_), '\\') if !escaped => {
                escaped = true;
                continue;
            }
            (Some(mark), _) if character == mark && !escaped => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '[' | '{') => open += 1,
            (None, ']' | '}') => {
                open = open.saturating_sub(1);
                if open == 0 {
                    end = Some(at + 1);
                    break;
                }
            }
            _ => {}
        }
        escaped = false;
    }
    let Some(end) = end else { return cursor.fail("a literal is not closed") };
    let text = double_quoted(&rest[..end]);
    if let Err(message) = crate::json::parse(&text) {
        return cursor.fail(message);
    }
    cursor.at += end;
    Ok(Operand::Json(text.into()))
}

/// Single-quoted strings as JSON strings.
fn double_quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut quote, mut escaped) = (None, false);
    for character in text.chars() {
        match (quote, character) {
            (None, '\'' | '"') => {
                quote = Some(character);
                out.push('"');
            }
            (Some(mark), _) if character == mark && !escaped => {
                quote = None;
                out.push('"');
            }
            (Some('\''), '\'') if escaped => {
                out.pop();
                out.push('\'');
            }
            (Some('\''), '"') => out.push_str("\\\""),
            _ => out.push(character),
        }
        escaped = character == '\\' && !escaped;
    }
    out
}
