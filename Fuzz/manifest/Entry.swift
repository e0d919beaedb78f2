import FlowFuzzing

/// libFuzzer calls this with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  unsafe FuzzTarget.manifest.test(UnsafeBufferPointer(start: bytes, count: count))
  return 0
}
