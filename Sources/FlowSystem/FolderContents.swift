import CLinux
package import FlowStorage
import Glibc

/// How much is in a folder, and what two folders differ in. Links are never followed.
package enum FolderContents {
  package struct Size: Equatable, Sendable {
    package var bytes: Int64 = 0
    /// Files, links and folders below it.
    package var entries = 0
    /// Links that lead to something outside of it, relative to it.
    package var linksOut: [String] = []
  }

  /// - Parameters:
  ///   - folder: without links.
  ///   - excluded: an absolute path in it that does not count, nor what is in it.
  /// - Throws: the error of what cannot be read, with its path.
  package static func size(
    of folder: String, without excluded: String? = nil
  ) throws(StorageError) -> Size {
    var size = Size()
    var folders = [folder]
    while let next = folders.popLast() {
      for name in try names(in: next) {
        let path = "\(next)/\(name)"
        if let excluded, excluded.utf8.elementsEqual(path.utf8) { continue }
        let status = try status(of: path)
        size.entries += 1
        size.bytes += Int64(status.st_blocks) * 512
        switch kind(of: status) {
        case .folder: folders.append(path)
        case .link:
          if let target = try? ProcessFacts.realPath(path),
            !target.utf8.starts(with: "\(folder)/".utf8), !target.utf8.elementsEqual(folder.utf8)
          {
            size.linksOut.append(String(path.dropFirst(folder.count + 1)))
          }
        case .file, .other: break
        }
      }
    }
    return size
  }

  /// What is different in `new`, by paths in ascending order. What a missing or added folder holds is not
  /// named.
  package static func differences(
    between old: String, and new: String
  ) throws(StorageError) -> [FolderDifference] {
    var differences: [FolderDifference] = []
    var folders = [""]
    while let folder = folders.popLast() {
      let (before, after) = (try names(in: old + folder), try names(in: new + folder))
      var (left, right) = (before[...], after[...])
      while !left.isEmpty || !right.isEmpty {
        let name = min(left.first ?? right[right.startIndex], right.first ?? left[left.startIndex])
        let isOld = left.first == name
        let isNew = right.first == name
        if isOld { left.removeFirst() }
        if isNew { right.removeFirst() }
        let path = "\(folder)/\(name)"
        let shown = String(path.dropFirst())
        if !isOld || !isNew {
          differences.append(FolderDifference(path: shown, kind: isOld ? .missing : .added))
          continue
        }
        if let kind = try difference(old + path, new + path) {
          differences.append(FolderDifference(path: shown, kind: kind))
        } else if kind(of: try status(of: new + path)) == .folder {
          folders.append(path)
        }
      }
    }
    return differences.sorted { $0.path < $1.path }
  }

  // MARK: One entry

  private enum Kind: Equatable {
    case file, folder, link
    /// A pipe, a socket or a device, by its bits.
    case other(UInt32)
  }

  private static func kind(of status: stat) -> Kind {
    switch status.st_mode & S_IFMT {
    case S_IFREG: .file
    case S_IFDIR: .folder
    case S_IFLNK: .link
    case let other: .other(other)
    }
  }

  private static func names(in folder: String) throws(StorageError) -> [String] {
    do throws(Errno) { return try LinuxStorage().entries(of: folder) } catch {
      throw StorageError(.list, folder, error)
    }
  }

  private static func status(of path: String) throws(StorageError) -> stat {
    var status = stat()
    do throws(Errno) { _ = try systemCall { unsafe lstat(cPath(path), &status) } } catch {
      throw StorageError(.inspect, path, error)
    }
    return status
  }

  private static func difference(
    _ old: String, _ new: String
  ) throws(StorageError) -> FolderDifference.Kind? {
    let (before, after) = (try status(of: old), try status(of: new))
    let kind = kind(of: after)
    if self.kind(of: before) != kind { return .kind }
    switch kind {
    case .link: if target(of: old) != target(of: new) { return .target }
    case .file:
      if let content = try content(old, new) { return .content(content) }
    case .folder, .other: break
    }
    let permissions: UInt32 = 0o7777
    return kind != .link && before.st_mode & permissions != after.st_mode & permissions
      ? .permissions : nil
  }

  private static func target(of link: String) -> [UInt8] {
    var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink(cPath(link), &bytes, bytes.count)
    return bytes.prefix(max(count, 0)).map(UInt8.init(bitPattern:))
  }

  private static let pieceByteCount = 256 << 10

  private static func content(
    _ old: String, _ new: String
  ) throws(StorageError) -> FolderDifference.Content? {
    let left = try TextMeter(old)
    let right = try TextMeter(new)
    var firstDifference: Int64?
    while true {
      let start = left.bytes
      let (before, after) = (try left.read(), try right.read())
      if firstDifference == nil, before != after {
        let same = zip(before, after).prefix { $0 == $1 }.count
        firstDifference = start + Int64(same)
      }
      if before.isEmpty && after.isEmpty { break }
    }
    return firstDifference.map {
      FolderDifference.Content(
        oldBytes: left.bytes, newBytes: right.bytes, oldLines: left.lines, newLines: right.lines,
        isText: left.isText && right.isText, firstDifference: $0)
    }
  }

  /// Reads a file from its beginning to its end, and counts its lines.
  private final class TextMeter {
    private let path: String
    private let descriptor: Int32
    private(set) var bytes: Int64 = 0
    private(set) var lines: Int64 = 0
    private(set) var isText = true

    init(_ path: String) throws(StorageError) {
      self.path = path
      do throws(Errno) {
        descriptor = try systemCall { unsafe open(cPath(path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW) }
      } catch {
        throw StorageError(.open, path, error)
      }
    }

    deinit { _ = close(descriptor) }

    /// Empty at the end; shorter than a piece only there.
    func read() throws(StorageError) -> [UInt8] {
      var piece = [UInt8](repeating: 0, count: FolderContents.pieceByteCount)
      var filled = 0
      while filled < piece.count {
        let count: Int
        do throws(Errno) {
          count = try systemCall {
            unsafe piece.withUnsafeMutableBytes { buffer in
              unsafe Glibc.read(
                descriptor, buffer.baseAddress?.advanced(by: filled), buffer.count - filled)
            }
          }
        } catch {
          throw StorageError(.read, path, error)
        }
        if count == 0 { break }
        filled += count
      }
      piece.removeLast(piece.count - filled)
      bytes += Int64(filled)
      for byte in piece {
        if byte == UInt8(ascii: "\n") { lines += 1 }
        if byte == 0 { isText = false }
      }
      return piece
    }
  }
}

/// What is different between two folders.
package struct FolderDifference: Equatable, Sendable {
  /// Relative to the folders.
  package let path: String
  package let kind: Kind

  package init(path: String, kind: Kind) {
    self.path = path
    self.kind = kind
  }

  package enum Kind: Equatable, Sendable {
    case missing, added
    /// A file is a folder, or the like.
    case kind
    /// Of a link.
    case target
    case permissions
    case content(Content)
  }

  package struct Content: Equatable, Sendable {
    package let oldBytes: Int64
    package let newBytes: Int64
    /// How many line feeds.
    package let oldLines: Int64
    package let newLines: Int64
    /// Whether neither has a zero byte.
    package let isText: Bool
    /// The first byte that is different, counted from 0; or where the shorter one ends.
    package let firstDifference: Int64
  }
}

extension FolderDifference: CustomStringConvertible {
  /// `ledger.csv has 200 lines instead of 100`.
  package var description: String {
    switch kind {
    case .missing: "\(path) is missing"
    case .added: "\(path) is there, and should not be"
    case .kind: "\(path) is of another kind"
    case .target: "\(path) links to something else"
    case .permissions: "\(path) has other permissions"
    case .content(let content):
      if content.isText, content.oldLines != content.newLines {
        "\(path) has \(Self.text(content.newLines, "line")) instead of \(content.oldLines)"
      } else if content.oldBytes != content.newBytes {
        "\(path) has \(Self.text(content.newBytes, "byte")) instead of \(content.oldBytes), and"
          + " differs from byte \(content.firstDifference + 1) on"
      } else {
        "\(path) differs from byte \(content.firstDifference + 1) on"
      }
    }
  }

  private static func text(_ count: Int64, _ unit: String) -> String {
    "\(count) \(unit)\(count == 1 ? "" : "s")"
  }
}
