//! Lists the changes in tests/evolution: a macro cannot know the names that others have used.

use std::{env, fs, path::Path};

fn main() {
    let folder = Path::new("../evolution");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut list = String::from("with_changes! {\n");
    for file in ["structs", "enums", "values", "locals", "points", "migrations"] {
        let source = fs::read_to_string(folder.join(file).with_extension("rs")).expect("a file with changes");
        for change in source.split("\nchange! {").skip(1) {
            let name = change.split(':').next().unwrap_or_default();
            let name = name.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("///"));
            list += &format!("    {file}::{}\n", name.expect("a change has a name"));
        }
    }
    let out = env::var_os("OUT_DIR").expect("cargo gives it");
    fs::write(Path::new(&out).join("changes.rs"), list + "}\n").expect("cargo's folder is writable");
}
