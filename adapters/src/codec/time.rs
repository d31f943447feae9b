//! Times as text: RFC 3339 into milliseconds since 1970.
//!
//! Lives here: a strict reader. May not: ask a clock.

/// First instant that can be told: the start of the year 1.
pub(super) const MILLIS_MIN: i64 = -62_135_596_800_000;
/// Last instant that can be told: the end of the year 9999.
pub(crate) const MILLIS_MAX: i64 = 253_402_300_799_999;

/// Milliseconds since 1970 of an RFC 3339 time such as `2026-03-01T12:00:00.250+01:00`.
pub(super) fn parse_rfc3339(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let (fixed, rest) = bytes.split_at_checked(19)?;
    let separators = [(4, b"-"), (7, b"-"), (10, b"Tt "), (13, b":"), (16, b":")] as [(usize, &[u8]); 5];
    if !separators.iter().all(|(at, allowed)| allowed.contains(&fixed[*at])) {
        return None;
    }
    let (year, month, day) = (number(&fixed[..4])?, number(&fixed[5..7])?, number(&fixed[8..10])?);
    let (hour, minute, second) = (number(&fixed[11..13])?, number(&fixed[14..16])?, number(&fixed[17..])?);
    let date = year >= 1 && (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day);
    // A leap second is told as the last one of its minute.
    if !date || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (millis, zone) = fraction(rest)?;
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second.min(59);
    let instant = (seconds - offset_seconds(zone)?) * 1_000 + millis;
    (MILLIS_MIN..=MILLIS_MAX).contains(&instant).then_some(instant)
}

fn number(digits: &[u8]) -> Option<i64> {
    let all = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    all.then(|| digits.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0')))
}

/// Milliseconds of a fraction (finer digits are cut), and what follows it.
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let Some((b'.', digits)) = rest.split_first() else { return Some((0, rest)) };
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut millis = [b'0'; 3];
    let kept = count.min(3);
    millis[..kept].copy_from_slice(&digits[..kept]);
    (count > 0).then_some(())?;
    Some((number(&millis)?, &digits[count..]))
}

fn offset_seconds(zone: &[u8]) -> Option<i64> {
    match zone {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), hours @ .., b':', tens, ones] if hours.len() == 2 => {
            let (hours, minutes) = (number(hours)?, number(&[*tens, *ones])?);
            let seconds = hours * 3_600 + minutes * 60;
            (hours <= 23 && minutes <= 59).then_some(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar; years start in March, so that the leap day
/// is the last one.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_instants() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T23:59:59.999Z", 951_868_799_999),
            ("2026-03-01T12:00:00+01:00", 1_772_362_800_000),
            ("2026-03-01T11:00:00.5Z", 1_772_362_800_500),
            ("1969-12-31T23:59:59.250Z", -750),
            ("0001-01-01T00:00:00Z", MILLIS_MIN),
            ("9999-12-31T23:59:59.999999Z", MILLIS_MAX),
            ("2016-12-31t23:59:60z", 1_483_228_799_000),
        ] {
            assert_eq!(parse_rfc3339(text), Some(millis), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_time() {
        for text in [
            "",
            "2026-03-01",
            "2026-03-01T12:00:00",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-03-01T24:00:00Z",
            "2026-03-01T12:00:00.Z",
            "2026-03-01T12:00:00+1:00",
            "2026-03-01T12:00:00+0100",
            "2026-03-01T12:00:00Zz",
            "+026-03-01T12:00:00Z",
            "2026-03-01T12:00:0é",
            "9999-12-31T23:59:59-00:01",
        ] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_survived(text in ".{0,40}") {
            parse_rfc3339(&text);
        }

        #[test]
        fn days_grow_by_one(year in 1_i64..9999, month in 1_i64..=12, day in 1_i64..=31) {
            proptest::prop_assume!(day <= days_in_month(year, month));
            let next = match (month, day == days_in_month(year, month)) {
                (12, true) => days_since_1970(year + 1, 1, 1),
                (_, true) => days_since_1970(year, month + 1, 1),
                (_, false) => days_since_1970(year, month, day + 1),
            };
            proptest::prop_assert_eq!(next, days_since_1970(year, month, day) + 1);
        }
    }
}
