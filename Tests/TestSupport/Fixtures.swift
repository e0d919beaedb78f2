/// Files under `Fixtures/` of the package.
package enum Fixtures {
  /// The folder `Fixtures`, without a slash at the end.
  package static let root = "\(Repository.root)/Fixtures"

  /// The names of the files in a folder under `root` that end with `suffix`, without it, sorted.
  package static func names(in folder: String, endingWith suffix: String) -> [String] {
    let entries = Repository.entries(in: "Fixtures/\(folder)")
    precondition(!entries.isEmpty, "nothing in \(root)/\(folder)")
    return entries.map(\.name).filter { $0.hasSuffix(suffix) }
      .map { String($0.dropLast(suffix.count)) }
  }

  /// The bytes of a file, by its path under `root`.
  package static func read(_ path: String) -> [UInt8] {
    Repository.read("Fixtures/\(path)")
  }
}
