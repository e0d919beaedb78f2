package import FlowStorage
import FlowText
import Glibc

/// Makes a system call that fails with -1 and errno, and repeats it if a signal interrupts it.
package func systemCall<Result: SignedInteger>(
  _ body: () -> Result
) throws(Errno) -> Result {
  while true {
    let result = body()
    if result != -1 { return result }
    if errno != EINTR { throw Errno(rawValue: errno) }
  }
}

/// A path as the system takes it: bytes (`RawText`).
package func cPath(_ path: String) -> [CChar] {
  RawText.bytes(path).map(CChar.init(bitPattern:)) + [0]
}

/// A path, or another name, of the system.
@unsafe
func pathText(_ path: UnsafePointer<CChar>) -> String {
  RawText.text(unsafe (0..<strlen(path)).map { unsafe UInt8(bitPattern: path[$0]) })
}

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
