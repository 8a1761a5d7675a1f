//! The binary carries the SDK and the template: a change there is a change here.

fn main() {
    println!("cargo::rerun-if-changed=../../sdk");
    println!("cargo::rerun-if-changed=../../schemas/wit");
}
