// The file of a manifest. Numbers have their lowest byte first; a text is its byte count (4 bytes) and its
// bytes (paths as `String` has them, which FlowText makes of bytes that are no UTF-8).
//
//     8  "flowfile"
//     4  version
//     8  the size of the whole file
//     8  number of entries
//        folder (text)
//        entries: kind (1: file, 2: folder, 3: link), mode (2), path (text),
//                 of a file: size (8), digest (32); of a link: its target (text)
//     8  checksum (64-bit FNV-1a) of all bytes before it
//
// Title, version, size and checksum stay where they are in every version: so any version can tell a newer
// manifest from a damaged one. A manifest has exactly one encoding.

extension Manifest {
  private static let title = Array("flowfile".utf8)
  private static let version: UInt32 = 1
  private static let headerSize = 28
  private static let checksumSize = 8

  package enum DecodingError: Error, Hashable, Sendable {
    case damaged
    /// Written by a later version.
    case newer
  }

  private enum Kind: UInt8 {
    case file = 1
    case folder, link
  }

  package func encoded() -> [UInt8] {
    var body: [UInt8] = []
    body.append(text: folder)
    for entry in entries {
      switch entry.content {
      case .file: body.append(Kind.file.rawValue)
      case .folder: body.append(Kind.folder.rawValue)
      case .link: body.append(Kind.link.rawValue)
      }
      body.append(number: entry.mode)
      body.append(text: entry.path)
      switch entry.content {
      case .file(let size, let digest):
        body.append(number: UInt64(size))
        body += digest.bytes
      case .folder: break
      case .link(let target): body.append(text: target)
      }
    }
    var bytes = Self.title
    bytes.append(number: Self.version)
    bytes.append(number: UInt64(Self.headerSize + body.count + Self.checksumSize))
    bytes.append(number: UInt64(entries.count))
    bytes += body
    bytes.append(number: Checksum.of(bytes))
    return bytes
  }

  package static func decode(_ bytes: [UInt8]) throws(DecodingError) -> Manifest {
    var reader = ByteReader(rest: bytes[...])
    guard try reader.bytes(title.count).elementsEqual(title) else { throw .damaged }
    let version: UInt32 = try reader.number()
    let size: UInt64 = try reader.number()
    guard size == UInt64(bytes.count), bytes.count >= headerSize + checksumSize else {
      throw .damaged
    }
    let checksum = Checksum.of(bytes.dropLast(checksumSize))
    var end = ByteReader(rest: bytes.suffix(checksumSize))
    guard try end.number() == checksum else { throw .damaged }
    if version > Self.version { throw .newer }

    let count: UInt64 = try reader.number()
    reader.rest = reader.rest.dropLast(checksumSize)
    let folder = try reader.text()
    var entries: [Entry] = []
    while !reader.rest.isEmpty { entries.append(try reader.entry()) }
    let isAscending = zip(entries, entries.dropFirst()).allSatisfy { before, after in
      before.path.utf8.lexicographicallyPrecedes(after.path.utf8)
    }
    guard version == Self.version, count == UInt64(entries.count), isAscending else {
      throw .damaged
    }
    return Manifest(of: entries, in: folder)
  }

  private struct ByteReader {
    var rest: ArraySlice<UInt8>

    mutating func bytes(_ count: Int) throws(DecodingError) -> ArraySlice<UInt8> {
      guard count <= rest.count else { throw .damaged }
      defer { rest = rest.dropFirst(count) }
      return rest.prefix(count)
    }

    mutating func number<Number: FixedWidthInteger>() throws(DecodingError) -> Number {
      try bytes(Number.bitWidth / 8).reversed().reduce(0) { $0 << 8 | Number($1) }
    }

    mutating func text() throws(DecodingError) -> String {
      let count: UInt32 = try number()
      guard let text = String(validating: try bytes(Int(count)), as: UTF8.self) else {
        throw .damaged
      }
      return text
    }

    mutating func entry() throws(DecodingError) -> Entry {
      let number: UInt8 = try number()
      guard let kind = Kind(rawValue: number) else { throw .damaged }
      let mode: UInt16 = try self.number()
      let path = try text()
      switch kind {
      case .file:
        let size: UInt64 = try self.number()
        guard let size = Int64(exactly: size) else { throw .damaged }
        let digest = Digest(Array(try bytes(Digest.byteCount)))
        return Entry(path: path, content: .file(size: size, digest), mode: mode)
      case .folder: return Entry(path: path, content: .folder, mode: mode)
      case .link: return Entry(path: path, content: .link(target: try text()), mode: mode)
      }
    }
  }
}

/// 64-bit FNV-1a.
enum Checksum {
  static func of(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}

extension [UInt8] {
  fileprivate mutating func append(number: some FixedWidthInteger) {
    for shift in stride(from: 0, to: number.bitWidth, by: 8) {
      append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }

  fileprivate mutating func append(text: String) {
    append(number: UInt32(text.utf8.count))
    self += text.utf8
  }
}
