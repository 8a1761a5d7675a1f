//! A real host over HTTP and the command line. One binary, so that one prepared street serves all tests.

mod hostile;
