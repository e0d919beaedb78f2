package import FlowStorage

/// The files that a publication works on.
///
/// Each call is one operation, which can fail, or be the last thing that happens before a crash. An
/// implementation retries only interrupted calls. Paths are absolute; the last part of a path is never
/// followed if it is a link, except by `realPath`.
package protocol PublicationFiles: AnyObject {
  // MARK: Looking

  /// What a path names; nil if it names nothing.
  func status(of path: String) throws(Errno) -> FileStatus?
  /// The names in a folder, sorted by their bytes, without `.` and `..`.
  func names(in folder: String) throws(Errno) -> [String]
  func target(ofLink path: String) throws(Errno) -> String
  /// The path without links.
  func realPath(_ path: String) throws(Errno) -> String
  /// The digest of a file's content. What is no regular file is `.invalidArgument`.
  func digest(ofFile path: String) throws(Errno) -> Digest
  /// The content of a small file.
  func read(_ path: String) throws(Errno) -> [UInt8]

  // MARK: Making

  /// Makes a folder, with the mode 0777 as the process's mask has it.
  func makeFolder(_ path: String) throws(Errno)
  /// Makes a file that must not exist, with mode 0600. It is durable after `syncFile`.
  func makeFile(_ path: String, _ bytes: [UInt8]) throws(Errno)
  /// Makes a file that must not exist, with the content of another, and mode 0600. An error, like a crash,
  /// can leave a part of it.
  ///
  /// - Returns: the digest of what was written.
  func copyFile(_ path: String, to newPath: String) throws(Errno) -> Digest
  func makeLink(_ path: String, to target: String) throws(Errno)
  /// Sets the permissions of a file or folder.
  func setMode(_ mode: UInt16, of path: String) throws(Errno)

  // MARK: Names

  /// Renames what a path names. With `replacing: false` a taken name is `.fileExists`.
  func rename(_ path: String, to newPath: String, replacing: Bool) throws(Errno)
  /// Exchanges what two paths name, in one step (`Errno.isUnsupported` where that cannot be done).
  func exchange(_ path: String, _ other: String) throws(Errno)
  func removeFile(_ path: String) throws(Errno)
  /// Removes an empty folder.
  func removeFolder(_ path: String) throws(Errno)
  /// Removes what a path names with all that is in it. A link is removed, and what it names is not. A path
  /// that names nothing is no error.
  func removeTree(_ path: String) throws(StorageError)

  // MARK: Durability

  /// Makes the content of a file durable.
  func syncFile(_ path: String) throws(Errno)
  /// Makes the names in a folder durable.
  func syncFolder(_ path: String) throws(Errno)

  // MARK: The process

  /// Whether a request to stop may end this process from now on, as it may at first. A publication that has
  /// begun to write its manifest is completed.
  func mayBeStopped(_ may: Bool)
}

/// What a path names.
package struct FileStatus: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    case file, folder, link, pipe, socket, device
  }

  package var kind: Kind
  /// Permissions: the lowest twelve bits.
  package var mode: UInt16
  /// In bytes.
  package var size: Int64
  /// What differs whenever it is another file, or its content has changed.
  package var stamp: Stamp

  package struct Stamp: Hashable, Sendable {
    package var device: UInt64
    package var inode: UInt64
    package var modifiedNanoseconds: Int64
    package var changedNanoseconds: Int64

    package init(
      device: UInt64, inode: UInt64, modifiedNanoseconds: Int64, changedNanoseconds: Int64
    ) {
      self.device = device
      self.inode = inode
      self.modifiedNanoseconds = modifiedNanoseconds
      self.changedNanoseconds = changedNanoseconds
    }
  }

  package init(kind: Kind, mode: UInt16, size: Int64, stamp: Stamp) {
    self.kind = kind
    self.mode = mode
    self.size = size
    self.stamp = stamp
  }
}

/// The SHA-256 of a file's content.
package struct Digest: Hashable, Sendable {
  package static let byteCount = 32

  package let bytes: [UInt8]

  package init(_ bytes: [UInt8]) {
    precondition(bytes.count == Self.byteCount, "a digest of \(bytes.count) bytes")
    self.bytes = bytes
  }
}

extension Digest: CustomStringConvertible {
  /// In hexadecimal.
  package var description: String {
    bytes.map { byte in
      let digits = String(byte, radix: 16)
      return digits.utf8.count == 1 ? "0\(digits)" : digits
    }.joined()
  }
}
