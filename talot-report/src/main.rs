//! `talot-report`.

use std::process::ExitCode;

/// Arrow allocates and frees large buffers for every file: glibc gives them back to the kernel each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    talot_report::main()
}
