/// The names of runs.
package enum RunID {
  /// Whether a name can be a run's: it is a file name of its own and needs no quoting.
  package static func isValid(_ name: String) -> Bool {
    guard (1...128).contains(name.utf8.count), let first = name.utf8.first,
      isAlphanumeric(first)
    else { return false }
    return name.utf8.allSatisfy { isAlphanumeric($0) || "._-".utf8.contains($0) }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }
}
