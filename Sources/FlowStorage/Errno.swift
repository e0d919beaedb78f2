/// An error number of the operating system.
///
/// A type of our own, so that the log and the simulated world need no C library for it. The numbers
/// are those of Linux on every architecture that Swift supports.
package struct Errno: Error, Hashable, Sendable {
  package let rawValue: Int32

  package init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  package static let notPermitted = Errno(rawValue: 1)  // EPERM
  package static let noSuchFile = Errno(rawValue: 2)  // ENOENT
  package static let interrupted = Errno(rawValue: 4)  // EINTR
  package static let inputOutput = Errno(rawValue: 5)  // EIO
  package static let noSuchDeviceOrAddress = Errno(rawValue: 6)  // ENXIO
  package static let argumentsTooLong = Errno(rawValue: 7)  // E2BIG
  package static let notExecutable = Errno(rawValue: 8)  // ENOEXEC
  package static let badDescriptor = Errno(rawValue: 9)  // EBADF
  package static let tryAgain = Errno(rawValue: 11)  // EAGAIN
  package static let noMemory = Errno(rawValue: 12)  // ENOMEM
  package static let permissionDenied = Errno(rawValue: 13)  // EACCES
  package static let busy = Errno(rawValue: 16)  // EBUSY
  package static let fileExists = Errno(rawValue: 17)  // EEXIST
  package static let otherFileSystem = Errno(rawValue: 18)  // EXDEV
  package static let notDirectory = Errno(rawValue: 20)  // ENOTDIR
  package static let isDirectory = Errno(rawValue: 21)  // EISDIR
  package static let invalidArgument = Errno(rawValue: 22)  // EINVAL
  package static let tooManyOpenFilesInSystem = Errno(rawValue: 23)  // ENFILE
  package static let tooManyOpenFiles = Errno(rawValue: 24)  // EMFILE
  package static let textFileBusy = Errno(rawValue: 26)  // ETXTBSY
  package static let fileTooLarge = Errno(rawValue: 27)  // EFBIG
  package static let noSpace = Errno(rawValue: 28)  // ENOSPC
  package static let tooManyHardLinks = Errno(rawValue: 31)  // EMLINK
  package static let readOnly = Errno(rawValue: 30)  // EROFS
  package static let brokenPipe = Errno(rawValue: 32)  // EPIPE
  package static let nameTooLong = Errno(rawValue: 36)  // ENAMETOOLONG
  package static let directoryNotEmpty = Errno(rawValue: 39)  // ENOTEMPTY
  package static let tooManySymbolicLinks = Errno(rawValue: 40)  // ELOOP
  package static let noLocks = Errno(rawValue: 37)  // ENOLCK
  package static let notImplemented = Errno(rawValue: 38)  // ENOSYS
  /// Of a launch: the program is there, and its interpreter is not.
  package static let noInterpreter = Errno(rawValue: 79)  // ELIBACC
  package static let notSupported = Errno(rawValue: 95)  // EOPNOTSUPP
  package static let quotaExceeded = Errno(rawValue: 122)  // EDQUOT
}

extension Errno {
  /// Whether a file system answers so to an operation that it does not have.
  package var isUnsupported: Bool {
    self == .notSupported || self == .notImplemented || self == .invalidArgument
  }

  /// Whether the operation can succeed later, once other processes free disk space.
  package var isOutOfSpace: Bool { self == .noSpace || self == .quotaExceeded }
}

extension Errno: CustomStringConvertible {
  /// The manual's words for the number, with its symbol.
  package var description: String {
    guard let name = Self.names[rawValue] else { return "error \(rawValue)" }
    return "\(name.words) (\(name.symbol))"
  }
}
