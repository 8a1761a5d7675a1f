use crate::{MAX_PACKAGE, MAX_UNREAD, contract};

/// Why a file is not a package. Every message says what is wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// Larger than [`MAX_PACKAGE`].
    #[error("the package has {size} bytes, at most {MAX_PACKAGE} are allowed: build with `strip = true` and leave data files out")]
    TooLarge {
        /// Bytes.
        size: usize,
    },
    /// More than [`MAX_UNREAD`] bytes of sections that are not the package's own.
    #[error(
        "the package is not stripped: it has {size} bytes of sections that the platform does not read, at most {MAX_UNREAD} are allowed, and the \
         largest is `{}`. Build with `strip = true`, as `linli plugin build` does, or run `wasm-tools strip --all` on what it is built from",
        name.escape_debug()
    )]
    NotStripped {
        /// Bytes.
        size: usize,
        /// The largest of them, its name cut to a length.
        name: String,
    },
    /// Neither a component nor a core module.
    #[error("the file is not WebAssembly: upload the `.wasm` that `linli plugin build` wrote to dist/")]
    NotWasm,
    /// A core module, the compiler's output before it becomes a component.
    #[error(
        "the file is a core WebAssembly module, not a component: upload the `.wasm` that `linli plugin build` wrote to dist/, not the one under target/"
    )]
    CoreModule,
    /// Malformed, or valid only with a WebAssembly proposal that the host does not run.
    #[error("invalid WebAssembly at byte {offset}: {reason}; build the plugin anew with `linli plugin build`")]
    Invalid {
        /// Position in the file.
        offset: u64,
        /// The validator's words.
        reason: String,
    },
    /// Imports outside the contract, all of them.
    #[error(
        "the component imports what the platform does not offer: {}; allowed are {}. A plugin has no files, network, environment or WASI",
        names.join(", "), contract::allowed()
    )]
    UnknownImports {
        /// As the component names them.
        names: Vec<String>,
    },
    /// No entry point.
    #[error(
        "the component does not export `linli:platform/handler@0.1.x`: declare its pages and actions with `linli_sdk::plugin!`, or implement the world `linli:platform/plugin`"
    )]
    NoHandler,
    /// A required section is not there.
    #[error("the package has no section `{name}`: build it with `linli plugin build`")]
    MissingSection {
        /// The section's name.
        name: String,
    },
    /// Two sections of one name: which one was reviewed?
    #[error("the package has the section `{name}` more than once: build it anew from a component without parts")]
    DuplicateSection {
        /// The section's name.
        name: String,
    },
    /// A `linli:` section that this version does not know.
    #[error(
        "the package has an unknown section `{name}`: known are `linli:manifest`, `linli:schema/<path>` and `linli:locale/<lang>`; a newer package needs a newer platform"
    )]
    UnknownSection {
        /// The section's name.
        name: String,
    },
    /// A path or language outside `[A-Za-z0-9_.-]`, absolute, or with an empty or dotted step.
    #[error(
        "the section name `{name}` is not allowed: a path consists of letters, digits, `_`, `-`, `.` and single slashes, relative and without `..`"
    )]
    SectionName {
        /// The section's name.
        name: String,
    },
    /// A text that is too long.
    #[error("the section `{name}` has {size} bytes, at most {limit} are allowed: shorten the file it was made from")]
    SectionTooLarge {
        /// The section's name.
        name: String,
        /// Bytes.
        size: usize,
        /// Bytes.
        limit: usize,
    },
    /// Too many schemas and locales.
    #[error("the package has {count} schemas and locales, at most {limit} are allowed: split the plugin")]
    TooManySections {
        /// Schemas and locales together.
        count: usize,
        /// The bound on it.
        limit: usize,
    },
    /// A text that is not text.
    #[error("the section `{name}` is not UTF-8 from byte {offset}: save the file it was made from as UTF-8")]
    NotUtf8 {
        /// The section's name.
        name: String,
        /// Position in the section.
        offset: usize,
    },
}
