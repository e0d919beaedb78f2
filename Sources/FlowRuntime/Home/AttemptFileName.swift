/// The name of a file of an attempt: `<step>@<number>.<suffix>`.
///
/// Unambiguous, since no step id contains `@` or `+`. The `/` in the id of a step of a called workflow is
/// a `+` there.
package struct AttemptFileName: Equatable {
  static let output = "out"
  static let record = "rec"
  static let script = "script"
  /// What of the output is being overwritten, since it is a secret.
  static let mask = "mask"
  /// The folder in which the command leaves what its step declares, and the monitor's copy of that.
  static let put = "put"
  static let outputs = "outputs"
  /// What the attempt has put out, as files for those that need it, and what it gets of others.
  static let values = "values"
  static let inputs = "inputs"
  /// What has been published of the files that the attempt made, and the path of the folder where it made them.
  static let manifest = "manifest"
  static let stage = "stage"
  /// What was found in the cache before its command ran.
  static let cache = "cache"
  /// A script on its way to its name.
  static let unfinishedScript = "new"

  /// Whether a manifest was to get that name beside its own, until it is complete.
  static func isUnfinishedManifest(_ name: String) -> Bool {
    let parts = name.split(separator: ".")
    return parts.count > 2 && parts[parts.count - 2] == Self.manifest
  }

  package let stepID: String
  package let number: Int32
  let suffix: String

  init(ofStep id: String, attempt number: Int32, suffix: String) {
    stepID = id
    self.number = number
    self.suffix = suffix
  }

  /// Nil if no attempt has a file of that name.
  init?(_ name: String) {
    let parts = name.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty else { return nil }
    let rest = parts[1].split(separator: ".", omittingEmptySubsequences: false)
    guard rest.count == 2, let number = Int32(rest[0]), number > 0, String(number) == rest[0]
    else { return nil }
    stepID = Self.replacing(UInt8(ascii: "+"), by: UInt8(ascii: "/"), in: String(parts[0]))
    self.number = number
    suffix = String(rest[1])
  }

  package var text: String {
    let step = Self.replacing(UInt8(ascii: "/"), by: UInt8(ascii: "+"), in: stepID)
    return "\(step)@\(number).\(suffix)"
  }

  private static func replacing(_ byte: UInt8, by other: UInt8, in text: String) -> String {
    guard text.utf8.contains(byte) else { return text }
    return String(decoding: text.utf8.map { $0 == byte ? other : $0 }, as: UTF8.self)
  }
}
