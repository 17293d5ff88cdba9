//! The store's SQL, which is SQLite's, as Postgres writes it: numbered parameters, and no word on indexes.

/// The statement as Postgres understands it. `?3` becomes `$3`, and a bare `?` the number after the largest before it.
pub(super) fn postgres(sql: &str) -> String {
    let mut translated = String::with_capacity(sql.len() + 16);
    let (mut rest, mut largest) = (sql, 0_u32);
    while let Some(at) = rest.find(['?', '\'']) {
        let (before, mark) = rest.split_at(at);
        translated.push_str(before);
        if let Some(quoted) = mark.strip_prefix('\'') {
            // A quote within is written twice, and so begins another text at once.
            let end = quoted.find('\'').map_or(mark.len(), |end| end + 2);
            translated.push_str(&mark[..end]);
            rest = &mark[end..];
            continue;
        }
        let digits = mark[1..].find(|c: char| !c.is_ascii_digit()).unwrap_or(mark.len() - 1);
        let number = mark[1..=digits].parse().unwrap_or(largest + 1);
        largest = largest.max(number);
        translated.push('$');
        translated.push_str(&number.to_string());
        rest = &mark[1 + digits..];
    }
    translated.push_str(rest);
    without_hints(&translated)
}

/// `INDEXED BY name` is a promise about SQLite's plans.
fn without_hints(sql: &str) -> String {
    let mut parts = sql.split(" INDEXED BY ");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let name = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(part.len());
        plain.push_str(&part[name..]);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_become_those_of_postgres() {
        for (sqlite, expected) in [
            ("SELECT 1", "SELECT 1"),
            ("SELECT a FROM t WHERE b = ? AND c IN (?, ?)", "SELECT a FROM t WHERE b = $1 AND c IN ($2, $3)"),
            ("VALUES (?1, ?2, ?1, ?)", "VALUES ($1, $2, $1, $3)"),
            ("SELECT '?' || ? || 'it''s ?1' || ?", "SELECT '?' || $1 || 'it''s ?1' || $2"),
            ("SELECT a FROM t INDEXED BY t_a WHERE a = ?", "SELECT a FROM t WHERE a = $1"),
            ("SELECT a FROM t INDEXED BY t_a", "SELECT a FROM t"),
            ("UPDATE t SET a = ?12", "UPDATE t SET a = $12"),
        ] {
            assert_eq!(postgres(sqlite), expected);
        }
    }
}
