/// A null-terminated array of C strings in two blocks of memory, which the caller frees.
@unsafe
struct CStringArray {
  let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  private let characters: UnsafeMutablePointer<CChar>

  init(_ strings: [[UInt8]]) {
    let byteCount = strings.reduce(0) { $0 + $1.count + 1 }
    unsafe pointers = .allocate(capacity: strings.count + 1)
    unsafe characters = .allocate(capacity: max(byteCount, 1))
    var next = unsafe characters
    for (index, string) in strings.enumerated() {
      unsafe pointers[index] = next
      for byte in string {
        unsafe next.pointee = CChar(bitPattern: byte)
        unsafe next += 1
      }
      unsafe next.pointee = 0
      unsafe next += 1
    }
    unsafe pointers[strings.count] = nil
  }

  func free() {
    unsafe pointers.deallocate()
    unsafe characters.deallocate()
  }
}
