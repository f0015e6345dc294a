use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use crate::Digest;
use crate::digest::{bytes_of_hex, hex_of};

/// A secret of 32 random bytes, whose text is 64 hexadecimal digits, and of which a digest is kept.
macro_rules! token {
    ($(#[$doc:meta])* $name:ident, $context:literal) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name([u8; 32]);

        impl $name {
            /// The token that this secret makes.
            pub fn of_secret(secret: &[u8; 32]) -> Self {
                Self(*secret)
            }

            /// The token, for whom it was made and nobody else.
            pub fn expose(&self) -> String {
                hex_of(&self.0)
            }

            /// What is kept of it: a SHA-256. The token can't be found from it, since it has 256 random bits.
            pub fn digest(&self) -> Digest {
                Digest::of(&[$context, &self.0])
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl FromStr for $name {
            type Err = TokenTextError;

            fn from_str(text: &str) -> Result<Self, TokenTextError> {
                bytes_of_hex(text).map(Self).ok_or(TokenTextError)
            }
        }
    };
}

token! {
    /// The secret of a one-time link. Shown once, and never by `Debug`.
    ///
    /// ```
    /// use tenantry::operators::SignInToken;
    ///
    /// let token = SignInToken::of_secret(&[7; 32]);
    /// assert_eq!(token.expose().parse::<SignInToken>()?.digest(), token.digest());
    /// assert_eq!(format!("{token:?}"), "SignInToken(…)");
    /// # Ok::<(), tenantry::operators::TokenTextError>(())
    /// ```
    SignInToken, b"tenantry sign-in\n"
}

token! {
    /// The secret of a session: what a browser's cookie holds. Shown once, and never by `Debug`.
    SessionToken, b"tenantry session\n"
}

impl SessionToken {
    /// What a request has to bring, besides the cookie, to prove that the session's own page made it.
    ///
    /// It follows from the session's secret and is kept nowhere. The secret can't be found from it.
    pub fn csrf(&self) -> Digest {
        Digest::of(&[b"tenantry csrf\n", &self.0])
    }
}

/// A text that can't be a token. It isn't shown, since it may be most of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token isn't 64 lower-case hexadecimal digits: copy the whole of it")]
pub struct TokenTextError;

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn of_one_secret_no_two_values_are_the_same() {
        let secret = [7; 32];
        let session = SessionToken::of_secret(&secret);
        let values = [
            SignInToken::of_secret(&secret).digest().to_string(),
            session.digest().to_string(),
            session.csrf().to_string(),
            session.expose(),
        ];
        for (index, value) in values.iter().enumerate() {
            assert!(!values[..index].contains(value), "{value}");
        }
    }

    #[test]
    fn neither_debug_nor_an_error_shows_a_token() {
        let token = SessionToken::of_secret(&[0xab; 32]);
        assert!(!format!("{token:?}").contains("ab"));
        let error = format!("{}zz", token.expose())
            .parse::<SessionToken>()
            .expect_err("it is too long");
        assert!(!format!("{error} {error:?}").contains("abab"));
    }
}
