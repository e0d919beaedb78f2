/// Hands out the values of a text piece by piece, each with its offset, without building a tree.
///
/// The caller walks the values: it asks for the `kind` of the next one, then takes it with the
/// matching function. What it is told of a value is the same in whichever spelling the text is.
protocol ValueSource {
  /// What the content of a `TextToken` lies in. It begins with the text.
  var bytes: [UInt8] { get }

  /// The length of the text in them.
  var textLength: Int { get }

  /// A string, as messages ask for one where people would write a number.
  static var stringOrNumber: String { get }

  /// The offset of the next value, or of the end of its array.
  mutating func nextOffset() throws(SyntaxError) -> Int

  /// The kind of the next value, which is not taken.
  /// - Parameter wanted: what its key takes, `true` for both booleans. It decides in a spelling
  ///   whose scalars have no type of their own.
  mutating func kind(wanted: ValueKind?) throws(SyntaxError) -> ValueKind

  /// The next value as messages name it, which is of another kind than the one that is wanted.
  func description(of found: ValueKind, wanted: ValueKind) -> String

  /// What is wrong beside the value whose kind was just asked for.
  mutating func takeFaults() -> [TextFault]

  /// Enters the object or array that `kind` has seen.
  mutating func begin() throws(SyntaxError)

  /// Takes the next key of the innermost object; nil when the object has ended.
  mutating func nextKey() throws(SyntaxError) -> TextToken?

  /// Whether the innermost array has another element; if not, it has ended.
  mutating func nextElement() throws(SyntaxError) -> Bool

  /// Takes the string that `kind` has seen.
  mutating func takeString() throws(SyntaxError) -> TextToken

  /// Takes the number that `kind` has seen.
  mutating func takeNumber() throws(SyntaxError) -> TextToken

  /// Takes what `kind` has seen, if it is none of the above.
  mutating func takeLiteral()

  /// Checks that nothing follows the outermost value.
  mutating func end() throws(SyntaxError)
}

extension ValueSource {
  func description(of found: ValueKind, wanted: ValueKind) -> String { found.description }

  mutating func takeFaults() -> [TextFault] { [] }
}

/// The kind of a value; its description is its name in messages.
enum ValueKind: CustomStringConvertible {
  case object, array, string, number, `true`, `false`, null
  /// Unknown, because of a fault that is reported by itself.
  case faulty

  var description: String {
    switch self {
    case .object: "an object"
    case .array: "an array"
    case .string: "a string"
    case .number: "a number"
    case .true: "true"
    case .false: "false"
    case .null: "null"
    case .faulty: "a faulty value"
    }
  }
}

/// A string, a key or a number, checked but not yet decoded.
struct TextToken {
  /// Where its text is in the source's bytes.
  var content: Range<Int>
  /// Where it begins in the file.
  var offset: Int
  /// Without an escape the content is the text.
  var hasEscapes = false
  /// A key that has no text: a fault says why.
  var isNameless = false
  /// The first error in it. Its end is known nevertheless.
  var fault: TextFault?
}

/// An object, since a token is copied far more often than it has a fault.
final class TextFault: Sendable {
  /// In bytes from the start of the file.
  let offset: Int
  let message: String

  init(offset: Int, message: String) {
    self.offset = offset
    self.message = message
  }
}

/// The text does not follow the grammar; nothing after that position can be parsed.
struct SyntaxError: Error {
  /// In bytes from the start of the file.
  let offset: Int
  let message: String
  let related: RelatedPlace?

  init(at offset: Int, _ message: String, _ related: RelatedPlace? = nil) {
    self.offset = offset
    self.message = message
    self.related = related
  }
}
