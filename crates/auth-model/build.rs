//! Switches on the module `model` of `auth-core`'s source, for this crate alone.

fn main() {
    println!("cargo::rustc-cfg=auth_model");
    // Features of `auth-core`, which the model has not.
    println!("cargo::rustc-check-cfg=cfg(feature, values(any()))");
    println!("cargo::rerun-if-changed=build.rs");
}
