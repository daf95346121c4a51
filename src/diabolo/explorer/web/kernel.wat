;; y_ij += a_i . b_j       a (n, k), b (m, k): rows of float32, one after the other; a row of y begins `step` bytes after the last
;;
;; Four b_j at a time: one load of a serves four products. The caller puts the bias into y first. All places are in bytes.
;; `wat2wasm` of the Python package wasmtime makes kernel.wasm of this file; tests/test_program.py compares the two.

(module
  (import "page" "memory" (memory 1))

  ;; the sum of a number's four lanes
  (func $total (param $s v128) (result f32)
    (f32.add
      (f32.add (f32x4.extract_lane 0 (local.get $s)) (f32x4.extract_lane 1 (local.get $s)))
      (f32.add (f32x4.extract_lane 2 (local.get $s)) (f32x4.extract_lane 3 (local.get $s)))))

  ;; a . b of k numbers
  (func $dot (param $a i32) (param $b i32) (param $k i32) (result f32)
    (local $end i32) (local $s v128) (local $t f32)
    (local.set $end (i32.add (local.get $a) (i32.shl (i32.and (local.get $k) (i32.const -4)) (i32.const 2))))
    (block $done (loop $four
      (br_if $done (i32.ge_u (local.get $a) (local.get $end)))
      (local.set $s (f32x4.add (local.get $s) (f32x4.mul (v128.load (local.get $a)) (v128.load (local.get $b)))))
      (local.set $a (i32.add (local.get $a) (i32.const 16)))
      (local.set $b (i32.add (local.get $b) (i32.const 16)))
      (br $four)))
    (local.set $end (i32.add (local.get $a) (i32.shl (i32.and (local.get $k) (i32.const 3)) (i32.const 2))))
    (block $done (loop $one
      (br_if $done (i32.ge_u (local.get $a) (local.get $end)))
      (local.set $t (f32.add (local.get $t) (f32.mul (f32.load (local.get $a)) (f32.load (local.get $b)))))
      (local.set $a (i32.add (local.get $a) (i32.const 4)))
      (local.set $b (i32.add (local.get $b) (i32.const 4)))
      (br $one)))
    (f32.add (call $total (local.get $s)) (local.get $t)))

  ;; y_0 ... y_3 += a . b_0 ... a . b_3; rows of b are `row` bytes long
  (func $four (param $a i32) (param $b i32) (param $y i32) (param $k i32) (param $row i32)
    (local $end i32) (local $x v128) (local $b1 i32) (local $b2 i32) (local $b3 i32)
    (local $s0 v128) (local $s1 v128) (local $s2 v128) (local $s3 v128)
    (local.set $b1 (i32.add (local.get $b) (local.get $row)))
    (local.set $b2 (i32.add (local.get $b1) (local.get $row)))
    (local.set $b3 (i32.add (local.get $b2) (local.get $row)))
    (local.set $end (i32.add (local.get $a) (i32.shl (i32.and (local.get $k) (i32.const -4)) (i32.const 2))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $a) (local.get $end)))
      (local.set $x (v128.load (local.get $a)))
      (local.set $s0 (f32x4.add (local.get $s0) (f32x4.mul (local.get $x) (v128.load (local.get $b)))))
      (local.set $s1 (f32x4.add (local.get $s1) (f32x4.mul (local.get $x) (v128.load (local.get $b1)))))
      (local.set $s2 (f32x4.add (local.get $s2) (f32x4.mul (local.get $x) (v128.load (local.get $b2)))))
      (local.set $s3 (f32x4.add (local.get $s3) (f32x4.mul (local.get $x) (v128.load (local.get $b3)))))
      (local.set $a (i32.add (local.get $a) (i32.const 16)))
      (local.set $b (i32.add (local.get $b) (i32.const 16)))
      (local.set $b1 (i32.add (local.get $b1) (i32.const 16)))
      (local.set $b2 (i32.add (local.get $b2) (i32.const 16)))
      (local.set $b3 (i32.add (local.get $b3) (i32.const 16)))
      (br $next)))
    (local.set $k (i32.and (local.get $k) (i32.const 3)))  ;; what is left of each row
    (call $plus (local.get $y) (f32.add (call $total (local.get $s0)) (call $dot (local.get $a) (local.get $b) (local.get $k))))
    (call $plus (i32.add (local.get $y) (i32.const 4))
      (f32.add (call $total (local.get $s1)) (call $dot (local.get $a) (local.get $b1) (local.get $k))))
    (call $plus (i32.add (local.get $y) (i32.const 8))
      (f32.add (call $total (local.get $s2)) (call $dot (local.get $a) (local.get $b2) (local.get $k))))
    (call $plus (i32.add (local.get $y) (i32.const 12))
      (f32.add (call $total (local.get $s3)) (call $dot (local.get $a) (local.get $b3) (local.get $k)))))

  (func $plus (param $y i32) (param $t f32)
    (f32.store (local.get $y) (f32.add (f32.load (local.get $y)) (local.get $t))))

  (func (export "products")
    (param $a i32) (param $b i32) (param $y i32) (param $n i32) (param $m i32) (param $k i32) (param $step i32)
    (local $row i32) (local $j i32) (local $bj i32) (local $yj i32)
    (local.set $row (i32.shl (local.get $k) (i32.const 2)))
    (block $end (loop $rows
      (br_if $end (i32.eqz (local.get $n)))
      (local.set $bj (local.get $b))
      (local.set $yj (local.get $y))
      (local.set $j (local.get $m))
      (block $few (loop $fours
        (br_if $few (i32.lt_u (local.get $j) (i32.const 4)))
        (call $four (local.get $a) (local.get $bj) (local.get $yj) (local.get $k) (local.get $row))
        (local.set $bj (i32.add (local.get $bj) (i32.shl (local.get $row) (i32.const 2))))
        (local.set $yj (i32.add (local.get $yj) (i32.const 16)))
        (local.set $j (i32.sub (local.get $j) (i32.const 4)))
        (br $fours)))
      (block $none (loop $ones
        (br_if $none (i32.eqz (local.get $j)))
        (call $plus (local.get $yj) (call $dot (local.get $a) (local.get $bj) (local.get $k)))
        (local.set $bj (i32.add (local.get $bj) (local.get $row)))
        (local.set $yj (i32.add (local.get $yj) (i32.const 4)))
        (local.set $j (i32.sub (local.get $j) (i32.const 1)))
        (br $ones)))
      (local.set $a (i32.add (local.get $a) (local.get $row)))
      (local.set $y (i32.add (local.get $y) (local.get $step)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $rows)))))
