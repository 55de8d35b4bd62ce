//! Verifies JWTs with big integers, by the formulas of the RFCs: no code of the library that signs is in it.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use num_bigint::BigUint;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The claims of a JWT that the owner of this public key signed with this algorithm; `None` for any other.
pub(crate) fn verified(jwt: &str, jwk: &Value, algorithm: &str) -> Option<Value> {
    let (message, signature) = jwt.rsplit_once('.')?;
    let (header, claims) = message.split_once('.')?;
    let header: Value = serde_json::from_slice(&bytes(header)?).ok()?;
    if header["alg"] != algorithm {
        return None;
    }
    let signature = bytes(signature)?;
    let hash = Sha256::digest(message.as_bytes());
    let is_good = match algorithm {
        "RS256" => pkcs1(&hash, &opened(&signature, jwk)?),
        "PS256" => pss(&hash, &opened(&signature, jwk)?),
        "ES256" => ecdsa(&hash, &signature, jwk)?,
        _ => false,
    };
    is_good.then(|| serde_json::from_slice(&bytes(claims)?).ok())?
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()
}

fn member(jwk: &Value, name: &str) -> Option<BigUint> {
    Some(BigUint::from_bytes_be(&bytes(jwk[name].as_str()?)?))
}

/// The encoded message in a signature by RSA, as long as the modulus (RFC 8017 §5.2.2).
fn opened(signature: &[u8], jwk: &Value) -> Option<Vec<u8>> {
    let modulus = member(jwk, "n")?;
    let length = modulus.to_bytes_be().len();
    let opened = BigUint::from_bytes_be(signature).modpow(&member(jwk, "e")?, &modulus);
    let opened = opened.to_bytes_be();
    let zeros = vec![0; length.checked_sub(opened.len())?];
    (signature.len() == length).then(|| [zeros, opened].concat())
}

/// RFC 8017 §9.2.
fn pkcs1(hash: &[u8], opened: &[u8]) -> bool {
    let sha256 = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
    let filled = opened.len() - 3 - sha256.len() - hash.len();
    let wanted = [&[0, 1][..], &vec![0xff; filled], &[0], sha256, hash].concat();
    opened == wanted
}

/// RFC 8017 §9.1.2, with a salt as long as the hash (RFC 7518 §3.5). The modulus has a multiple of eight bits.
fn pss(hash: &[u8], opened: &[u8]) -> bool {
    let (masked, rest) = opened.split_at(opened.len() - hash.len() - 1);
    let (own, end) = rest.split_at(hash.len());
    let mut mask = Vec::new();
    for counter in 0_u32.. {
        if mask.len() >= masked.len() {
            break;
        }
        let block = [own, &counter.to_be_bytes()].concat();
        mask.extend_from_slice(&Sha256::digest(&block));
    }
    let mut db: Vec<u8> = masked.iter().zip(&mask).map(|(a, b)| a ^ b).collect();
    db[0] &= 0x7f;
    let (padding, salt) = db.split_at(db.len() - hash.len());
    let (one, zeros) = padding.split_last().expect("a padding");
    let message = [&[0; 8], hash, salt].concat();
    end == [0xbc]
        && *one == 1
        && zeros.iter().all(|zero| *zero == 0)
        && Sha256::digest(&message)[..] == *own
}

/// A point of P-256; `None` is that at infinity.
type Point = Option<(BigUint, BigUint)>;

/// FIPS 186-5 §6.4.2.
fn ecdsa(hash: &[u8], signature: &[u8], jwk: &Value) -> Option<bool> {
    let number = |text: &[u8]| BigUint::parse_bytes(text, 16);
    let prime = number(b"ffffffff00000001000000000000000000000000ffffffffffffffffffffffff")?;
    let order = number(b"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")?;
    let base = (
        number(b"6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296")?,
        number(b"4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")?,
    );
    if signature.len() != 64 {
        return None;
    }
    let (r, s) = signature.split_at(32);
    let (r, s) = (BigUint::from_bytes_be(r), BigUint::from_bytes_be(s));
    let zero = BigUint::ZERO;
    if r == zero || s == zero || r >= order || s >= order {
        return Some(false);
    }
    let inverse = s.modpow(&(&order - 2_u32), &order);
    let first = BigUint::from_bytes_be(hash) * &inverse % &order;
    let second = &r * &inverse % &order;
    let public = (member(jwk, "x")?, member(jwk, "y")?);
    let sum = plus(
        times(&first, &Some(base), &prime),
        times(&second, &Some(public), &prime),
        &prime,
    );
    Some(sum.is_some_and(|(x, _)| x % &order == r))
}

fn times(factor: &BigUint, point: &Point, prime: &BigUint) -> Point {
    let mut sum = None;
    for bit in (0..factor.bits()).rev() {
        sum = plus(sum.clone(), sum, prime);
        if factor.bit(bit) {
            sum = plus(sum, point.clone(), prime);
        }
    }
    sum
}

fn plus(one: Point, other: Point, prime: &BigUint) -> Point {
    let (Some((x1, y1)), Some((x2, y2))) = (&one, &other) else {
        return one.or(other);
    };
    let minus = |a: &BigUint, b: &BigUint| (a + prime - b) % prime;
    let (above, below) = if x1 != x2 {
        (minus(y2, y1), minus(x2, x1))
    } else if y1 == y2 {
        // The curve has `a = -3`.
        (
            minus(&(x1 * x1 * 3_u32 % prime), &3_u32.into()),
            y1 * 2_u32 % prime,
        )
    } else {
        return None;
    };
    let slope = above * below.modpow(&(prime - 2_u32), prime) % prime;
    let x = minus(&minus(&(&slope * &slope % prime), x1), x2);
    let y = minus(&(slope * minus(x1, &x) % prime), y1);
    Some((x, y))
}
