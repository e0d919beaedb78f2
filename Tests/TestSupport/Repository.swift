import Glibc

/// The package's own files.
package enum Repository {
  /// The package's folder, without a slash at the end.
  package static let root = String(#filePath.dropLast("/Tests/TestSupport/Repository.swift".count))

  /// The path of an executable that was built together with the tests.
  package static func built(_ name: String) -> String {
    guard let bundle = CommandLine.arguments.first(where: { $0.hasSuffix(".xctest") }),
      let slash = bundle.lastIndex(of: "/")
    else { return "\(root)/.build/debug/\(name)" }
    return "\(bundle[..<slash])/\(name)"
  }

  package struct Entry: Sendable {
    package let name: String
    /// Relative to `root`.
    package let path: String
    package let isFolder: Bool
    /// Whether its owner may run it.
    package let isExecutable: Bool
  }

  /// What is directly in a folder, sorted by name; hidden entries are left out.
  ///
  /// - Parameter folder: relative to `root`; empty for `root` itself.
  package static func entries(in folder: String) -> [Entry] {
    names(in: folder).map { name in
      let path = folder.isEmpty ? name : "\(folder)/\(name)"
      var status = stat()
      let result = unsafe lstat("\(root)/\(path)", &status)
      precondition(result == 0, "cannot look at \(path): error \(errno)")
      return Entry(
        name: name, path: path, isFolder: status.st_mode & S_IFMT == S_IFDIR,
        isExecutable: status.st_mode & S_IXUSR != 0)
    }
  }

  /// The paths of all files under the folders, those in folders within them included. A folder that
  /// is not there has none.
  package static func files(under folders: String...) -> [String] {
    var files: [String] = []
    var pending = folders
    while let folder = pending.popLast() {
      for entry in entries(in: folder) {
        if entry.isFolder { pending.append(entry.path) } else { files.append(entry.path) }
      }
    }
    return files.sorted()
  }

  /// The bytes of a file, by its path under `root`.
  package static func read(_ path: String) -> [UInt8] {
    guard let file = unsafe fopen("\(root)/\(path)", "r") else {
      preconditionFailure("cannot read \(root)/\(path): error \(errno)")
    }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = unsafe fread(&buffer, 1, buffer.count, file)
      if count == 0 { return bytes }
      bytes += buffer[..<count]
    }
  }

  /// The lines of a text file, by its path under `root`.
  package static func lines(of path: String) -> [Substring] {
    String(decoding: read(path), as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false)
  }

  private static func names(in folder: String) -> [String] {
    guard let directory = unsafe opendir("\(root)/\(folder)") else { return [] }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
        unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }
}
