/// An operation of the storage that failed: what, on what, why.
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
    case reserve = "reserve room in"
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
