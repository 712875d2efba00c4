//! Snippets of machine code, and code that the compiler makes.

use super::*;
use crate::Target;

/// A function of hexadecimal bytes, with assembly behind `;`.
fn function(text: &str) -> Function {
    let bytes = text.lines().flat_map(|line| line.split(';').next().unwrap().split_whitespace());
    let bytes: Vec<u8> = bytes.map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect();
    Function::decode(&bytes).unwrap()
}

fn code(text: &str) -> MachineCode {
    MachineCode { functions: vec![function(text)], features: vec![] }
}

const SPILLS: &str = "
    c5 fc 11 5c 24 20           ; vmovups %ymm3, 32(%rsp)
    c4 e3 7d 19 24 24 01        ; vextractf128 $1, %ymm4, (%rsp)
    48 89 54 24 08              ; movq %rdx, 8(%rsp)
    48 01 44 24 40              ; addq %rax, 64(%rsp)
    c5 fc 58 4c 24 20           ; vaddps 32(%rsp), %ymm0, %ymm1
    c5 f8 28 14 24              ; vmovaps (%rsp), %xmm2
    48 8b 44 24 40              ; movq 64(%rsp), %rax
    48 c7 44 24 48 00 00 00 00  ; movq $0, 72(%rsp)
    48 8b 4c 24 48              ; movq 72(%rsp), %rcx
    c5 fc 11 6f 20              ; vmovups %ymm5, 32(%rdi)
    c5 fc 10 6f 20              ; vmovups 32(%rdi), %ymm5
    53                          ; pushq %rbx
    5b                          ; popq %rbx
";

#[test]
fn spills_are_stores_of_registers_to_the_stack_that_are_read_back() {
    // The first two, and the sum.
    assert_eq!(function(SPILLS).spills(), 3);
    let without_reads: String =
        SPILLS.lines().filter(|line| !line.contains("(%rsp), ")).map(|l| l.to_owned() + "\n").collect();
    assert_eq!(function(&without_reads).spills(), 0);
}

const FRAME: &str = "
    48 89 e5        ; movq %rsp, %rbp
    c5 fc 11 45 c0  ; vmovups %ymm0, -64(%rbp)
    c5 fc 10 45 c0  ; vmovups -64(%rbp), %ymm0
";

#[test]
fn the_stack_is_reached_by_a_frame_pointer_too() {
    assert_eq!(function(FRAME).spills(), 1);
    let (_, without) = FRAME.split_once("%rbp").unwrap();
    assert_eq!(function(&format!(";{without}")).spills(), 0);
}

const REGISTERS: &str = "
    c5 f8 29 1f        ; vmovaps %xmm3, (%rdi)
    c5 e4 58 db        ; vaddps %ymm3, %ymm3, %ymm3
    c5 f8 92 c8        ; kmovw %eax, %k1
    62 f1 74 41 58 db  ; vaddps %zmm3, %zmm17, %zmm3 {%k1}
    c4 e2 6d 92 0c bf  ; vgatherdps %ymm2, (%rdi,%ymm7,4), %ymm1
    2e 66 0f 1f 04 00  ; nopw %cs:0x0(%rax,%rax,1)
    c5 f8 77           ; vzeroupper
    48 83 c0 01        ; addq $1, %rax
    c3                 ; retq
";

#[test]
fn registers_of_all_widths_are_one_and_padding_is_no_instruction() {
    // Numbers 3, 17, 2, 7 and 1; masks are no vectors.
    assert_eq!(code(REGISTERS).numbers(), Code { registers: 5, spills: 0, instructions: 8, code_bytes: 38 });
}

