//! Durations as users write them: `"250ms"`, `"30s"`, `"1m30s"`, `"7d"`.

/// The units, longest first, in milliseconds.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Milliseconds, or what is wrong with the text.
pub(super) fn parse_duration(text: &str) -> Result<u64, String> {
    let mut rest = text;
    let mut total_ms: u64 = 0;
    let mut last_unit_ms = u64::MAX;
    while !rest.is_empty() {
        let (number, after) = split_while(rest, |c| c.is_ascii_digit());
        let (unit, after) = split_while(after, |c| !c.is_ascii_digit());
        if number.is_empty() {
            return Err(format!("`{text}` is not a duration: a number is missing before `{unit}`"));
        }
        if unit.is_empty() {
            return Err(match number == text {
                true => format!("`{text}` has no unit"),
                false => format!("`{text}` has no unit after `{number}`"),
            });
        }
        let Some(&(_, unit_ms)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(match unit.starts_with(['.', ',']) {
                true => format!("`{text}` is not a duration: its numbers are whole"),
                false => format!("`{text}` is not a duration: there is no unit `{unit}`"),
            });
        };
        if unit_ms >= last_unit_ms {
            return Err(format!("in `{text}` each unit may stand once, the longer ones first"));
        }
        total_ms = number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(unit_ms))
            .and_then(|part_ms| total_ms.checked_add(part_ms))
            .ok_or_else(|| format!("`{text}` is too long a duration"))?;
        last_unit_ms = unit_ms;
        rest = after;
    }
    match text {
        "" => Err("the duration is empty".to_owned()),
        _ => Ok(total_ms),
    }
}

fn split_while(text: &str, accept: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !accept(c)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_unit_and_their_combinations() {
        let cases = [
            ("250ms", 250),
            ("30s", 30_000),
            ("1m", 60_000),
            ("2h", 7_200_000),
            ("7d", 604_800_000),
            ("1m30s", 90_000),
            ("1d2h3m4s5ms", 93_784_005),
            ("0s", 0),
        ];
        for (text, ms) in cases {
            assert_eq!(parse_duration(text), Ok(ms), "{text}");
        }
    }

    #[test]
    fn refuses_with_the_reason() {
        let cases = [
            ("", "is empty"),
            ("30", "`30` has no unit"),
            ("1m30", "no unit after `30`"),
            ("s", "a number is missing before `s`"),
            ("1.5s", "its numbers are whole"),
            ("30 s", "there is no unit ` s`"),
            ("1w", "there is no unit `w`"),
            ("30s1m", "the longer ones first"),
            ("1s1s", "may stand once"),
            ("-1s", "a number is missing before `-`"),
            ("99999999999999999999s", "too long"),
            ("213503982335d", "too long"),
        ];
        for (text, reason) in cases {
            let error = parse_duration(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
