use proptest::prelude::*;

use super::*;
use crate::note::{MAX_NOTE, MAX_SIGNATURES};

// The example in the documentation of golang.org/x/mod/sumdb/note.
const GO_VERIFIER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_SIGNER: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const GO_TEXT: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const GO_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n\
    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn peter() -> Signer {
    let key = BASE64.decode(GO_SIGNER.as_bytes()).unwrap();
    assert_eq!(key[0], 0x01);
    Signer::new("PeterNeumann", key[1..].try_into().unwrap()).unwrap()
}

fn signer() -> Signer {
    Signer::new("linli.example/log/host-1", &[7; 32]).unwrap()
}

fn checkpoint() -> Checkpoint {
    Checkpoint { origin: "linli.example/log/host-1".parse().unwrap(), size: 10, root: Hash::of(&[b"root"]) }
}

#[test]
fn signs_and_opens_the_go_example() {
    assert_eq!(peter().sign(GO_TEXT.to_owned()), GO_NOTE);
    assert_eq!(peter().verifier().to_string(), GO_VERIFIER);
    let verifier: Verifier = GO_VERIFIER.parse().unwrap();
    assert_eq!(verifier.open(GO_NOTE), Ok(GO_TEXT));
}

/// An example that signed-note published.
#[test]
fn opens_the_c2sp_example() {
    let verifier: Verifier = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k".parse().unwrap();
    let note = "This is an example message.\n\n\
        — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    assert_eq!(verifier.open(note), Ok("This is an example message.\n"));
}

/// The example of tlog-checkpoint. Its key is not published, so only the text is checked.
#[test]
fn reads_the_text_of_the_c2sp_checkpoint() {
    let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    let checkpoint = Checkpoint::parse(text).unwrap();
    assert_eq!(checkpoint.origin.as_str(), "example.com/behind-the-sofa");
    assert_eq!(checkpoint.size, 20_852_163);
    assert_eq!(checkpoint.text(), text);
}

#[test]
fn a_signed_checkpoint_opens() {
    let note = checkpoint().sign(&signer());
    assert_eq!(Checkpoint::open(&note, signer().verifier()), Ok(checkpoint()));
}

#[test]
fn other_signatures_and_extensions_are_passed_over() {
    let text = format!("{}an extension\n", checkpoint().text());
    let note = signer().sign(text);
    let witness = GO_NOTE.rsplit_once("\n\n").unwrap().1;
    let (text, own) = note.rsplit_once("\n\n").unwrap();
    for note in [format!("{text}\n\n{own}{witness}"), format!("{text}\n\n{witness}{own}")] {
        assert_eq!(Checkpoint::open(&note, signer().verifier()), Ok(checkpoint()));
    }
    let foreign = format!("{text}\n\n{witness}");
    assert_eq!(Checkpoint::open(&foreign, signer().verifier()), Err(CheckpointError::Unsigned));
}

#[test]
fn a_wrong_signature_of_the_known_key_is_not_outweighed_by_a_right_one() {
    let note = checkpoint().sign(&signer());
    let wrong = Checkpoint { size: 11, ..checkpoint() }.sign(&signer());
    let wrong = wrong.rsplit_once("\n\n").unwrap().1;
    assert_eq!(Checkpoint::open(&format!("{note}{wrong}"), signer().verifier()), Err(CheckpointError::Signature));
}

#[test]
fn malformed_notes_are_refused() {
    let verifier: Verifier = GO_VERIFIER.parse().unwrap();
    let line = GO_NOTE.rsplit_once("\n\n").unwrap().1;
    for note in [
        "",
        "\n",
        GO_TEXT,
        GO_NOTE.trim_end(),
        &GO_NOTE.replace('—', "-"),
        &GO_NOTE.replace("— PeterNeumann ", "— "),
        &GO_NOTE.replace("AM=", "AM"),
        &GO_NOTE.replace("problem,\n", "problem,\r\n"),
        &GO_NOTE.replace("problem is", "problem\tis"),
        &format!("{GO_NOTE}\n"),
        &format!("{GO_NOTE}— PeterNeumann x08goA==\n").replace("x08goA==", "x08gow=="),
        &format!("{GO_NOTE}{}", line.repeat(MAX_SIGNATURES)),
        &format!("{}{GO_NOTE}", "x".repeat(MAX_NOTE)),
    ] {
        assert!(matches!(verifier.open(note), Err(CheckpointError::Note(_))), "{note:.200}");
    }
    assert_eq!(verifier.open(&format!("{GO_NOTE}{}", line.repeat(MAX_SIGNATURES - 1))), Ok(GO_TEXT));
}

#[test]
fn malformed_checkpoints_are_refused() {
    let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    for text in [
        "o\n1\n".to_owned(),
        format!("\n1\n{root}\n"),
        format!("o\n01\n{root}\n"),
        format!("o\n+1\n{root}\n"),
        format!("o\n-1\n{root}\n"),
        format!("o\n\n{root}\n"),
        format!("o\n18446744073709551616\n{root}\n"),
        format!("o\n1\n{}\n", root.trim_end_matches('=')),
        "o\n1\nAAAA\n".to_owned(),
        format!("o\n1\n{root}\n\nextension\n"),
        format!("o\n0\n{root}\n"),
    ] {
        let note = signer().sign(text);
        assert!(matches!(Checkpoint::open(&note, signer().verifier()), Err(CheckpointError::Text(_))), "{note}");
    }
}

#[test]
fn origins_are_one_line() {
    for origin in ["", "two\nlines", "tab\there"] {
        assert!(origin.parse::<Origin>().is_err(), "{origin:?}");
    }
    assert_eq!("go.sum database tree".parse::<Origin>().unwrap().as_str(), "go.sum database tree");
}

#[test]
fn mangled_verifier_keys_are_refused() {
    // As golang.org/x/mod/sumdb/note tests it: any part of a key, and any byte of it changed.
    for start in 0..GO_VERIFIER.len() {
        for end in start + 1..=GO_VERIFIER.len() {
            let part = &GO_VERIFIER[start..end];
            assert!(part == GO_VERIFIER || part.parse::<Verifier>().is_err(), "{part}");
        }
    }
    for place in 0..GO_VERIFIER.len() {
        let mut bytes = GO_VERIFIER.as_bytes().to_vec();
        bytes[place] += 1;
        let mangled = String::from_utf8(bytes).unwrap();
        assert!(mangled.parse::<Verifier>().is_err(), "{mangled}");
    }
    for name in ["", "a b", "a+b", "a\u{3000}b", "a\nb"] {
        assert_eq!(Signer::new(name, &[7; 32]).unwrap_err(), KeyError::Name, "{name:?}");
    }
}

#[test]
fn generated_keys_differ_and_are_restored_from_their_seed() {
    let (one, other) = (Signer::generate("a").unwrap(), Signer::generate("a").unwrap());
    assert_ne!(one.seed(), other.seed());
    assert_eq!(Signer::new("a", one.seed()).unwrap().verifier(), one.verifier());
    assert_eq!(one.verifier().to_string().parse(), Ok(one.verifier().clone()));
    assert!(!format!("{one:?}").contains(&format!("{:?}", one.seed())));
}

proptest! {
    #[test]
    fn any_flipped_bit_spoils_the_note(place in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let mut bytes = checkpoint().sign(&signer()).into_bytes();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        if let Ok(note) = String::from_utf8(bytes) {
            prop_assert!(Checkpoint::open(&note, signer().verifier()).is_err());
        }
    }
}
