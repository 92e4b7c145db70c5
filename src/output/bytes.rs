//! A buffer for bytes that hold a secret.

use std::fmt;
use std::io;
use std::ops::Deref;

use zeroize::Zeroizing;

/// Wiped when dropped, redacted in `Debug`. Unlike a `Vec`, it also wipes the memory that it
/// leaves when it grows.
#[derive(Default)]
pub struct Bytes(Zeroizing<Vec<u8>>);

const MIN_CAPACITY: usize = 512;

impl Bytes {
    pub fn new() -> Self {
        Bytes::default()
    }

    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.append(text.as_bytes());
        self
    }

    pub(super) fn char(&mut self, char: char) -> &mut Self {
        self.text(char.encode_utf8(&mut [0; 4]))
    }

    fn append(&mut self, bytes: &[u8]) {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            let mut grown = Vec::with_capacity(needed.max(2 * self.0.len()).max(MIN_CAPACITY));
            grown.extend_from_slice(&self.0);
            self.0 = Zeroizing::new(grown);
        }
        self.0.extend_from_slice(bytes);
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl io::Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.append(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Write for Bytes {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text(text);
        Ok(())
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes(redacted, {} bytes)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_its_contents_while_it_grows() {
        let mut bytes = Bytes::new();
        let mut expected = String::new();
        for i in 0..1_000 {
            bytes.text(&i.to_string()).char('\u{20ac}');
            expected += &format!("{i}\u{20ac}");
        }
        assert_eq!(&*bytes, expected.as_bytes());
    }

    #[test]
    fn debug_does_not_show_the_contents() {
        let mut bytes = Bytes::new();
        bytes.text("s3cr3t");
        assert_eq!(format!("{bytes:?}"), "Bytes(redacted, 6 bytes)");
    }
}
