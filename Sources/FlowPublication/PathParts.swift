/// Paths as the system has them: bytes with slashes. Characters of a `String` can span a slash and the mark
/// behind it.
package enum PathParts {
  private static let slash = UInt8(ascii: "/")

  /// The names between slashes; empty ones, too.
  static func names(of path: String) -> [String] {
    path.utf8.split(separator: slash, omittingEmptySubsequences: false).map {
      String(Substring($0))
    }
  }

  /// The folders that a relative path goes through, the outermost first: `a`, `a/b` of `a/b/c`.
  static func parents(of path: String) -> [String] {
    path.utf8.indices.filter { path.utf8[$0] == slash }.map { String(path[..<$0]) }
  }

  static func isAbsolute(_ path: String) -> Bool { path.utf8.first == slash }

  /// Whether an absolute path is a folder's or in it; both are without links.
  package static func isWithin(_ folder: String, _ path: String) -> Bool {
    folder == "/" || path.utf8.elementsEqual(folder.utf8)
      || path.utf8.starts(with: "\(folder)/".utf8)
  }

  package static func joined(_ folder: String, _ name: String) -> String {
    folder == "/" ? "/\(name)" : "\(folder)/\(name)"
  }

  /// Each once, those in a folder before it.
  static func bottomUp(_ paths: [String]) -> [String] {
    let sorted = paths.sorted { $1.utf8.lexicographicallyPrecedes($0.utf8) }
    return zip([nil] + sorted.map(Optional.some), sorted).compactMap { before, path in
      before.map { $0.utf8.elementsEqual(path.utf8) } == true ? nil : path
    }
  }
}

/// A path that a step declares.
struct DeclaredPath {
  /// As the step writes it.
  let text: String
  /// Without the slash at the end.
  let path: String
  let isFolder: Bool

  init(_ text: String) {
    self.text = text
    isFolder = text.utf8.last == UInt8(ascii: "/")
    path = isFolder ? String(text.utf8.dropLast()) ?? "" : text
  }

  /// Whether it names something in the step's folder, and not what flow has there itself.
  var isValid: Bool {
    let names = PathParts.names(of: path)
    return names.first != Stage.folder && names.allSatisfy { !["", ".", ".."].contains($0) }
  }
}

package enum Stage {
  /// The folder in which the stages of steps are, within their working folder.
  package static let folder = ".flow-stage"
}
