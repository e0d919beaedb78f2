/// What is wrong with the disk of a world for longer than one operation.
struct DiskTrouble {
  /// Whether everything that needs space fails.
  var isFull = false
  /// Whether every new file and folder fails.
  var lacksInodes = false
  /// Whether the next write fails, because the last one was cut short.
  var cutsNextWrite = false
  /// The last boot in which the system took for written what was not: readers believe it.
  var droppedInBoot: Int?
  /// Whether the engine was refused space when it last asked for some.
  var lacksSpace = false
  /// Whether the engine makes the folder of an attempt's files: what it learns by that of the space, its
  /// journal does not.
  var isStaging = false

  /// What keeps an operation from being done.
  func lack(for operation: SimulatedStorage.Operation, needsSpace: Bool) -> Fault? {
    if needsSpace && isFull { return .diskFull }
    if lacksInodes && (operation == .create || operation == .makeDirectory) { return .inodesGone }
    return nil
  }

  mutating func heal() {
    isFull = false
    lacksInodes = false
    cutsNextWrite = false
  }
}
