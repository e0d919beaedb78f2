package import FlowCore
package import FlowStorage

/// Answers to what steps of a run ask: files beside the requests to cancel, `<id in hexadecimal>.answer`.
/// Any process that may write there can leave one, whether an engine drives the run or not. A file has its
/// name when it is whole and durable, and names the event that asked, so an answer that came too late can
/// never be taken for one to a later question. Who answers is the owner of the file.
package struct AnswerRequests<Store: Storage> {
  private let folder: Folder<Store>
  /// The folders above, whose entries a request depends on.
  private let parents: [Folder<Store>]
  /// The names that were read.
  private var seen: Set<String> = []

  private static var version: UInt64 { 1 }
  private static var suffix: String { ".answer" }
  /// More than any answer takes.
  private static var mostBytes: Int64 { Int64(Answer.mostBytesTogether) + 1 << 20 }

  package init(_ run: RunFolder, in storage: Store) {
    folder = Folder(run.requests, in: storage)
    parents = [run.path, run.home].map { Folder($0, in: storage) }
  }

  /// Writes a request. It is durable when this returns.
  package func file(_ filed: FiledAnswer) throws(RunError) {
    var writer = ByteWriter()
    writer.write(Self.version)
    writer.write(count: filed.step)
    writer.write(filed.answer)
    let bytes = writer.bytes
    try wrapping { () throws(StorageError) in
      // Runs of earlier versions have no such folder.
      try folder.makeIfMissing()
      let name = Self.name(filed.answer.id)
      let unfinished = "\(name).new"
      try folder.removeIfPresent(unfinished)
      do throws(StorageError) {
        var file = try folder.open(unfinished, .create)
        try file.write(bytes.span, at: 0)
        try file.sync()
        try file.rename(to: folder.path(of: name))
        try file.close()
      } catch {
        try? folder.removeIfPresent(unfinished)
        throw error
      }
      // The process that created the run or the folder may have died before their names were durable.
      for folder in [folder] + parents { try folder.sync() }
    }
  }

  /// The requests that were not read before, in the order in which they were made.
  package mutating func news() throws(RunError) -> [FiledAnswer] {
    let names = try wrapping { () throws(StorageError) in try folder.namesIfPresent() }
    var found: [FiledAnswer] = []
    for name in names where Self.isName(name) && !seen.contains(name) {
      if let filed = try read(name) { found.append(filed) }
      seen.insert(name)
    }
    return found.sorted {
      ($0.answer.givenAt.microseconds, $0.answer.id) < (
        $1.answer.givenAt.microseconds, $1.answer.id
      )
    }
  }

  /// - Returns: nil for a file that is none, or that this process must not read.
  private func read(_ name: String) throws(RunError) -> FiledAnswer? {
    let bytes: [UInt8]
    let owner: UInt32
    do throws(StorageError) {
      guard let attributes = try Folder(folder.path(of: name), in: folder.storage).attributes(),
        !attributes.isDirectory
      else { return nil }
      owner = attributes.owner
      let file = try folder.open(name, .read)
      let size = try file.size()
      if size > Self.mostBytes { return nil }
      bytes = try file.read(at: 0, count: Int(size))
      try file.close()
    } catch {
      if error.errno == .noSuchFile || error.errno == .permissionDenied { return nil }
      throw .storage(error)
    }
    guard var filed = try? Self.decode(bytes), Self.name(filed.answer.id) == name else {
      return nil
    }
    filed.answer.userID = owner
    return filed
  }

  private static func decode(_ bytes: [UInt8]) throws(CodingError) -> FiledAnswer? {
    var reader = ByteReader(bytes)
    reader.roomForLists = bytes.count * 64
    guard try reader.readUnsigned() == version else { return nil }
    let filed = FiledAnswer(step: try reader.readCount(), try reader.readAnswer())
    return reader.isAtEnd ? filed : nil
  }

  private static func name(_ id: UInt64) -> String {
    let digits = String(id, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits + suffix
  }

  private static func isName(_ name: String) -> Bool {
    guard name.hasSuffix(suffix), let id = UInt64(name.dropLast(suffix.count), radix: 16) else {
      return false
    }
    return self.name(id) == name
  }
}
