//! A saved value whose type has no shape that anybody could record: kept as it encodes itself, under a version that is declared.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Error as _, MapAccess, SeqAccess, Visitor},
    ser::{Error as _, SerializeStruct},
};
use std::{
    cell::Cell,
    fmt,
    marker::PhantomData,
    ops::{Deref, DerefMut},
};

/// A value of a type that cannot be traced: whose `Deserialize` refuses every sample, or reads other things depending on the data.
///
/// What is saved has a schema, which later versions are checked against, and tools show it by. It is traced through the type's
/// `Deserialize`. Where that cannot be done, the workflow is refused when it is registered, and this is the way out: in place of
/// the shape, you declare which version of it this is. Whenever the type comes to encode another way, raise `VERSION`: what was saved under another one is
/// not read, but left alone until a migration or a build of that version goes on with it. Within one version nothing is checked: it is
/// up to you. Tools show the bytes.
///
/// ```
/// use durable_core::Opaque;
/// # #[derive(serde::Serialize, serde::Deserialize)] struct Iban(String);
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Payment {
///     cents: u64,
///     to: Opaque<Iban, 1>,
/// }
///
/// let payment = Payment { cents: 10, to: Opaque::new(Iban("DE02120300000000202051".into())) };
/// assert_eq!(payment.to.0, "DE02120300000000202051");
/// ```
///
/// That the value can be read back is tried whenever it is saved: an execution whose value cannot is set aside then, and not when it is resumed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Opaque<T, const VERSION: u32>(Option<T>);

impl<T, const VERSION: u32> Opaque<T, VERSION> {
    /// Keeps a value.
    pub const fn new(value: T) -> Self {
        Self(Some(value))
    }

    /// Gives it back.
    ///
    /// # Panics
    ///
    /// While types are traced, in a `Deserialize` that looks into one: there is no value then, and the type is reported as one that cannot
    /// be traced.
    pub fn into_inner(self) -> T {
        self.0.expect(MADE_UP)
    }

    /// The name of the one field, which is the version: so one of another version is a field that is missing.
    const FIELD: (&'static [&'static str], &'static str) = {
        let (digits, length) = Self::DIGITS;
        match std::str::from_utf8(digits.split_at(*length).0) {
            Ok(name) => (&[name], name),
            Err(_) => (&["v"], "v"),
        }
    };

    /// `v` and the version.
    const DIGITS: &'static ([u8; 11], usize) = &{
        let (mut reversed, mut count, mut rest) = ([0; 10], 0, VERSION);
        loop {
            reversed[count] = b'0' + (rest % 10) as u8;
            count += 1;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        let (mut digits, mut at) = ([b'v'; 11], 0);
        while at < count {
            digits[at + 1] = reversed[count - 1 - at];
            at += 1;
        }
        (digits, count + 1)
    };
}

const MADE_UP: &str = "an `Opaque` that was made up while its type was traced has no value: do not look into it in a `Deserialize`";

impl<T, const VERSION: u32> From<T> for Opaque<T, VERSION> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T, const VERSION: u32> Deref for Opaque<T, VERSION> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect(MADE_UP)
    }
}

impl<T, const VERSION: u32> DerefMut for Opaque<T, VERSION> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect(MADE_UP)
    }
}

impl<T: fmt::Debug, const VERSION: u32> fmt::Debug for Opaque<T, VERSION> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("(made up)"),
        }
    }
}

impl<T: Serialize + DeserializeOwned, const VERSION: u32> Serialize for Opaque<T, VERSION> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = match &self.0 {
            Some(value) => {
                let bytes = postcard::to_stdvec(value).map_err(S::Error::custom)?;
                let tried = decode::<T>(&bytes);
                tried.map_err(|reason| S::Error::custom(format!("it cannot be read back: {reason}")))?;
                bytes
            }
            // What is built of samples is also written, to see whether it can be.
            None if MAKES_UP.get() => Vec::new(),
            None => return Err(S::Error::custom(MADE_UP)),
        };
        let (_, name) = Self::FIELD;
        let mut fields = serializer.serialize_struct("Opaque", 1)?;
        fields.serialize_field(name, &Bytes(bytes))?;
        fields.end()
    }
}

impl<'de, T: DeserializeOwned, const VERSION: u32> Deserialize<'de> for Opaque<T, VERSION> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct One<T, const VERSION: u32>(PhantomData<T>);

        impl<'de, T: DeserializeOwned, const VERSION: u32> Visitor<'de> for One<T, VERSION> {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an opaque value of version {VERSION}")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut fields: A) -> Result<Bytes, A::Error> {
                fields.next_element()?.ok_or_else(|| A::Error::missing_field(Opaque::<T, VERSION>::FIELD.1))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Bytes, A::Error> {
                let (_, expected) = Opaque::<T, VERSION>::FIELD;
                let mut found = None;
                while let Some(name) = fields.next_key::<String>()? {
                    match name == expected {
                        true => found = Some(fields.next_value()?),
                        false => _ = fields.next_value::<serde::de::IgnoredAny>()?,
                    }
                }
                found.ok_or_else(|| A::Error::missing_field(expected))
            }
        }

        let (fields, _) = Self::FIELD;
        let Bytes(bytes) =
            deserializer.deserialize_struct("Opaque", fields, One::<T, VERSION>(PhantomData))?;
        if MAKES_UP.get() {
            return Ok(Self(None));
        }
        decode(&bytes).map(Self::new).map_err(D::Error::custom)
    }
}

