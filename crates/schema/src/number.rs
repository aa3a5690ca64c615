//! Numbers as JSON writes them: of any size, compared exactly.

use std::cmp::Ordering;

/// Exponents beyond are taken as this, which changes no comparison of numbers
/// that anybody writes.
const MAX_EXPONENT: i64 = 1 << 40;

/// Digits of a divisor: what arithmetic on 128 bits holds with a digit more.
const MAX_DIVISOR_DIGITS: usize = 36;

/// `±0.d1d2d3.. × 10^scale`, where d1 and the last digit are not 0. Without
/// digits it is 0.
#[derive(Debug, Clone)]
pub(crate) struct Decimal<'t> {
    is_negative: bool,
    /// Before and behind the point.
    digits: [&'t [u8]; 2],
    scale: i64,
}

impl<'t> Decimal<'t> {
    /// Of a number in JSON's grammar.
    pub(crate) fn of(text: &'t str) -> Self {
        let (is_negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let (mut whole, mut fraction) = (whole.as_bytes(), fraction.as_bytes());
        while let [b'0', rest @ ..] = whole {
            whole = rest;
        }
        while let [rest @ .., b'0'] = fraction {
            fraction = rest;
        }
        let mut scale = exponent + length(whole);
        if whole.is_empty() {
            while let [b'0', rest @ ..] = fraction {
                fraction = rest;
                scale -= 1;
            }
        }
        if fraction.is_empty() {
            while let [rest @ .., b'0'] = whole {
                whole = rest;
            }
        }
        let is_zero = whole.is_empty() && fraction.is_empty();
        Self {
            is_negative: is_negative && !is_zero,
            digits: [whole, fraction],
            scale: if is_zero { 0 } else { scale },
        }
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.digits.iter().all(|part| part.is_empty())
    }

    pub(crate) fn is_negative(&self) -> bool {
        self.is_negative
    }

    /// Its significant digits, and how many.
    pub(crate) fn digits(&self) -> impl Iterator<Item = u8> {
        self.digits.iter().flat_map(|part| part.iter()).map(|digit| digit - b'0')
    }

    fn count(&self) -> usize {
        self.digits.iter().map(|part| part.len()).sum()
    }

    /// The power of ten of its last digit.
    fn exponent(&self) -> i64 {
        self.scale - length(self.digits[0]) - length(self.digits[1])
    }

    pub(crate) fn scale(&self) -> i64 {
        self.scale
    }

    pub(crate) fn compare(&self, other: &Decimal<'_>) -> Ordering {
        let magnitude = || {
            let scales = self.scale.cmp(&other.scale);
            scales.then_with(|| self.digits().cmp(other.digits()))
        };
        match (self.sign(), other.sign()) {
            (a, b) if a != b => a.cmp(&b),
            (1, _) => magnitude(),
            (-1, _) => magnitude().reverse(),
            _ => Ordering::Equal,
        }
    }

    fn sign(&self) -> i8 {
        match (self.is_zero(), self.is_negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }
}

fn length(digits: &[u8]) -> i64 {
    i64::try_from(digits.len()).unwrap_or(MAX_EXPONENT)
}

fn parse_exponent(text: &str) -> i64 {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return 0;
    }
    sign * digits.parse().unwrap_or(MAX_EXPONENT).min(MAX_EXPONENT)
}

/// What numbers shall be multiples of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Divisor {
    mantissa: u128,
    exponent: i64,
}

impl Divisor {
    /// `None` unless it is positive and has few enough digits.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let decimal = Decimal::of(text);
        if decimal.sign() != 1 || decimal.count() > MAX_DIVISOR_DIGITS {
            return None;
        }
        let mantissa = decimal.digits().fold(0, |sum, digit| sum * 10 + u128::from(digit));
        Some(Self { mantissa, exponent: decimal.exponent() })
    }

    /// Whether a number is a multiple.
    pub(crate) fn divides(self, number: &Decimal<'_>) -> bool {
        let shift = number.exponent() - self.exponent;
        if number.is_zero() {
            return true;
        }
        if shift < 0 {
            // Its last digit is not 0, so no power of ten divides it.
            return false;
        }
        let step = |sum: u128, digit: u8| (sum * 10 + u128::from(digit)) % self.mantissa;
        let remainder = number.digits().fold(0, step);
        self.times(remainder, self.power_of_ten(shift.unsigned_abs())) == 0
    }

    fn power_of_ten(self, mut power: u64) -> u128 {
        let (mut result, mut square) = (1 % self.mantissa, 10 % self.mantissa);
        while power > 0 {
            if power & 1 == 1 {
                result = self.times(result, square);
            }
            square = self.times(square, square);
            power >>= 1;
        }
        result
    }

    /// `a * b` modulo the divisor, by doubling: the product alone might need
    /// 240 bits.
    fn times(self, mut a: u128, mut b: u128) -> u128 {
        let mut sum = 0;
        while b > 0 {
            if b & 1 == 1 {
                sum = (sum + a) % self.mantissa;
            }
            a = (a * 2) % self.mantissa;
            b >>= 1;
        }
        sum
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_by_value() {
        let ordered = [
            "-1e999999999999999999",
            "-1e400",
            "-12345678901234567890.5",
            "-10",
            "-9.99",
            "-1",
            "-0.001",
            "-1e-400",
            "0",
            "1e-400",
            "0.000999",
            "1e-3",
            "0.1",
            "0.9999999999999999999999",
            "1",
            "1.5",
            "2",
            "10",
            "123456789012345678901234567890",
            "123456789012345678901234567891",
            "1e400",
            "1e99999999999999999999",
        ];
        for (n, a) in ordered.iter().enumerate() {
            for (m, b) in ordered.iter().enumerate() {
                assert_eq!(Decimal::of(a).compare(&Decimal::of(b)), n.cmp(&m), "{a} {b}");
            }
        }
        for (a, b) in [
            ("1", "1.0"),
            ("100", "1e2"),
            ("0.10", "1e-1"),
            ("-0", "0.0e5"),
            ("120", "1.2E+2"),
            ("0e99", "0"),
            ("10.010", "1001e-2"),
            ("1e0002", "100"),
        ] {
            assert_eq!(Decimal::of(a).compare(&Decimal::of(b)), Ordering::Equal, "{a} {b}");
        }
    }

    #[test]
    fn multiples_of_decimals_are_exact() {
        for (number, divisor, want) in [
            ("9", "3", true),
            ("10", "3", false),
            ("0", "7", true),
            ("-21", "7", true),
            ("1.1", "0.1", true),
            ("0.3", "0.1", true),
            ("19.99", "0.01", true),
            ("19.995", "0.01", false),
            ("4.5", "1.5", true),
            ("1e300", "3", false),
            ("1e300", "4", true),
            ("3e400", "3", true),
            ("1e-9", "1e-10", true),
            ("1e-10", "1e-9", false),
            ("123456789012345678901234567890123456789012", "2", true),
            ("123456789012345678901234567890123456789013", "2", false),
            ("1", "1e99", false),
            ("1e99999999999", "7", false),
            ("7e99999999999", "7", true),
            ("0.0075", "0.0001", true),
            ("12", "123456789012345678901234567890123456", false),
        ] {
            let divides = Divisor::of(divisor).unwrap().divides(&Decimal::of(number));
            assert_eq!(divides, want, "{number} / {divisor}");
        }
        for none in ["0", "-1", "-0.0", &"1".repeat(37)] {
            assert_eq!(Divisor::of(none), None, "{none}");
        }
        assert!(Divisor::of(&format!("1{}", "0".repeat(300))).is_some());
    }
}
