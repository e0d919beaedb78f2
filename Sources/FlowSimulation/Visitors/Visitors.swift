import FlowStorage

/// Visitors are processes that use the storage of a run beside its engine: readers, cancellers,
/// cleaners, and other engines. They act, and checkers judge what comes of it. This is what the
/// world knows of them.
struct Visitors {
  /// Whether one of them uses the storage right now.
  var arePresent = false
  /// After how many more operations the one that is present crashes; nil if it does not.
  var operationsLeft: Int?
  /// Whether another engine is being started right now.
  var hasRival = false
  /// The last life of an engine, and the last boot, in which the run's lock file was removed.
  var lockRemovedInLife: Int?
  var lockRemovedInBoot: Int?
  /// The life of the engine from which another one took the run last, and the last event that this
  /// one has read.
  var taken: (fromLife: Int, through: Int64)?

  /// A visitor whose operations run out crashes on the way. Otherwise its operations do not fail.
  mutating func decide() -> DiskDecision {
    guard let operations = operationsLeft else { return .done }
    operationsLeft = operations - 1
    return operations > 0 ? .done : .refused(.inputOutput)
  }
}

extension World {
  /// Lets a visitor use the storage.
  func visit<Value>(_ body: () -> Value) -> Value {
    let wereThere = visitors.arePresent
    visitors.arePresent = true
    defer { visitors.arePresent = wereThere }
    return body()
  }
}
