//! The access log (访问日志): who read what about whom, why, and whether they were allowed to. Append-only,
//! and built so that a change made behind the host's back is found and named.
//!
//! This crate holds the formats and the arithmetic, and no I/O: the store keeps the rows, the host decides
//! when to sign, the CLI prints the verdict. The same code can therefore verify a log on a machine that has
//! never seen the host.
//!
//! ```text
//! Entry ──encode──▶ body (JSON) + subjects (bitmap) + salt ──leaf──▶ Hash ──push──▶ Frontier ──root──▶ Checkpoint
//!                        │                │                                                        │ sign
//!                        └── stored row ──┴── Block (who is in which rows)                    signed note ◀── witness
//!                                 └────────── Verification, archive, bundle ───────────────────────┘
//! ```
//!
//! | choice | why |
//! |---|---|
//! | an entry names fields, never their values | the log outlives the records and is open to more eyes than they are; it must not become a second copy of them |
//! | body and subjects are two columns | people read the body; the subjects of one bulk read can be a whole district, and as a bitmap they stay small and can be united block by block |
//! | the body counts the subjects | a list of entries needs no bitmap, and a bitmap that was shortened disagrees with its body |
//! | the sequence is under the leaf hash | a row cannot be moved, or passed off as another, with its hash intact |
//! | the leaf holds a salted commitment to the subjects | whoever knows the tree cannot try out who is in it, and a person can be taken out |
//! | an erasure is an entry | who was taken out and where is on the record; whatever else changed is still found |
//! | the body's length is under it too | no byte can be shifted from the body to the commitment |
//! | a frontier, not a stored tree | appending needs one hash per set bit of the size (64 at most), and a restart reads that many, not the log |
//! | RFC 6962 hashing, C2SP checkpoints | any existing witness, monitor or Go program can read, cosign and check them |
//! | verification is fed row by row | a log of any length is checked in constant memory, from a database, a backup or a file |
//! | stored leaves are recomputed, not trusted | a changed row differs from its own leaf and is named exactly; only a writer who changed both is left to the signed roots, which name the range |
//! | subjects are indexed by blocks | a resident's view opens the few blocks that hold them instead of every bitmap in the log |
//!
//! # Errors
//!
//! Every error is an enum whose message says what is wrong and where. Messages hold no personal value, and
//! text taken from a log that may have been tampered with is escaped before it reaches a terminal.

#![deny(missing_docs)]

pub mod archive;
pub mod bundle;
mod checkpoint;
mod cosignature;
mod entry;
mod hash;
mod index;
mod leaf;
mod note;
pub mod proof;
mod stored;
mod subjects;
mod tree;
mod verify;
pub mod witness;

pub use checkpoint::{Checkpoint, CheckpointError, KeyError, Origin, Signer, Verifier};
pub use cosignature::{Cosigner, WitnessKey};
pub use entry::{Access, DecodeError, Encoded, Entry, Erased, Outcome};
pub use hash::{Hash, HashError};
pub use index::{BLOCK_ENTRIES, Block, BlockBuilder, IndexError};
pub use leaf::{SALT, Tally, commitment, leaf, salts};
pub use stored::{Erasure, ErasureError, Stored};
pub use subjects::SubjectsError;
pub use tree::{Frontier, FrontierError};
pub use verify::{Described, Fault, Part, Report, Verification};
