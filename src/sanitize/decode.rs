//! Decodes percent-encoding, HTML entities, and escape sequences of JSON and JavaScript, in
//! which a text may repeat a secret.

/// A decoded byte, and its range in the original text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Byte {
    pub(super) value: u8,
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// `%2F` (RFC 3986 section 2.1), `%u002F` (JavaScript's `escape`).
    Percent,
    /// `&amp;`, `&#47;`, `&#x2F;`.
    Html,
    /// `\/`, `\u002f`, `\x2f`, `\057`, `\U0000002f`.
    Escapes,
    Any,
}

/// Decodes once; `None` if nothing is encoded.
pub(super) fn decode(text: &[Byte], encoding: Encoding) -> Option<Vec<Byte>> {
    let decodes = |one: Encoding| encoding == one || encoding == Encoding::Any;
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    let mut changed = false;
    while let Some(first) = rest.first() {
        let found = match first.value {
            b'%' if decodes(Encoding::Percent) => decode_percent(rest),
            b'&' if decodes(Encoding::Html) => decode_entity(rest),
            b'\\' if decodes(Encoding::Escapes) => decode_escape(rest),
            _ => None,
        };
        changed |= found.is_some();
        match found {
            Some((Decoded::Byte(value), length)) => {
                decoded.push(decoded_byte(value, &rest[..length]));
                rest = &rest[length..];
            }
            Some((Decoded::Char(char), length)) => {
                let bytes = char.encode_utf8(&mut [0; 4]).to_owned();
                decoded.extend(bytes.bytes().map(|value| decoded_byte(value, &rest[..length])));
                rest = &rest[length..];
            }
            None => {
                decoded.push(*first);
                rest = &rest[1..];
            }
        }
    }
    changed.then_some(decoded)
}

enum Decoded {
    Byte(u8),
    Char(char),
}

fn decoded_byte(value: u8, of: &[Byte]) -> Byte {
    Byte { value, start: of[0].start, end: of[of.len() - 1].end }
}

fn decode_percent(text: &[Byte]) -> Option<(Decoded, usize)> {
    if text.get(1)?.value.eq_ignore_ascii_case(&b'u') {
        let char = char::from_u32(parse_number(text.get(2..6)?, 16)?)?;
        return Some((Decoded::Char(char), 6));
    }
    let value = parse_number(text.get(1..3)?, 16)?;
    Some((Decoded::Byte(value.try_into().ok()?), 3))
}

/// HTML entities of characters that can occur in a secret or its encodings.
const NAMED: &[(&str, char)] = &[
    ("amp", '&'),
    ("ast", '*'),
    ("apos", '\''),
    ("bsol", '\\'),
    ("colon", ':'),
    ("comma", ','),
    ("commat", '@'),
    ("dollar", '$'),
    ("equals", '='),
    ("excl", '!'),
    ("grave", '`'),
    ("gt", '>'),
    ("hat", '^'),
    ("lbrace", '{'),
    ("lbrack", '['),
    ("lcub", '{'),
    ("lowbar", '_'),
    ("lpar", '('),
    ("lsqb", '['),
    ("lt", '<'),
    ("nbsp", ' '),
    ("num", '#'),
    ("percnt", '%'),
    ("period", '.'),
    ("plus", '+'),
    ("quest", '?'),
    ("quot", '"'),
    ("rbrace", '}'),
    ("rbrack", ']'),
    ("rcub", '}'),
    ("rpar", ')'),
    ("rsqb", ']'),
    ("semi", ';'),
    ("sol", '/'),
    ("verbar", '|'),
    ("vert", '|'),
];

/// Characters, leading zeros included.
const MAX_ENTITY_LEN: usize = 12;

fn decode_entity(text: &[Byte]) -> Option<(Decoded, usize)> {
    let name_ends = |byte: &Byte| !(byte.value.is_ascii_alphanumeric() || byte.value == b'#');
    let window = &text[1..text.len().min(MAX_ENTITY_LEN + 1)];
    let length = window.iter().position(name_ends).unwrap_or(window.len());
    let name: String = window[..length].iter().map(|byte| char::from(byte.value)).collect();
    let semicolon = window.get(length).is_some_and(|byte| byte.value == b';');
    let whole = 1 + length + usize::from(semicolon);
    if let Some(digits) = name.strip_prefix('#') {
        let hex = digits.strip_prefix(['x', 'X']);
        let (digits, radix) = hex.map_or((digits, 10), |hex| (hex, 16));
        let char = char::from_u32(u32::from_str_radix(digits, radix).ok()?)?;
        return Some((Decoded::Char(char), whole));
    }
    let name = name.to_ascii_lowercase();
    let (_, char) = NAMED.iter().find(|(known, _)| semicolon && *known == name)?;
    Some((Decoded::Char(*char), whole))
}

fn decode_escape(text: &[Byte]) -> Option<(Decoded, usize)> {
    let char = |char: char| Some((Decoded::Char(char), 2));
    match text.get(1)?.value {
        b'u' if text.get(2)?.value == b'{' => {
            let end = text.iter().take(12).position(|byte| byte.value == b'}')?;
            Some((Decoded::Char(char::from_u32(parse_number(&text[3..end], 16)?)?), end + 1))
        }
        b'u' => {
            let unit = |at: usize| parse_number(text.get(at..at + 4)?, 16);
            let first = unit(2)?;
            if let Some(only) = char::from_u32(first) {
                return Some((Decoded::Char(only), 6));
            }
            let units = [u16::try_from(first).ok()?, u16::try_from(unit(8)?).ok()?];
            Some((Decoded::Char(char::decode_utf16(units).next()?.ok()?), 12))
        }
        b'U' => {
            let char = char::from_u32(parse_number(text.get(2..10)?, 16)?)?;
            Some((Decoded::Char(char), 10))
        }
        b'0'..=b'3' => {
            let value = parse_number(text.get(1..4)?, 8)?;
            Some((Decoded::Byte(value.try_into().ok()?), 4))
        }
        b'x' => {
            let value = parse_number(text.get(2..4)?, 16)?;
            Some((Decoded::Byte(value.try_into().ok()?), 4))
        }
        b'n' => char('\n'),
        b'r' => char('\r'),
        b't' => char('\t'),
        b'b' => char('\u{8}'),
        b'f' => char('\u{c}'),
        quoted @ (b'"' | b'\'' | b'\\' | b'/') => char(char::from(quoted)),
        _ => None,
    }
}

fn parse_number(digits: &[Byte], radix: u32) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |number, byte| {
        let digit = char::from(byte.value).to_digit(radix)?;
        number.checked_mul(radix)?.checked_add(digit)
    })
}
