import CSQLite
import FlowCache

/// A file of SQLite.
@safe
final class Database {
  /// A value in a row.
  enum Value {
    case number(Int64)
    case bytes([UInt8])
  }

  private let connection: OpaquePointer
  /// Whether something was found in it that SQLite does not write.
  private(set) var isDamaged = false

  /// How long another process that writes is waited for.
  private static let mostMilliseconds: Int32 = 10_000

  /// Opens a file, or makes it.
  init(_ path: String) throws(ResultStoreError) {
    var connection: OpaquePointer?
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
    let code = unsafe sqlite3_open_v2(path, &connection, flags, nil)
    guard code == SQLITE_OK, let opened = unsafe connection else {
      unsafe sqlite3_close_v2(connection)
      throw ResultStoreError("\(path): \(Self.text(of: code))")
    }
    unsafe self.connection = opened
    unsafe sqlite3_busy_timeout(opened, Self.mostMilliseconds)
  }

  deinit { unsafe sqlite3_close_v2(connection) }

  /// Runs a statement without rows.
  func run(_ sql: String, _ values: Value...) throws(ResultStoreError) {
    _ = try unsafe rows(sql, values) { _ in () }
  }

  /// The first column of the first row.
  func first(_ sql: String, _ values: Value...) throws(ResultStoreError) -> [UInt8]? {
    try unsafe rows(sql, values) { unsafe Self.bytes($0) }.first
  }

  private func rows<Row>(
    _ sql: String, _ values: [Value], _ read: (OpaquePointer) -> Row
  ) throws(ResultStoreError) -> [Row] {
    var prepared: OpaquePointer?
    try check(unsafe sqlite3_prepare_v2(connection, sql, -1, &prepared, nil))
    guard let statement = unsafe prepared else {
      preconditionFailure("an empty statement: \(sql)")
    }
    defer { unsafe sqlite3_finalize(statement) }
    for (index, value) in values.enumerated() {
      let place = Int32(index + 1)
      switch value {
      case .number(let number): try check(unsafe sqlite3_bind_int64(statement, place, number))
      case .bytes(let bytes):
        // Copied by the call, as -1 says.
        let copied = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        try check(
          unsafe sqlite3_bind_blob64(
            statement, place, bytes, sqlite3_uint64(bytes.count), copied))
      }
    }
    var rows: [Row] = []
    while true {
      let code = unsafe sqlite3_step(statement)
      if code == SQLITE_DONE { return rows }
      guard code == SQLITE_ROW else {
        try check(code)
        break
      }
      rows.append(unsafe read(statement))
    }
    return rows
  }

  private static func bytes(_ statement: OpaquePointer) -> [UInt8] {
    let count = unsafe Int(sqlite3_column_bytes(statement, 0))
    guard count > 0, let start = unsafe sqlite3_column_blob(statement, 0) else { return [] }
    return unsafe Array(UnsafeRawBufferPointer(start: start, count: count))
  }

  private func check(_ code: Int32) throws(ResultStoreError) {
    if code == SQLITE_OK { return }
    if [SQLITE_CORRUPT, SQLITE_NOTADB].contains(code & 0xFF) { isDamaged = true }
    throw ResultStoreError(Self.text(of: code))
  }

  private static func text(of code: Int32) -> String {
    unsafe String(cString: sqlite3_errstr(code))
  }
}
