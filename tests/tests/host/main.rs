//! A real host over HTTP and the command line. One binary, so that one prepared street serves all tests.

mod bad_input;
mod entry;
mod hostile;
mod install;
mod log;
mod scope;
mod tour;
