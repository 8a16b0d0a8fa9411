//! Error texts in a store that may not be read by everybody: `encrypted[7:..]`, with the key id and hexadecimal digits. They stand in
//! columns of text, alone or among other words, so they say themselves where they begin and end.

use super::{Codec, KeyId, Keys, Owner, key_id};
use durable_core::store::ExecutionRecord;
use std::borrow::Cow;

const BEGIN: &str = "encrypted[";
const END: char = ']';

impl Codec {
    /// An error text as it is to be stored.
    pub(crate) fn encrypt_text(&self, text: String, instance: [u8; 16]) -> String {
        let Some(keys) = &self.keys else { return text };
        match keys.encrypt_text(&text, &Owner::Text { instance }) {
            Ok(bytes) => write(&bytes),
            // What is the matter is lost, where an execution stands is not.
            Err(error) => format!("(an error text was not recorded: {error})"),
        }
    }

    /// A text as it was, wherever parts of it are encrypted. What this program cannot read it says so of.
    pub(crate) fn decrypt_text(&self, text: &str, instance: [u8; 16]) -> String {
        let mut plain = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(BEGIN) {
            let (before, token) = rest.split_at(at);
            plain.push_str(before);
            let Some((bytes, after)) = read(token) else {
                plain.push_str(BEGIN);
                rest = &token[BEGIN.len()..];
                continue;
            };
            plain.push_str(&self.decrypt(&bytes, instance));
            rest = after;
        }
        plain.push_str(rest);
        plain
    }

    /// The last failure of an execution, as it was.
    pub(crate) fn decrypt_error(&self, record: &mut ExecutionRecord) {
        if let Some(error) = &mut record.error
            && is_encrypted(error)
        {
            *error = self.decrypt_text(error, record.instance);
        }
    }

    fn decrypt(&self, bytes: &[u8], instance: [u8; 16]) -> Cow<'static, str> {
        match Keys::decrypt_text(self.keys.as_ref(), bytes, &Owner::Text { instance }) {
            Ok(text) => String::from_utf8_lossy(&text).into_owned().into(),
            Err(error) => format!("(a text that cannot be read: {error})").into(),
        }
    }
}

/// Whether there may be something to decrypt in it.
pub(crate) fn is_encrypted(text: &str) -> bool {
    text.contains(BEGIN)
}

fn write(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len() + 24);
    text.push_str(BEGIN);
    let KeyId(id) = key_id(bytes).unwrap_or(KeyId(0));
    text.push_str(&id.to_string());
    text.push(':');
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(half), 16));
        }
    }
    text.push(END);
    text
}

/// What a text begins with, and the rest.
fn read(token: &str) -> Option<(Vec<u8>, &str)> {
    let token = token.strip_prefix(BEGIN)?;
    // Only as far as it can be one: else a text of many beginnings would be read once for each.
    let end = token.find(|c: char| !c.is_ascii_hexdigit() && c != ':')?;
    let (token, rest) = token.split_at(end);
    let rest = rest.strip_prefix(END)?;
    let (id, digits) = token.split_once(':')?;
    let digits = digits.as_bytes();
    if digits.len() % 2 != 0 {
        return None;
    }
    let half = |digit: u8| char::from(digit).to_digit(16).map(|half| half as u8);
    let bytes: Option<Vec<u8>> =
        digits.chunks_exact(2).map(|pair| Some(half(pair[0])? << 4 | half(pair[1])?)).collect();
    let bytes = bytes?;
    let told: u32 = id.parse().ok()?;
    matches!(key_id(&bytes), Ok(KeyId(id)) if id == told).then_some((bytes, rest))
}