/// All of the bytes, or it is another value.
fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(format!("{} bytes are left over", rest.len())),
        Err(error) => Err(error.to_string()),
    }
}

/// Bytes, for serde.
struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }

            fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
                Ok(Bytes(bytes))
            }
        }

        deserializer.deserialize_byte_buf(Any)
    }
}

thread_local! {
    /// Types are given samples on this thread, of which no value can be made.
    static MAKES_UP: Cell<bool> = const { Cell::new(false) };
}

/// Gives types samples: opaque ones take any.
pub(crate) fn with_samples<R>(give: impl FnOnce() -> R) -> R {
    struct Restore(bool);

    impl Drop for Restore {
        fn drop(&mut self) {
            MAKES_UP.set(self.0);
        }
    }

    let _restore = Restore(MAKES_UP.replace(true));
    give()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Schema, trace};

    /// Begins with a letter of its own: no sample is one.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(try_from = "String", into = "String")]
    struct Plate(String);

    impl TryFrom<String> for Plate {
        type Error = String;

        fn try_from(text: String) -> Result<Self, String> {
            if text.starts_with("plate:") { Ok(Self(text)) } else { Err(format!("`{text}` is no plate")) }
        }
    }

    impl From<Plate> for String {
        fn from(plate: Plate) -> Self {
            plate.0
        }
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Car<const VERSION: u32> {
        doors: u8,
        plate: Opaque<Plate, VERSION>,
        seats: u8,
    }

    fn car<const VERSION: u32>() -> Car<VERSION> {
        Car { doors: 3, plate: Plate("plate:B".into()).into(), seats: 5 }
    }

    fn shape_of<T: DeserializeOwned>() -> Schema {
        trace::<T>().unwrap()
    }

    #[test]
    fn what_refuses_every_sample_is_traced_saved_and_read_under_its_version() {
        #[derive(Deserialize)]
        #[expect(dead_code, reason = "it is only traced")]
        struct Plain(Plate, u8);

        let error = trace::<Plain>().unwrap_err().to_string();
        assert!(error.contains("durable::Opaque<_, 1>"), "{error}");
        let bytes = postcard::to_stdvec(&car::<7>()).unwrap();
        assert_eq!(postcard::from_bytes::<Car<7>>(&bytes).unwrap(), car::<7>());
        let schema = shape_of::<Car<7>>();
        let (value, rest) = schema.decode(&bytes).unwrap();
        assert!(rest.is_empty());
        assert_eq!(value.to_string(), "Car { doors: 3, plate: Opaque { v7: b\"\\x07plate:B\" }, seats: 5 }");
        assert_eq!(format!("{:?}", car::<7>().plate), r#"Plate("plate:B")"#);
    }

    #[test]
    fn another_version_is_another_shape_and_never_read() {
        assert_ne!(shape_of::<Car<1>>().fingerprint(), shape_of::<Car<2>>().fingerprint());
        let (value, _) = shape_of::<Car<1>>()
            .decode(&postcard::to_stdvec(&car::<1>()).unwrap())
            .map(|(v, r)| (v, r.len()))
            .unwrap();
        let error = value.clone().rebuild::<Car<2>>().unwrap_err().to_string();
        assert!(error.contains("v2"), "{error}");
        assert_eq!(value.rebuild::<Car<1>>().unwrap(), car::<1>());
        let names =
            [Opaque::<u8, 0>::FIELD.1, Opaque::<u8, 10>::FIELD.1, Opaque::<u8, { u32::MAX }>::FIELD.1];
        assert_eq!(names, ["v0", "v10", "v4294967295"]);
    }

    #[test]
    fn what_cannot_be_read_back_is_not_saved() {
        #[derive(Serialize, Deserialize)]
        #[serde(untagged)]
        enum Either {
            Number(u8),
        }

        let error = postcard::to_stdvec(&Opaque::<_, 1>::new(Either::Number(1))).unwrap_err();
        assert_eq!(error, postcard::Error::SerdeSerCustom);
    }

    #[test]
    fn damaged_bytes_are_an_error_and_no_value() {
        let bytes = postcard::to_stdvec(&Opaque::<_, 1>::new(Plate("plate:B".into()))).unwrap();
        for length in 0..bytes.len() {
            postcard::from_bytes::<Opaque<Plate, 1>>(&bytes[..length]).unwrap_err();
        }
        let mut other = bytes;
        other[2] = b'P';
        postcard::from_bytes::<Opaque<Plate, 1>>(&other).unwrap_err();
    }
}
