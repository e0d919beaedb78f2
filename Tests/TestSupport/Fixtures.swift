import Glibc

/// Files under `Fixtures/` of the package.
package enum Fixtures {
  /// The folder `Fixtures`, without a slash at the end.
  package static let root =
    String(
      #filePath.prefix(#filePath.utf8.count - "Tests/TestSupport/Fixtures.swift".utf8.count)
    ) + "Fixtures"

  /// The names of the files in a folder under `root` that end with `suffix`, without it, sorted.
  package static func names(in folder: String, endingWith suffix: String) -> [String] {
    guard let directory = unsafe opendir("\(root)/\(folder)") else {
      preconditionFailure("no folder \(root)/\(folder)")
    }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
        unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasSuffix(suffix) { names.append(String(name.dropLast(suffix.count))) }
    }
    return names.sorted()
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
}
