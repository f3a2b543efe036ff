//! A role's password, or the file that holds it: such a file is read when the password is needed, since `bootstrap`
//! may be about to make it.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::secret::unquoted;
use super::{ConfigError, Secret};

/// By this key a layer of settings holds the file instead of the password.
pub(super) const FILE: &str = "file";

/// A password as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Password {
    /// It was said itself.
    Text(Secret),
    /// The file that holds it.
    File(PathBuf),
}

impl Password {
    /// The password itself.
    ///
    /// # Errors
    /// Its file cannot be read, or is empty.
    pub fn read(&self) -> Result<Secret, ConfigError> {
        match self {
            Self::Text(secret) => Ok(secret.clone()),
            Self::File(path) => read_secret(path).map(Secret::new),
        }
    }
}

/// The content of a secret's file, without the newline that editors and `echo` leave at its end.
pub(super) fn read_secret(path: &Path) -> Result<String, ConfigError> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        ConfigError::new(format!("the secret file {shown} cannot be read: {error}"))
    })?;
    let secret = text.trim_end_matches(['\n', '\r']);
    if secret.is_empty() {
        return Err(ConfigError::new(format!(
            "the secret file {shown} is empty"
        )));
    }
    Ok(secret.to_owned())
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PasswordVisitor)
    }
}

/// Refuses as a secret does, without repeating what it was given.
struct PasswordVisitor;

impl<'de> Visitor<'de> for PasswordVisitor {
    type Value = Password;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Password, E> {
        Ok(Password::Text(Secret::new(text)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Password, A::Error> {
        let mut file = None;
        while let Some(key) = map.next_key::<String>()? {
            if key != FILE {
                return Err(unquoted());
            }
            file = Some(map.next_value()?);
        }
        file.map(Password::File).ok_or_else(unquoted)
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Password, E> {
        Err(unquoted())
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Password, E> {
        Err(unquoted())
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Password, E> {
        Err(unquoted())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Password, E> {
        Err(unquoted())
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Password, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Err(unquoted())
    }
}
