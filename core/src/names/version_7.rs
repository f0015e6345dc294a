/// An identity that is a UUID of version 7, with its error: the one shape of every id here.
///
/// Ids of two things are two types, so that one is never taken for the other.
macro_rules! version_7_id {
    ($(#[$id_doc:meta])* $id:ident, $error:ident, $what:literal) => {
        $(#[$id_doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "uuid::Uuid", into = "uuid::Uuid")]
        pub struct $id(uuid::Uuid);

        impl $id {
            /// Makes an id from the time and 80 random bits (of which 74 are used).
            ///
            /// Times before 1970 count as 1970.
            pub fn from_parts(made_at: chrono::DateTime<chrono::Utc>, random: [u8; 10]) -> Self {
                let millis = u64::try_from(made_at.timestamp_millis()).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
            }

            /// Takes a UUID that was made elsewhere.
            ///
            /// # Errors
            #[doc = concat!("[`", stringify!($error), "::NotVersion7`].")]
            pub fn from_uuid(uuid: uuid::Uuid) -> Result<Self, $error> {
                match uuid.get_version_num() {
                    7 => Ok(Self(uuid)),
                    version => Err($error::NotVersion7 { uuid, version }),
                }
            }

            /// The id as a UUID, for a database column.
            pub fn as_uuid(&self) -> uuid::Uuid {
                self.0
            }
        }

        impl core::fmt::Display for $id {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(&self.0.as_hyphenated(), f)
            }
        }

        impl core::fmt::Debug for $id {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, concat!(stringify!($id), "({})"), self)
            }
        }

        impl From<$id> for uuid::Uuid {
            fn from(id: $id) -> Self {
                id.0
            }
        }

        impl TryFrom<uuid::Uuid> for $id {
            type Error = $error;

            fn try_from(uuid: uuid::Uuid) -> Result<Self, $error> {
                Self::from_uuid(uuid)
            }
        }

        impl core::str::FromStr for $id {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, $error> {
                let uuid = uuid::Uuid::try_parse(text).map_err(|source| $error::NotAUuid {
                    text: $crate::Excerpt::of(text),
                    source,
                })?;
                Self::from_uuid(uuid)
            }
        }

        impl TryFrom<alloc::string::String> for $id {
            type Error = $error;

            fn try_from(text: alloc::string::String) -> Result<Self, $error> {
                text.parse()
            }
        }

        #[doc = concat!("Why a value isn't a [`", stringify!($id), "`].")]
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        #[non_exhaustive]
        pub enum $error {
            /// The text is no UUID.
            #[error(
                "{} id {text} is no UUID: give it as 01890a5d-ac96-774b-bcce-b302099a8057",
                $what
            )]
            NotAUuid {
                /// The refused text.
                text: $crate::Excerpt,
                /// What the parser said.
                source: uuid::Error,
            },
            /// A UUID of another version, which wouldn't order by time.
            #[error(
                "{what} id {uuid} is a UUID of version {version}: {what} ids are of version 7",
                what = $what
            )]
            NotVersion7 {
                /// The refused UUID.
                uuid: uuid::Uuid,
                /// Its version, 0 if it has none.
                version: usize,
            },
        }
    };
}

pub(crate) use version_7_id;
