import FlowLog

/// Runs an operation of the storage by name, with its error told as what failed on what.
func wrapping<Value>(
  _ operation: StorageError.Operation, _ path: String, _ body: () throws(Errno) -> Value
) throws(RunError) -> Value {
  do throws(Errno) { return try body() } catch {
    throw .storage(StorageError(operation, path, error))
  }
}

/// Runs something of the storage, with its error as a run's.
func wrapping<Value: ~Copyable>(
  _ body: () throws(StorageError) -> Value
) throws(RunError) -> Value {
  do throws(StorageError) { return try body() } catch { throw .storage(error) }
}
