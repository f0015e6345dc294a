use super::ConfigError;

type Parameters = Vec<(String, String)>;

/// What follows `postgresql://` or `postgres://`, if the text begins so.
pub(super) fn without_scheme(text: &str) -> Option<&str> {
    text.strip_prefix("postgresql://")
        .or_else(|| text.strip_prefix("postgres://"))
}

/// Reads `[user[:password]@][host[:port],…][/database][?key=value&…]`.
pub(super) fn parse(rest: &str) -> Result<Parameters, ConfigError> {
    let (before_query, query) = match rest.split_once('?') {
        Some((before, query)) => (before, Some(query)),
        None => (rest, None),
    };
    let (authority, database) = match before_query.split_once('/') {
        Some((authority, database)) => (authority, Some(database)),
        None => (before_query, None),
    };
    let mut parameters = Parameters::new();
    read_authority(authority, &mut parameters)?;
    if let Some(database) = database {
        refuse_at_sign(database)?;
        push("dbname", database, &mut parameters)?;
    }
    if let Some(query) = query {
        read_query(query, &mut parameters)?;
    }
    Ok(parameters)
}

fn read_authority(authority: &str, parameters: &mut Parameters) -> Result<(), ConfigError> {
    let (user, hosts) = match authority.split_once('@') {
        Some((user, hosts)) => (Some(user), hosts),
        None => (None, authority),
    };
    if let Some(user) = user {
        let (user, password) = user.split_once(':').unwrap_or((user, ""));
        push("user", user, parameters)?;
        push("password", password, parameters)?;
    }
    refuse_at_sign(hosts)?;
    read_hosts(hosts, parameters)
}

fn read_hosts(hosts: &str, parameters: &mut Parameters) -> Result<(), ConfigError> {
    let mut names = Vec::new();
    let mut ports = Vec::new();
    for host in hosts.split(',') {
        let (name, port) = split_port(host)?;
        names.push(name);
        ports.push(port);
    }
    push("host", &names.join(","), parameters)?;
    if ports.iter().any(|port| !port.is_empty()) {
        push("port", &ports.join(","), parameters)?;
    }
    Ok(())
}

fn split_port(host: &str) -> Result<(&str, &str), ConfigError> {
    let (name, port) = match host.strip_prefix('[') {
        Some(address) => address.split_once(']').ok_or(ConfigError::Malformed {
            reason: "an address in brackets has no end",
        })?,
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let port = port.strip_prefix(':').unwrap_or(port);
    if port.chars().all(|c| c.is_ascii_digit()) {
        Ok((name, port))
    } else {
        Err(ConfigError::Malformed {
            reason: "a port isn't a number, or a password holds one of \":/@\" unescaped",
        })
    }
}

fn read_query(query: &str, parameters: &mut Parameters) -> Result<(), ConfigError> {
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').ok_or(ConfigError::Malformed {
            reason: "a key after the \"?\" has no value",
        })?;
        match (key, value) {
            ("ssl", "true") => push("sslmode", "require", parameters)?,
            _ => push(&decoded(key)?, value, parameters)?,
        }
    }
    Ok(())
}

/// An `@` here comes from a password that wasn't escaped, the rest of which would be shown as a host.
fn refuse_at_sign(text: &str) -> Result<(), ConfigError> {
    if text.contains('@') {
        return Err(ConfigError::Malformed {
            reason: "there is an \"@\" too many",
        });
    }
    Ok(())
}

fn push(key: &str, encoded: &str, parameters: &mut Parameters) -> Result<(), ConfigError> {
    if !encoded.is_empty() {
        parameters.push((key.to_owned(), decoded(encoded)?));
    }
    Ok(())
}

fn decoded(text: &str) -> Result<String, ConfigError> {
    const BAD: ConfigError = ConfigError::Malformed {
        reason: "a \"%\" isn't followed by two hexadecimal digits of a character",
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next().ok_or(BAD)?, rest.next().ok_or(BAD)?];
        if !digits.iter().all(u8::is_ascii_hexdigit) || digits == *b"00" {
            return Err(BAD);
        }
        let digits = std::str::from_utf8(&digits).map_err(|_| BAD)?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| BAD)?);
    }
    String::from_utf8(bytes).map_err(|_| BAD)
}
