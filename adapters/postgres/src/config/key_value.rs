use super::ConfigError;

/// Reads `key=value` pairs by libpq's rules: blanks around `=`, values in single quotes, backslash escapes.
pub(super) fn parse(text: &str) -> Result<Vec<(String, String)>, ConfigError> {
    let mut parameters = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=').ok_or(ConfigError::Malformed {
            reason: "a key has no value",
        })?;
        let key = key.trim_end();
        if key.is_empty() || !key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(ConfigError::Malformed {
                reason: "a key holds something else than letters, digits and \"_\"",
            });
        }
        let (value, after) = value(after.trim_start())?;
        parameters.push((key.to_owned(), value));
        rest = after.trim_start();
    }
    Ok(parameters)
}

fn value(text: &str) -> Result<(String, &str), ConfigError> {
    let quoted = text.strip_prefix('\'');
    let body = quoted.unwrap_or(text);
    let mut value = String::new();
    let mut characters = body.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            '\'' if quoted.is_some() => return Ok((value, &body[at + 1..])),
            blank if quoted.is_none() && blank.is_whitespace() => return Ok((value, &body[at..])),
            other => value.push(other),
        }
    }
    match quoted {
        None => Ok((value, "")),
        Some(_) => Err(ConfigError::Malformed {
            reason: "a quoted value has no end",
        }),
    }
}

/// Writes pairs so that libpq reads the same values.
pub(super) fn write(parameters: &[(String, String)]) -> String {
    let pairs: Vec<String> = parameters
        .iter()
        .map(|(key, value)| {
            let escaped = value.replace('\\', r"\\").replace('\'', r"\'");
            format!("{key}='{escaped}'")
        })
        .collect();
    pairs.join(" ")
}
