/// What segments are called in their folder.
enum SegmentName {
  static let digits = 8
  static let suffix = ".seg"
  static let unfinished = ".new"
  static let highest: UInt64 = 99_999_999

  static func of(_ number: UInt64) -> String {
    precondition((1...highest).contains(number), "a segment number has eight digits")
    return String(String(highest + 1 + number).dropFirst()) + suffix
  }

  static func path(_ number: UInt64, in directory: String) -> String {
    "\(directory)/\(of(number))"
  }

  /// The number of a segment; nil for any other name.
  static func number(of name: String) -> UInt64? {
    guard name.utf8.count == digits + suffix.utf8.count, name.hasSuffix(suffix) else { return nil }
    let digits = name.utf8.prefix(digits)
    guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return UInt64(Substring(digits)).flatMap { $0 > 0 ? $0 : nil }
  }
}
