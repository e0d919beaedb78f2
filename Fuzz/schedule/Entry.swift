import FlowFuzzing

/// What libFuzzer calls with one input after the other.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  unsafe FuzzTarget.schedule.test(UnsafeBufferPointer(start: bytes, count: count))
  return 0
}
