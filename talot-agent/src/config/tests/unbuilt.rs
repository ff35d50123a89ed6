use super::{Config, only_mistake, parse};

#[test]
fn what_is_not_built_is_refused_by_name() {
    only_mistake(
        "kernel.pin_dir = '/run/b'",
        "1: kernel.pin_dir: `[kernel] pin_dir = \"/run/b\"` is not supported by this version",
        "",
    );
    let only = "kernel.pin_dir = '/sys/fs/bpf/talot'\n";
    assert_eq!(parse(only).unwrap(), Config::default());
}
