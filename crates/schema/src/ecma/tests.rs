//! What expressions mean, and what is none.

use super::translate;
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
        assert!(translate(pattern).is_err(), "{pattern}");
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
            if translate(&pattern).is_ok() {
                let compiled = Pattern::compile(&pattern);
                assert!(compiled.is_ok(), "{pattern:?}: {compiled:?}");
            }
        }
    }
}
