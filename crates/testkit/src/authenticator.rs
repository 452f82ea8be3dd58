//! An authenticator in software: makes passkeys and answers with them as browsers do, and as they should not.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use data_encoding::BASE64URL_NOPAD;

/// Which kind of key it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    Es256,
    Ed25519,
    Rs256,
}

enum Key {
    Es256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rs256(Box<RsaKeyPair>),
}

/// One passkey and what it is bound to. Every field may be set wrong by a test.
#[expect(missing_debug_implementations, reason = "holds a key")]
pub struct Authenticator {
    key: Key,
    /// Its id.
    pub id: Vec<u8>,
    /// The handle of its person, once it was made.
    pub user: Vec<u8>,
    /// The origin of the page.
    pub origin: String,
    /// The relying party.
    pub rp: String,
    /// The flags: present and verified.
    pub flags: u8,
    /// The counter as it was told last.
    pub counter: u32,
    /// Whether it counts at all.
    pub counts: bool,
    /// What else stands in the client data, as JSON members.
    pub more: String,
}

/// An authenticator in the hand of its person takes its own chance.
#[expect(clippy::disallowed_methods, reason = "what it signs must not repeat, and the library asks for its own")]
fn chance() -> SystemRandom {
    SystemRandom::new()
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

fn head(major: u8, n: usize) -> Vec<u8> {
    let major = major << 5;
    match n {
        0..=23 => vec![major | n as u8],
        24..=255 => vec![major | 24, n as u8],
        _ => [vec![major | 25], (n as u16).to_be_bytes().to_vec()].concat(),
    }
}

fn bytes(value: &[u8]) -> Vec<u8> {
    [head(2, value.len()), value.to_vec()].concat()
}

fn int(n: i64) -> Vec<u8> {
    if n < 0 { head(1, usize::try_from(-1 - n).unwrap()) } else { head(0, usize::try_from(n).unwrap()) }
}

fn text(value: &str) -> Vec<u8> {
    [head(3, value.len()), value.as_bytes().to_vec()].concat()
}

impl Authenticator {
    /// A new one for a site.
    pub fn new(origin: &str, rp: &str, algorithm: Algorithm) -> Self {
        let key = match algorithm {
            Algorithm::Es256 => Key::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()),
            Algorithm::Ed25519 => Key::Ed25519(Ed25519KeyPair::generate().unwrap()),
            Algorithm::Rs256 => Key::Rs256(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())),
        };
        let mut made = Self {
            key,
            id: Vec::new(),
            user: Vec::new(),
            origin: origin.into(),
            rp: rp.into(),
            flags: 0x05,
            counter: 1,
            counts: true,
            more: String::new(),
        };
        made.id = sha256(&made.cose());
        made
    }

    /// A copy with the same key, as a thief would have it.
    pub fn copy(&self) -> Self {
        let Key::Es256(key) = &self.key else { panic!("only ES256 is copied") };
        let secret: EcPrivateKeyBin<'_> = key.private_key().as_be_bytes().unwrap();
        let public = key.public_key().as_ref().to_vec();
        let key =
            EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_ASN1_SIGNING, secret.as_ref(), &public);
        Self {
            key: Key::Es256(key.unwrap()),
            id: self.id.clone(),
            user: self.user.clone(),
            origin: self.origin.clone(),
            rp: self.rp.clone(),
            flags: self.flags,
            counter: self.counter,
            counts: self.counts,
            more: self.more.clone(),
        }
    }

    /// The public key as COSE writes it.
    pub fn cose(&self) -> Vec<u8> {
        match &self.key {
            Key::Es256(key) => {
                let point = key.public_key().as_ref();
                let (x, y) = (&point[1..33], &point[33..]);
                let members = [int(1), int(2), int(3), int(-7), int(-1), int(1), int(-2), bytes(x), int(-3), bytes(y)];
                [head(5, 5), members.concat()].concat()
            }
            Key::Ed25519(key) => {
                let x = bytes(key.public_key().as_ref());
                [head(5, 4), [int(1), int(1), int(3), int(-8), int(-1), int(6), int(-2), x].concat()].concat()
            }
            Key::Rs256(key) => {
                // As RFC 8017 writes a key of 2048 bits: a sequence of modulus and exponent.
                let der = key.public_key().as_ref();
                let (n, e) = (bytes(&der[9..265]), bytes(&der[der.len() - 3..]));
                [head(5, 4), [int(1), int(3), int(3), int(-257), int(-1), n, int(-2), e].concat()].concat()
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.key {
            Key::Es256(key) => key.sign(&chance(), message).unwrap().as_ref().to_vec(),
            Key::Ed25519(key) => key.sign(message).as_ref().to_vec(),
            Key::Rs256(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &chance(), message, &mut signature).unwrap();
                signature
            }
        }
    }

    /// The client data for a challenge.
    pub fn client(&self, kind: &str, challenge: &[u8]) -> Vec<u8> {
        let challenge = BASE64URL_NOPAD.encode(challenge);
        let more = &self.more;
        format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{}"{more}}}"#, self.origin).into_bytes()
    }

    fn said(&self, flags: u8) -> Vec<u8> {
        [sha256(self.rp.as_bytes()), vec![flags], self.counter.to_be_bytes().to_vec()].concat()
    }

    /// Makes the passkey: client data and attestation object.
    pub fn make(&mut self, challenge: &[u8], user: &[u8]) -> (Vec<u8>, Vec<u8>) {
        self.user = user.to_vec();
        let length = (self.id.len() as u16).to_be_bytes().to_vec();
        let data = [self.said(self.flags | 0x40), vec![0; 16], length, self.id.clone(), self.cose()].concat();
        let members = [text("fmt"), text("none"), text("attStmt"), head(5, 0), text("authData"), bytes(&data)].concat();
        (self.client("webauthn.create", challenge), [head(5, 3), members].concat())
    }

    /// As [`Authenticator::make`], as the page sends it.
    pub fn made(&mut self, flow: &str, user: &[u8]) -> String {
        let (client, attestation) = self.make(&BASE64URL_NOPAD.decode(flow.as_bytes()).unwrap(), user);
        let (client, attestation) = (BASE64URL_NOPAD.encode(&client), BASE64URL_NOPAD.encode(&attestation));
        format!(r#"{{"flow":"{flow}","client":"{client}","attestation":"{attestation}"}}"#)
    }

    /// Answers a challenge: client data, authenticator data, signature. The counter goes on.
    pub fn show(&mut self, challenge: &[u8]) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
        self.counter += u32::from(self.counts);
        let (client, data) = (self.client("webauthn.get", challenge), self.said(self.flags));
        let signature = self.sign(&[data.clone(), sha256(&client)].concat());
        (client, data, signature)
    }

    /// As [`Authenticator::show`], as the page sends it.
    pub fn shown(&mut self, flow: &str) -> String {
        let (client, data, signature) = self.show(&BASE64URL_NOPAD.decode(flow.as_bytes()).unwrap());
        let [id, user, client, data, signature] =
            [&self.id, &self.user, &client, &data, &signature].map(|part| BASE64URL_NOPAD.encode(part));
        format!(
            r#"{{"flow":"{flow}","id":"{id}","user":"{user}","client":"{client}","data":"{data}","signature":"{signature}"}}"#
        )
    }
}
