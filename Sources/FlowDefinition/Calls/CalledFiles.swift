/// Finds the files that steps call.
package protocol CalledFiles {
  /// - Parameters:
  ///   - path: as the calling file has it, relative to that file's folder.
  ///   - caller: the calling file.
  func file(
    _ path: String, calledFrom caller: DefinitionPlace
  ) throws(CalledFileError) -> CalledFile
}

/// Where a definition file is.
package struct DefinitionPlace: Equatable, Sendable {
  /// As messages name it.
  package let name: String
  /// Absolute and without links: the same for the same file. Empty for a stream.
  package let path: String
  /// Of what it names.
  package let folder: String

  package init(name: String, path: String, folder: String) {
    self.name = name
    self.path = path
    self.folder = folder
  }
}

/// A definition file that a step calls.
package struct CalledFile {
  package let bytes: [UInt8]
  package let place: DefinitionPlace

  package init(bytes: [UInt8], place: DefinitionPlace) {
    self.bytes = bytes
    self.place = place
  }
}

/// Why a file cannot be called.
package struct CalledFileError: Error {
  /// As after `cannot be read:`.
  package let message: String

  package init(message: String) {
    self.message = message
  }
}

/// For definitions that come without files.
package struct NoCalledFiles: CalledFiles {
  package init() {}

  package func file(
    _ path: String, calledFrom caller: DefinitionPlace
  ) throws(CalledFileError) -> CalledFile {
    throw CalledFileError(message: "no other file can be read here")
  }
}
