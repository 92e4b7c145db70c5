//! Searches this process's memory for the authority's key.

use std::fs::File;
use std::os::unix::fs::FileExt;

use super::super::*;
use super::{DAY, seconds};
use crate::proxy::intercept::hosts::tests::ireland;

/// A needle that is not itself in the memory which is searched for it.
type Masked = [u8; 32];

const MASK: u8 = 0xa5;

/// The order of the curve P-256, big-endian (SEC 2, section 2.4.2).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// An authority, and its private key as it is written in PKCS #8, and in the
/// Montgomery form in which the library calculates with it.
fn authority_and_its_key() -> (RunCa, [Masked; 2]) {
    let key = Zeroizing::new(KeyPair::generate().unwrap());
    let der = key.serialized_der();
    // An OCTET STRING of 32 bytes within ECPrivateKey (RFC 5915).
    let at =
        der.windows(5).position(|window| window == [0x02, 0x01, 0x01, 0x04, 0x20]).unwrap() + 5;
    let mut scalar = Zeroizing::new([0; 32]);
    scalar.copy_from_slice(&der[at..at + 32]);
    let mut montgomery = scalar.clone();
    for _ in 0..256 {
        double(&mut montgomery);
    }
    let masked = |bytes: &[u8; 32]| bytes.map(|byte| byte ^ MASK);
    montgomery.reverse();
    let needles = [masked(&scalar), masked(&montgomery)];
    drop((scalar, montgomery));
    assert!(needles.iter().all(|needle| occurrences(needle) > 0), "the key is in memory");
    (issue_with_key(&ireland(), seconds(0, DAY), key).unwrap(), needles)
}

/// Doubles a number modulo the curve's order.
fn double(number: &mut [u8; 32]) {
    let mut carry = 0;
    for byte in number.iter_mut().rev() {
        let doubled = u16::from(*byte) * 2 + carry;
        (*byte, carry) = (doubled.to_le_bytes()[0], doubled >> 8);
    }
    if carry == 1 || *number >= ORDER {
        let mut borrow = false;
        for (byte, of_order) in number.iter_mut().zip(ORDER).rev() {
            let (first, one) = byte.overflowing_sub(of_order);
            let (second, two) = first.overflowing_sub(u8::from(borrow));
            (*byte, borrow) = (second, one || two);
        }
    }
}

/// Counts the needle in all memory that this process can write to.
fn occurrences(needle: &Masked) -> usize {
    const CHUNK: usize = 1 << 20;
    let memory = File::open("/proc/self/mem").unwrap();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut chunk = vec![0; CHUNK];
    let mut found = 0;
    for line in maps.lines().filter(|line| line.split(' ').nth(1).unwrap().starts_with("rw")) {
        let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let [mut at, end] = [start, end].map(|bound| u64::from_str_radix(bound, 16).unwrap());
        while at < end {
            // Another thread may have given it back in the meantime.
            let Ok(length) = memory.read_at(&mut chunk, at) else {
                break;
            };
            found += occurrences_in(&chunk[..length], needle);
            if length < CHUNK {
                break;
            }
            // What lies across the border of two chunks is seen with the second.
            at += (CHUNK - needle.len()) as u64;
        }
    }
    found
}

fn occurrences_in(mut chunk: &[u8], needle: &Masked) -> usize {
    let mut found = 0;
    while let Some(at) = chunk.iter().position(|byte| byte ^ MASK == needle[0]) {
        let candidate = chunk[at..].iter().take(needle.len()).map(|byte| byte ^ MASK);
        found += usize::from(candidate.eq(*needle));
        chunk = &chunk[at + 1..];
    }
    found
}

#[test]
fn the_key_is_wiped_from_memory() {
    let (authority, needles) = certificate::with_wiped_stack(authority_and_its_key);
    // On another stack, so that what was on this one is not overwritten by the search.
    let search = || needles.map(|needle| occurrences(&needle));
    let found = std::thread::scope(|scope| scope.spawn(search).join());
    assert_eq!(found.unwrap(), [0; 2]);
    assert!(authority.pem.starts_with("-----BEGIN"));
}
