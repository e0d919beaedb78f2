/// What an attempt of a step with `cache` has found before its command could run.
package enum CacheLook: Hashable, Sendable {
  /// That attempt has made what this one would make, and it is still in place: the command does not run.
  case hit(run: String, attempt: Int32)
  /// The command runs.
  case miss(CacheMiss)
}

/// Why no former result could be used: the first thing that differs from the last result of the step.
package struct CacheMiss: Hashable, Sendable {
  package enum Reason: UInt8, CaseIterable, Sendable {
    /// No result of the step is known.
    case noResult = 0
    /// What the command is.
    case command = 1
    /// A variable.
    case variable = 2
    /// What another step has put out.
    case value = 3
    /// The content of an input.
    case input = 4
    case newInput = 5
    case missingInput = 6
    /// What the step declares that it makes.
    case declaration = 7
    /// What the step has made is not in place as it made it.
    case files = 8
    /// The results could not be read.
    case unreadable = 9
    /// The run does not use former results.
    case notWanted = 10
  }

  package var reason: Reason
  /// Of the variable, the value, the input or the file; or the error.
  package var name: String
  /// How many inputs differ; zero where it is none of them.
  package var count: Int32
  /// Of so many.
  package var total: Int32

  package init(_ reason: Reason, _ name: String = "", count: Int32 = 0, of total: Int32 = 0) {
    self.reason = reason
    self.name = name
    self.count = count
    self.total = total
  }
}

extension CacheMiss: CustomStringConvertible {
  /// In words, as in "it ran because …".
  package var description: String {
    let share = count > 0 && total > 1 ? " (\(count) of \(total) inputs)" : ""
    return switch reason {
    case .noResult: "it has no earlier result"
    case .command: "the command changed"
    case .variable: "the variable \(name) changed"
    case .value: "\(name) changed"
    case .input: "\(name) changed\(share)"
    case .newInput: "\(name) is new\(share)"
    case .missingInput: "\(name) is no input any more\(share)"
    case .declaration: "\(name) changed"
    case .files: "\(name) is not what this step made"
    case .notWanted: "the run uses no earlier results"
    case .unreadable: "earlier results could not be read: \(name)"
    }
  }
}

extension ByteWriter {
  package mutating func write(_ look: CacheLook) {
    switch look {
    case .hit(let run, let attempt):
      bytes.append(0)
      write(run)
      write(count: attempt)
    case .miss(let miss):
      bytes.append(1)
      bytes.append(miss.reason.rawValue)
      write(miss.name)
      write(count: miss.count)
      write(count: miss.total)
    }
  }
}

extension ByteReader {
  package mutating func readLook() throws(CodingError) -> CacheLook {
    let start = position
    switch try readByte() {
    case 0: return .hit(run: try readString(), attempt: try readCount())
    case 1:
      let reason: CacheMiss.Reason = try readCase("reason of a cache miss")
      return .miss(
        CacheMiss(reason, try readString(), count: try readCount(), of: try readCount()))
    default: throw CodingError(offset: start, reason: .newer("a cache has another result"))
    }
  }
}