const LOOPS: &str = "
    31 c9              ; xorl %ecx, %ecx
    ; .Lo:
    31 c0              ; xorl %eax, %eax
    ; .Li:
    c5 fa 59 0c 07     ; vmulss (%rdi,%rax), %xmm0, %xmm1
    48 83 c0 04        ; addq $4, %rax
    48 39 d0           ; cmpq %rdx, %rax
    75 f2              ; jne .Li
    31 c0              ; xorl %eax, %eax
    ; .Lm:
    c5 fc 10 04 07     ; vmovups (%rdi,%rax), %ymm0
    c4 e2 7d b8 0c 06  ; vfmadd231ps (%rsi,%rax), %ymm0, %ymm1
    48 83 c0 20        ; addq $32, %rax
    48 39 d0           ; cmpq %rdx, %rax
    75 ec              ; jne .Lm
    ; .Lc:
    4e 8b 0c 07        ; movq (%rdi,%r8), %r9
    4e 89 0c 06        ; movq %r9, (%rsi,%r8)
    4e 8b 4c 07 08     ; movq 8(%rdi,%r8), %r9
    4e 89 4c 06 08     ; movq %r9, 8(%rsi,%r8)
    49 83 c0 10        ; addq $16, %r8
    75 e8              ; jne .Lc
    48 ff c1           ; incq %rcx
    72 bd              ; jb .Lo
    75 bb              ; jne .Lo
    ; .La:
    c5 ec 58 d2        ; vaddps %ymm2, %ymm2, %ymm2
    c5 ec 58 d2        ; vaddps %ymm2, %ymm2, %ymm2
    c5 ec 58 d2        ; vaddps %ymm2, %ymm2, %ymm2
    49 83 c2 01        ; addq $1, %r10
    75 ee              ; jne .La
    c3                 ; retq
";

#[test]
fn the_deepest_loop_with_the_most_arithmetic_is_taken() {
    let text = code(LOOPS).innermost_loop();
    let names: Vec<&str> = text.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, ["vmovups", "vfmadd231ps", "add", "cmp", "jne"], "{text}");
}

#[test]
fn code_without_loops_is_one_iteration() {
    assert_eq!(code(FRAME).innermost_loop().lines().count(), 3);
    let longest = MachineCode { functions: vec![function(FRAME), function(SPILLS)], features: vec![] };
    assert_eq!(longest.innermost_loop(), code(SPILLS).innermost_loop());
    assert_eq!(MachineCode { functions: vec![], features: vec![] }.innermost_loop(), "");
}

#[test]
fn what_is_no_instruction_is_refused() {
    let error = Function::decode(&[0xc3, 0x06, 0x90]).err().unwrap();
    assert_eq!(error.fault(), Fault::Unsupported);
    assert!(error.to_string().contains("[06, 90]"), "{error}");
}

const PRODUCT: &str = "hwk.kernel @product(%a: tensor<48x64xf32>, %b: tensor<64x64xf32>) -> (tensor<48x64xf32>) {
    %0 = hwc.matmul %a, %b : (tensor<48x64xf32>, tensor<64x64xf32>) -> tensor<48x64xf32>
    hwk.yield %0 : tensor<48x64xf32> }";

#[test]
fn kernels_have_their_functions_and_no_others() {
    let options = Options::new().target(Target::cpu("x86-64-v3"));
    let code = MachineCode::of(PRODUCT, &options).unwrap();
    let numbers = code.numbers();
    assert!((8..=16).contains(&numbers.registers) && numbers.spills == 0, "{numbers:?}");
    assert!(numbers.instructions * 2 < numbers.code_bytes && numbers.code_bytes < 16 * numbers.instructions);
    assert!(code.innermost_loop().contains("vfmadd231ps"), "{}", code.innermost_loop());
    // However it is kept, and again.
    assert_eq!(MachineCode::of(PRODUCT, &options.one_object()).unwrap().numbers(), numbers);
}

#[test]
fn extensions_count_where_they_are_used() {
    let of = |cpu: &str| MachineCode::of(PRODUCT, &Options::new().target(Target::cpu(cpu))).unwrap();
    let (old, wide) = (of("x86-64-v2"), of("sapphirerapids"));
    assert!(!old.used_features().iter().any(|feature| feature.starts_with("avx")), "{:?}", old.used_features());
    let used = wide.used_features();
    assert!(used.contains(&"avx512f") && !used.contains(&"amx-tile") && !used.contains(&"avx512fp16"), "{used:?}");
}
