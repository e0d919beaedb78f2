import FlowCore
import Glibc

/// The environment of this process, as commands inherit it: bytes, which need not be UTF-8.
struct BaseEnvironment {
  private struct Entry {
    let name: [UInt8]
    /// `NAME=value`.
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
      name = Array(bytes.prefix { $0 != UInt8(ascii: "=") })
      self.bytes = bytes
    }
  }

  private let entries: [Entry]

  init() {
    var entries: [Entry] = []
    var next = unsafe environ
    while let string = unsafe next.pointee {
      let bytes = unsafe UnsafeRawBufferPointer(start: string, count: strlen(string))
      entries.append(Entry(unsafe Array(bytes)))
      unsafe next += 1
    }
    self.entries = entries
  }

  func value(of name: String, with additions: [EnvironmentVariable]) -> String? {
    if let addition = additions.last(where: { $0.name == name }) { return addition.value }
    guard let entry = entries.first(where: { $0.name.elementsEqual(name.utf8) }) else {
      return nil
    }
    return String(decoding: entry.bytes.dropFirst(entry.name.count + 1), as: UTF8.self)
  }

  /// `NAME=value` strings; of variables with one name the last counts.
  func strings(with additions: [EnvironmentVariable]) -> CStringArray {
    var strings = entries.filter { entry in
      !additions.contains { $0.name.utf8.elementsEqual(entry.name) }
    }.map(\.bytes)
    for (index, addition) in additions.enumerated()
    where !additions[(index + 1)...].contains(where: { $0.name == addition.name }) {
      strings.append(Array("\(addition.name)=\(addition.value)".utf8))
    }
    return unsafe CStringArray(strings)
  }
}
