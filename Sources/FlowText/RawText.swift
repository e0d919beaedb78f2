/// Bytes that need not be UTF-8, in a `String`, which holds Unicode only: the names of files, and the
/// values of parameters.
///
/// A byte that is not UTF-8 stands as the scalar U+10FF00 + byte, of the last private plane. So does each
/// byte of such a scalar, where the bytes have it: the text gives back the same bytes, whatever they are.
package enum RawText {
  private static let base: UInt32 = 0x10FF00
  /// All such scalars begin with it in UTF-8, and few others.
  private static let lead: UInt8 = 0xF4

  package static func text(_ bytes: [UInt8]) -> String {
    if !bytes.contains(lead), let text = String(validating: bytes, as: UTF8.self) { return text }
    var result = ""
    var rest = bytes[...]
    while let first = rest.first {
      if let scalar = scalar(at: rest), byte(of: scalar) == nil {
        result.unicodeScalars.append(scalar)
        rest = rest.dropFirst(UTF8.width(scalar))
      } else {
        result.unicodeScalars.append(standing(for: first))
        rest = rest.dropFirst()
      }
    }
    return result
  }

  /// The text that stands for the UTF-8 of a text which stands for itself.
  package static func standing(for text: String) -> String {
    text.utf8.contains(lead) ? Self.text(Array(text.utf8)) : text
  }

  package static func bytes(_ text: String) -> [UInt8] {
    if !text.utf8.contains(lead) { return Array(text.utf8) }
    return text.unicodeScalars.flatMap { scalar in
      byte(of: scalar).map { [$0] } ?? Array(String(scalar).utf8)
    }
  }

  /// The byte that a scalar stands for; nil for all others.
  package static func byte(of scalar: Unicode.Scalar) -> UInt8? {
    guard scalar.value >= base + 0x80 else { return nil }
    return UInt8(scalar.value - base)
  }

  private static func standing(for byte: UInt8) -> Unicode.Scalar {
    guard let scalar = Unicode.Scalar(base + UInt32(byte)) else {
      preconditionFailure("a scalar of plane 16")
    }
    return scalar
  }

  /// The scalar whose UTF-8 the bytes begin with.
  private static func scalar(at bytes: ArraySlice<UInt8>) -> Unicode.Scalar? {
    for width in 1...4 where width <= bytes.count {
      if let text = String(validating: bytes.prefix(width), as: UTF8.self) {
        return text.unicodeScalars.first
      }
    }
    return nil
  }
}
