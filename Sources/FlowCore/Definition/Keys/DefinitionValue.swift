/// The value of a key of any type, for generic code that uses the tables of keys.
package enum DefinitionValue: Hashable, Sendable {
  /// Absent: the key is optional and has no default.
  case none
  case flag(Bool)
  /// Milliseconds, bytes, thousandths, the raw value of a word, or a count, as the key's type says.
  case number(Int64)
  case text(String)
  case bytes([UInt8])
  case command(Command)
  /// Ordered by name.
  case environment([EnvironmentVariable])
  /// Ordered.
  case names([String])
  case files([VariableFile])
  /// Ordered by name.
  case secrets([SecretUse])
  /// Ordered by name.
  case outputs([StepOutput])
}

/// The type of a key in the definition file, which determines how its value is read, checked and
/// printed.
package enum KeyType: Sendable {
  /// Read by dedicated code, because it links the parts of the definition.
  case structure(expected: String)
  /// An object whose keys are rows of their own.
  case object(example: String)
  /// A non-empty string.
  case text(expected: String)
  case flag
  /// `true`, or a non-empty string. `false` is the same as nothing.
  case flagOrText(expected: String)
  /// In milliseconds.
  case duration(allowsZero: Bool)
  /// In bytes.
  case byteSize
  case wholeNumber(ClosedRange<Int64>)
  /// A number with at most three decimal places, in thousandths.
  case decimal(ClosedRange<Int64>)
  /// One of several words; the number is the word's index.
  case word([String])
  /// A set of words; bit i of the number means word i.
  case words([String])
  /// Ascending, without repetition.
  case exitCodes
  case command
  /// One of `Shell.words`, or a program with arguments; a value is spelled as a command.
  case shell
  case environment
  /// Names of variables: an array, or one by itself.
  case variableNames
  /// Paths of files that a step makes: an array, or one by itself.
  case paths
  /// Files of variables: an array, or one by itself.
  case variableFiles
  /// Names of secrets, or an object of names and forms; one may stand by itself.
  case secrets
  /// Names of outputs, or an object of names and types; one may stand by itself.
  case outputs
}
