/// An operation of the storage that failed: which one, on which path, and why.
package struct StorageError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Operation: String, Sendable {
    case makeDirectory = "create folder"
    case rename = "rename"
    case remove = "remove"
    case list = "list"
    case syncDirectory = "sync folder"
    case inspect = "inspect"
    case open = "open"
    case create = "create"
    case read = "read"
    case write = "write"
    case reserve = "reserve space in"
    case sync = "sync"
    case lock = "lock"
    case close = "close"
  }

  package let operation: Operation
  package let path: String
  package let errno: Errno

  package init(_ operation: Operation, _ path: String, _ errno: Errno) {
    self.operation = operation
    self.path = path
    self.errno = errno
  }

  package var description: String {
    "cannot \(operation.rawValue) \(path): \(errno)\(lacksLocks ? Self.placesWithLocks : "")"
  }

  private var lacksLocks: Bool { operation == .lock && (errno == .noLocks || errno.isUnsupported) }

  private static let placesWithLocks =
    "; locks do not work there, so set FLOW_HOME to a folder of a local disk (ext4, xfs, btrfs) or in"
    + " memory (tmpfs)"
}

/// Runs one call of the storage and turns its error number into a `StorageError`.
package func naming<Value: ~Copyable>(
  _ operation: StorageError.Operation, _ path: String, _ body: () throws(Errno) -> Value
) throws(StorageError) -> Value {
  do throws(Errno) { return try body() } catch { throw StorageError(operation, path, error) }
}
