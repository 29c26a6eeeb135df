//! Makes sure the folder of the built web client is there to be embedded, if only empty, so that the server builds
//! without Node.js; it then serves a page that says so.

use std::path::Path;

fn main() {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist");
    if let Err(error) = std::fs::create_dir_all(&dist) {
        println!("cargo::warning=web/dist could not be made: {error}");
    }
    println!("cargo::rerun-if-changed=../../web/dist");
}
