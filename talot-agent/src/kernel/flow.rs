//! What kernels before Linux 6.7 ask of the order of instructions (`check_cfg` in
//! kernel/bpf/verifier.c): a loop goes back by a jump, never by running from its last instruction
//! into its first. The compiler is told not to lay out a loop that way (`rust_flags` in
//! xtask/src/bpf_toolchain.rs).

use aya_obj::{Object, generated::bpf_insn};

use super::OBJECT;

const CLASS: u8 = 0x07;
const JUMP: u8 = 0x05;
const JUMP32: u8 = 0x06;
const ALWAYS: u8 = 0x05;
const CALL: u8 = 0x85;
const EXIT: u8 = 0x95;
const LOAD_64: u8 = 0x18;

/// Where control goes from an instruction, in the order in which the kernel follows; and whether by
/// a jump.
fn next(code: &[bpf_insn], at: usize) -> (Vec<usize>, bool) {
    let instruction = code[at];
    let target = || {
        let distance = isize::from(instruction.off) + 1;
        at.checked_add_signed(distance)
            .expect("within the function")
    };
    match instruction.code {
        EXIT => (vec![], true),
        ALWAYS => (vec![target()], true),
        LOAD_64 => (vec![at + 2], false),
        CALL => (vec![at + 1], false),
        other if matches!(other & CLASS, JUMP | JUMP32) => (vec![at + 1, target()], true),
        _ => (vec![at + 1], false),
    }
}

/// The instructions that run into the first one of a loop they are in.
fn run_back(code: &[bpf_insn]) -> Vec<usize> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        No,
        OnTheWay,
        Done,
    }
    let mut seen = vec![Seen::No; code.len()];
    let mut found = Vec::new();
    let mut way = vec![(0, 0)];
    seen[0] = Seen::OnTheWay;
    while let Some((at, followed)) = way.last_mut() {
        let (targets, jumps) = next(code, *at);
        let Some(target) = targets.get(*followed).copied() else {
            seen[*at] = Seen::Done;
            way.pop();
            continue;
        };
        *followed += 1;
        match seen[target] {
            Seen::OnTheWay if !jumps => found.push(*at),
            Seen::No => {
                seen[target] = Seen::OnTheWay;
                way.push((target, 0));
            }
            Seen::OnTheWay | Seen::Done => {}
        }
    }
    found
}

#[test]
fn loops_go_back_by_a_jump() {
    let object = Object::parse(OBJECT).unwrap();
    let names: Vec<&str> = object.functions.values().map(|it| &*it.name).collect();
    assert!(names.contains(&"talot_egress"), "{names:?}");
    for function in object.functions.values() {
        let found = run_back(&function.instructions);
        assert!(
            found.is_empty(),
            "Linux 6.1 refuses {}: {found:?}",
            function.name
        );
    }
}

#[test]
fn a_loop_that_runs_into_its_beginning_is_found() {
    let instruction = |code, off| bpf_insn {
        code,
        off,
        imm: 0,
        _bitfield_align_1: [],
        _bitfield_1: bpf_insn::new_bitfield_1(0, 0),
    };
    let (add, branch) = (0x07, 0x15);
    let rotated = [(ALWAYS, 1), (add, 0), (branch, 1), (ALWAYS, -3), (EXIT, 0)];
    assert_eq!(
        run_back(&rotated.map(|(code, off)| instruction(code, off))),
        [1]
    );
    let straight = [(add, 0), (branch, 1), (ALWAYS, -3), (EXIT, 0)];
    assert!(run_back(&straight.map(|(code, off)| instruction(code, off))).is_empty());
}
