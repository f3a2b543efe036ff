//! libpq's connection strings, taken apart into libpq's parameters: URLs and `key=value` lists.
//!
//! The forms are those of <https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNSTRING>.
//! No message repeats a part of the string: any part may be a password in the wrong place.

use percent_encoding::percent_decode_str;

use super::ConfigError;

/// A parameter by libpq's name, and its value.
pub(super) type Parameter = (String, String);

const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// Takes a connection string apart.
///
/// # Errors
/// The string is in neither form.
pub(super) fn parse(text: &str) -> Result<Vec<Parameter>, ConfigError> {
    let text = text.trim();
    if let Some(rest) = SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme)) {
        return parse_url(rest);
    }
    if text.contains('=') && !text.contains("://") {
        return parse_list(text);
    }
    Err(malformed("it is neither a URL nor a list of key=value"))
}

fn malformed(reason: &str) -> ConfigError {
    ConfigError::new(format!("the connection string is not understood: {reason} (the value may hold a secret and is not shown)"))
        .with_help("write postgres://USER@HOST:PORT/DATABASE, with special characters in user and password percent-encoded (@ as %40, : as %3A, / as %2F)")
}

/// `[user[:password]@][host[:port],...][/dbname][?key=value&...]`
fn parse_url(rest: &str) -> Result<Vec<Parameter>, ConfigError> {
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, dbname) = rest.split_once('/').unwrap_or((rest, ""));
    let mut parameters = Vec::new();
    let hosts = match authority.split_once('@') {
        Some((_, hosts)) if hosts.contains('@') => {
            return Err(malformed(
                "there is more than one @ before the database name",
            ));
        }
        Some((credentials, hosts)) => {
            parse_credentials(credentials, &mut parameters)?;
            hosts
        }
        None => authority,
    };
    parse_hosts(hosts, &mut parameters)?;
    push(&mut parameters, "dbname", decode(dbname)?);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| malformed("a parameter after the ? has no ="))?;
        parameters.push((decode(key)?, decode(value)?));
    }
    Ok(parameters)
}

fn parse_credentials(
    credentials: &str,
    parameters: &mut Vec<Parameter>,
) -> Result<(), ConfigError> {
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    push(parameters, "user", decode(user)?);
    push(parameters, "password", decode(password)?);
    Ok(())
}

fn parse_hosts(text: &str, parameters: &mut Vec<Parameter>) -> Result<(), ConfigError> {
    if text.is_empty() {
        return Ok(());
    }
    let mut hosts = Vec::new();
    let mut ports = Vec::new();
    for one in text.split(',') {
        let (host, port) = split_port(one)?;
        hosts.push(decode(host)?);
        ports.push(decode(port)?);
    }
    push(parameters, "host", hosts.join(","));
    if ports.iter().any(|port| !port.is_empty()) {
        push(parameters, "port", ports.join(","));
    }
    Ok(())
}

/// `host:port`; an IPv6 address stands in brackets.
fn split_port(text: &str) -> Result<(&str, &str), ConfigError> {
    let Some(bracketed) = text.strip_prefix('[') else {
        return Ok(text.split_once(':').unwrap_or((text, "")));
    };
    let (host, rest) = bracketed
        .split_once(']')
        .ok_or_else(|| malformed("a [ has no ]"))?;
    match rest.strip_prefix(':') {
        Some(port) => Ok((host, port)),
        None if rest.is_empty() => Ok((host, "")),
        None => Err(malformed("after ] only a port may follow")),
    }
}

fn push(parameters: &mut Vec<Parameter>, key: &str, value: String) {
    if !value.is_empty() {
        parameters.push((key.to_owned(), value));
    }
}

fn decode(text: &str) -> Result<String, ConfigError> {
    let decoded = percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| malformed("a percent-encoded part is not UTF-8"))?;
    Ok(decoded.into_owned())
}

/// `key = value` with single quotes and backslashes.
fn parse_list(text: &str) -> Result<Vec<Parameter>, ConfigError> {
    let mut parameters = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (key, after) = rest
            .split_once('=')
            .ok_or_else(|| malformed("a word has no ="))?;
        let key = key.trim();
        if key.is_empty() || key.contains(char::is_whitespace) {
            return Err(malformed("a word has no ="));
        }
        let (value, after) = take_value(after.trim_start())?;
        parameters.push((key.to_owned(), value));
        rest = after.trim_start();
    }
    Ok(parameters)
}

/// The value at the start of `text`, and what follows it.
fn take_value(text: &str) -> Result<(String, &str), ConfigError> {
    let (quoted, body) = text
        .strip_prefix('\'')
        .map_or((false, text), |body| (true, body));
    let mut value = String::new();
    let mut characters = body.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            '\'' if quoted => return Ok((value, &body[at + 1..])),
            space if !quoted && space.is_whitespace() => return Ok((value, &body[at..])),
            other => value.push(other),
        }
    }
    if quoted {
        Err(malformed("a quote is not closed"))
    } else {
        Ok((value, ""))
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn parts(text: &str) -> String {
        match parse(text) {
            Ok(parameters) => parameters
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect::<Vec<_>>()
                .join(" "),
            Err(error) => error.message,
        }
    }

    #[test]
    fn urls() {
        assert_eq!(parts("postgres://"), "");
        assert_eq!(
            parts("postgresql://localhost/db"),
            "host=localhost dbname=db"
        );
        assert_eq!(
            parts("postgres://u:p%40s%3A@h:6000/d%20b?sslmode=disable"),
            "user=u password=p@s: host=h port=6000 dbname=d b sslmode=disable"
        );
        assert_eq!(
            parts("postgres://u@[::1]:6000,b/db"),
            "user=u host=::1,b port=6000, dbname=db"
        );
        assert_eq!(
            parts("postgres://%2Frun%2Fpostgresql/db"),
            "host=/run/postgresql dbname=db"
        );
        assert_eq!(
            parts("postgres:///db?host=/run/postgresql"),
            "dbname=db host=/run/postgresql"
        );
    }

    #[test]
    fn lists() {
        assert_eq!(
            parts("host=h port = 6000 dbname='my db'"),
            "host=h port=6000 dbname=my db"
        );
        assert_eq!(parts(r"password='a\'b' user=x\ y"), "password=a'b user=x y");
    }

    #[test]
    fn a_mistake_is_told_without_the_text() {
        let tail = "(the value may hold a secret and is not shown)";
        for (text, reason) in [
            (
                "postgres://u:p@ss@h/db",
                "there is more than one @ before the database name",
            ),
            ("postgres://[::1/db", "a [ has no ]"),
            (
                "postgres://h/db?sslmode",
                "a parameter after the ? has no =",
            ),
            ("postgres://h/%ff", "a percent-encoded part is not UTF-8"),
            (
                "mysql://h/db?x=y",
                "it is neither a URL nor a list of key=value",
            ),
            ("password='open", "a quote is not closed"),
            ("host=h secret", "a word has no ="),
        ] {
            assert_eq!(
                parts(text),
                format!("the connection string is not understood: {reason} {tail}")
            );
        }
    }
}
