import FlowCore
import Glibc

/// The environment of this process, as commands inherit it.
struct BaseEnvironment {
  private struct Entry {
    let name: String
    let string: String
  }

  private let entries: [Entry]

  init() {
    var entries: [Entry] = []
    var next = unsafe environ
    while let string = unsafe next.pointee {
      let text = unsafe String(cString: string)
      let name = text.utf8.prefix { $0 != UInt8(ascii: "=") }
      entries.append(Entry(name: String(Substring(name)), string: text))
      unsafe next += 1
    }
    self.entries = entries
  }

  func value(of name: String, with additions: [EnvironmentVariable]) -> String? {
    if let addition = additions.last(where: { $0.name == name }) { return addition.value }
    guard let entry = entries.first(where: { $0.name == name }) else { return nil }
    return String(entry.string.dropFirst(name.count + 1))
  }

  /// `NAME=value` strings; of variables with one name the last counts.
  func strings(with additions: [EnvironmentVariable]) -> CStringArray {
    var strings = entries.filter { entry in !additions.contains { $0.name == entry.name } }
      .map(\.string)
    for (index, addition) in additions.enumerated()
    where !additions[(index + 1)...].contains(where: { $0.name == addition.name }) {
      strings.append("\(addition.name)=\(addition.value)")
    }
    return unsafe CStringArray(strings)
  }
}

/// A null-terminated array of C strings, in one block of memory; freed by hand.
@unsafe
struct CStringArray {
  let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  private let characters: UnsafeMutablePointer<CChar>

  init(_ strings: [String]) {
    let byteCount = strings.reduce(0) { $0 + $1.utf8.count + 1 }
    unsafe pointers = .allocate(capacity: strings.count + 1)
    unsafe characters = .allocate(capacity: max(byteCount, 1))
    var next = unsafe characters
    for (index, string) in strings.enumerated() {
      unsafe pointers[index] = next
      for byte in string.utf8 {
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
