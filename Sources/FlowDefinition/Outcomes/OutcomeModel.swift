import FlowCore

/// How a step has ended, as far as it matters to others.
enum OutcomeEnd: UInt32, CaseIterable {
  case succeeded = 0
  case failed = 1
  /// Skipped by its own condition.
  case refused = 2
  /// Skipped, since a need had not ended as it wanted.
  case skipped = 3
  /// It had begun when a failure stopped the run.
  case stopped = 4
  /// It had not.
  case unbegun = 5

  var result: StepResult {
    switch self {
    case .succeeded: .succeeded
    case .failed: .failed
    case .refused, .skipped, .unbegun: .skipped
    case .stopped: .cancelled
    }
  }
}

/// When a step had ended, seen from the failure that stops a run with `failFast`. Without that all is before.
enum OutcomeTime: UInt32, Comparable {
  case before = 0
  /// As that failure, or what follows from it at once.
  case at = 1
  case after = 2

  static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
}

/// What is known of a step's needs: which of them keeps it from running, and when the last of them ended.
struct PendingNeeds: Equatable {
  var latest = OutcomeTime.before
  /// The first need that has not ended as it is wanted, by its place among the needs.
  var blocked: (place: Int, end: OutcomeEnd, time: OutcomeTime)?

  init() {}

  init(_ code: UInt32) {
    latest = OutcomeTime(rawValue: code & 3) ?? .before
    guard code >> 7 > 0 else { return }
    blocked = (
      Int(code >> 7) - 1, OutcomeEnd(rawValue: code >> 4 & 7) ?? .skipped,
      OutcomeTime(rawValue: code >> 2 & 3) ?? .before
    )
  }

  var code: UInt32 {
    let first = blocked.map {
      $0.time.rawValue << 2 | $0.end.rawValue << 4 | UInt32($0.place + 1) << 7
    }
    return latest.rawValue | (first ?? 0)
  }

  static func == (one: Self, other: Self) -> Bool { one.code == other.code }
}

/// What happens in a run that can go several ways, in an order in which it can be looked at, and what must be
/// remembered of it.
///
/// Once all that reads a value has been looked at, the value is forgotten: then ways that differ in nothing
/// else are one. So it is not the number of steps that counts, but how many values are open at a time.
struct OutcomeModel {
  enum Turn: Hashable {
    case parameter(Int32)
    case end(step: Int)
    case output(step: Int32, place: Int32)
  }

  /// What is remembered.
  enum Memory: Hashable {
    /// Which value, by its place.
    case parameter(Int32)
    case end(step: Int)
    /// Which value, by its place plus one; 0 for none.
    case output(step: Int32, place: Int32)
    case needs(ofStep: Int)
  }

  let definition: WorkflowDefinition
  let graph: DependencyGraph
  let values: OutcomeValues
  private(set) var turns: [Turn] = []
  /// By turn, the cells that nothing reads afterwards.
  private(set) var forgotten: [[Int]] = []
  /// How many cells are needed, without that of the run.
  private(set) var cellCount = 0
  private var cells: [Memory: Int] = [:]

  init(
    _ definition: WorkflowDefinition, _ graph: DependencyGraph, _ values: OutcomeValues
  ) {
    self.definition = definition
    self.graph = graph
    self.values = values
    let readOutputs = Set(
      definition.steps.indices.flatMap { definition.extras(ofStep: $0).condition?.references ?? [] }
    )
    var placed: Set<Int32> = []
    for step in Self.order(definition, graph) {
      for place in parameters(readByStep: step) where placed.insert(place).inserted {
        turns.append(.parameter(place))
      }
      turns.append(.end(step: step))
      for place in definition.outputs(ofStep: step).indices {
        let (step, place) = (Int32(step), Int32(place))
        if readOutputs.contains(.output(step: step, place: place)) {
          turns.append(.output(step: step, place: place))
        }
      }
    }
    assignCells()
  }

  /// Each after its needs, and chains one after the other, so that little is open at a time.
  private static func order(_ definition: WorkflowDefinition, _ graph: DependencyGraph) -> [Int] {
    var order: [Int] = []
    var isPlaced = [Bool](repeating: false, count: definition.steps.count)
    func place(_ last: Int) {
      var stack = [(step: last, next: 0)]
      while let top = stack.last {
        let needs = definition.steps[top.step].needs
        if isPlaced[top.step] {
          stack.removeLast()
        } else if top.next == needs.count {
          isPlaced[top.step] = true
          order.append(top.step)
          stack.removeLast()
        } else {
          stack[stack.count - 1].next += 1
          let need = Int(needs[top.next])
          if !isPlaced[need] { stack.append((need, 0)) }
        }
      }
    }
    func isLast(_ step: Int) -> Bool {
      graph.dependents(of: step).allSatisfy { definition.isFinally(Int($0)) }
    }
    for step in definition.ordinarySteps where isLast(step) { place(step) }
    for step in definition.finallySteps { place(step) }
    return order
  }

  /// The cell of something that is remembered; nil if it is not, since nothing reads it.
  func cell(_ memory: Memory) -> Int? { cells[memory] }

  /// The parameters of the run on which the condition of a step depends.
  func parameters(readByStep step: Int) -> [Int32] {
    var found: [Int32] = []
    for case .parameter(let place) in definition.extras(ofStep: step).condition?.references ?? [] {
      for source in definition.sources(ofParameter: place) where !found.contains(source) {
        found.append(source)
      }
    }
    return found
  }

  /// What is written in a turn, and what is read.
  private func uses(_ turn: Turn) -> (writes: [Memory], reads: [Memory]) {
    switch turn {
    case .parameter(let place): return ([.parameter(place)], [])
    case .output(let step, let place):
      return ([.output(step: step, place: place)], [.end(step: Int(step))])
    case .end(let step):
      var reads: [Memory] = [.needs(ofStep: step)]
      for term in definition.extras(ofStep: step).condition?.references ?? [] {
        switch term {
        case .result(let need): reads.append(.end(step: Int(need)))
        case .output(let need, let place): reads.append(.output(step: need, place: place))
        default: break
        }
      }
      reads += parameters(readByStep: step).map(Memory.parameter)
      if let own = definition.stepRolledBack(by: step) { reads.append(.end(step: Int(own))) }
      let dependents = graph.dependents(of: step).map { Memory.needs(ofStep: Int($0)) }
      return ([.end(step: step)] + dependents, reads)
    }
  }

  private mutating func assignCells() {
    var lastRead: [Memory: Int] = [:]
    for (index, turn) in turns.enumerated() {
      for memory in uses(turn).reads { lastRead[memory] = index }
    }
    var free: [Int] = []
    for (index, turn) in turns.enumerated() {
      let (writes, reads) = uses(turn)
      var over: [Int] = []
      // What is read once more in the same turn is there once.
      for memory in Set(reads).map({ ($0, cells[$0]) }) {
        if let cell = memory.1, lastRead[memory.0] == index { over.append(cell) }
      }
      over.sort()
      forgotten.append(over)
      free += over
      for memory in writes where cells[memory] == nil {
        guard let last = lastRead[memory], last > index else { continue }
        if let cell = free.popLast() {
          cells[memory] = cell
        } else {
          cells[memory] = cellCount
          cellCount += 1
        }
      }
    }
  }
}
