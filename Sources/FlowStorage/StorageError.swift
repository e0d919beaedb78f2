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

  package var description: String { "cannot \(operation.rawValue) \(path): \(errno)" }
}

/// Runs one call of the storage and turns its error number into a `StorageError`.
func naming<Value: ~Copyable>(
  _ operation: StorageError.Operation, _ path: String, _ body: () throws(Errno) -> Value
) throws(StorageError) -> Value {
  do throws(Errno) { return try body() } catch { throw StorageError(operation, path, error) }
}
