//! The outermost parts of DER, as far as the shape of a private key needs them.

/// INTEGER.
pub const INTEGER: u8 = 0x02;
/// BIT STRING.
pub const BIT_STRING: u8 = 0x03;
/// OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// OBJECT IDENTIFIER.
pub const OBJECT_IDENTIFIER: u8 = 0x06;
/// SEQUENCE.
pub const SEQUENCE: u8 = 0x30;

/// One value.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    /// The tag.
    pub tag: u8,
    /// The content.
    pub content: &'a [u8],
}

/// Reads all values of `content`. `None` if a length is wrong.
pub fn values(mut content: &[u8]) -> Option<Vec<Value<'_>>> {
    let mut values = Vec::new();
    while let Some((&tag, rest)) = content.split_first() {
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        values.push(Value { tag, content: value });
        content = rest;
    }
    Some(values)
}

/// Reads the values of the one SEQUENCE that `der` is.
pub fn sequence(der: &[u8]) -> Option<Vec<Value<'_>>> {
    match values(der)?.as_slice() {
        [Value { tag: SEQUENCE, content }] => values(content),
        _ => None,
    }
}

/// The number of bits of a positive INTEGER.
pub fn bits(integer: &[u8]) -> usize {
    let digits: Vec<u8> = integer.iter().copied().skip_while(|byte| *byte == 0).collect();
    let first = digits.first().map_or(8, |first| first.leading_zeros() as usize);
    digits.len() * 8 - first.min(digits.len() * 8)
}
