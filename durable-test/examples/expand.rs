//! Prints the generated code of one workflow: `cargo run -p durable-test --example expand -- FILE FUNCTION`.

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, function] = &args[..] else {
        eprintln!("usage: expand FILE FUNCTION");
        std::process::exit(2);
    };
    match durable_test::try_expanded(file, function) {
        Ok(code) => println!("{code}"),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}
