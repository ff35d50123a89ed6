//! The command line of `talot-report`.

use std::process::ExitCode;

fn main() -> ExitCode {
    talot_report::main()
}
