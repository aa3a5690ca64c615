//! `requestTime`: `04/Mar/2020:19:15:17 +0000`.

const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// Writes the moment `epoch_ms` milliseconds after 1970 in UTC, as AWS and the
/// common log format write it.
pub fn push_date(out: &mut Vec<u8>, epoch_ms: u64) {
    let seconds = epoch_ms / 1000;
    let (year, month, day) = civil(seconds / 86_400);
    let of_day = seconds % 86_400;
    pair(out, day);
    out.push(b'/');
    out.extend_from_slice(MONTHS[usize::try_from(month - 1).unwrap_or_default() % 12]);
    out.push(b'/');
    out.extend_from_slice(itoa::Buffer::new().format(year).as_bytes());
    for part in [of_day / 3600, of_day / 60 % 60, of_day % 60] {
        out.push(b':');
        pair(out, part);
    }
    out.extend_from_slice(b" +0000");
}

/// Year, month and day of a day since 1970, in the Gregorian calendar. Years
/// are counted from March here, so that the leap day is the last of its year.
fn civil(days: u64) -> (u64, u64, u64) {
    // Days since the first of March of the year 0; an era has 400 years.
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

fn pair(out: &mut Vec<u8>, number: u64) {
    let digit = |n: u64| b'0' + u8::try_from(n % 10).unwrap_or_default();
    out.extend_from_slice(&[digit(number / 10), digit(number)]);
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        let check = |ms: u64, expected: &str| {
            let mut out = Vec::new();
            push_date(&mut out, ms);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        };
        check(0, "01/Jan/1970:00:00:00 +0000");
        check(1_583_349_317_135, "04/Mar/2020:19:15:17 +0000");
        check(951_782_399_999, "28/Feb/2000:23:59:59 +0000");
        check(951_782_400_000, "29/Feb/2000:00:00:00 +0000");
        check(1_709_164_800_000, "29/Feb/2024:00:00:00 +0000");
        check(1_735_689_599_000, "31/Dec/2024:23:59:59 +0000");
        check(4_107_542_400_000, "01/Mar/2100:00:00:00 +0000");
    }
}
