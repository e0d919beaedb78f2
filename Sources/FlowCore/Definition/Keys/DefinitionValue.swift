/// The value of a key, whatever its type: what the generic users of the tables of keys pass around.
package enum DefinitionValue: Hashable, Sendable {
  /// Not given, where a key may be left out and has no default.
  case none
  case flag(Bool)
  /// Milliseconds, bytes, thousandths, the raw value of a word, or a count, as the key's type says.
  case number(Int64)
  case text(String)
  case bytes([UInt8])
  case command(Command)
  /// Ordered by name.
  case environment([EnvironmentVariable])
}

/// What a key takes in the definition file, and so how its value is read, checked and printed.
package enum KeyType: Sendable {
  /// Read by code of its own, since it says how the parts of the definition hang together.
  case structure(expected: String)
  /// An object whose keys are rows of their own.
  case object(example: String)
  /// A text that is not empty.
  case text(expected: String)
  case flag
  /// In milliseconds.
  case duration(allowsZero: Bool)
  /// In bytes.
  case byteSize
  case wholeNumber(ClosedRange<Int64>)
  /// A number with at most three decimal places, in thousandths.
  case decimal(ClosedRange<Int64>)
  /// One of some words; the number is the word's index.
  case word([String])
  /// Some of some words; bit i of the number stands for word i.
  case words([String])
  /// Ascending, without repetition.
  case exitCodes
  case command
  case environment
}
