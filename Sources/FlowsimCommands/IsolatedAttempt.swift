import FlowCore
import FlowSimulation
import FlowStorage
import FlowSystem

/// Runs a world in a process of its own: where one world fails, those like it may break preconditions.
enum IsolatedAttempt {
  /// What a world costs that breaks a precondition, in choices: about as much as another.
  private static let brokenChoices = 1_000

  /// One that comes to no end counts as no failure.
  static func make(_ attempt: () -> Shrinker.Attempt) -> Shrinker.Attempt {
    let bytes: [UInt8]?
    do throws(Errno) {
      bytes = try ForkedComputation.bytes { encode(attempt()) }
    } catch {
      // There is no room for another process.
      return attempt()
    }
    guard let bytes else {
      return Shrinker.Attempt(isFailure: false, .empty, choices: brokenChoices)
    }
    do throws(CodingError) { return try decode(bytes) } catch {
      preconditionFailure("a process says what it cannot say: \(error)")
    }
  }

  // Only of a failure more is asked for than that it is none.
  static func encode(_ attempt: Shrinker.Attempt) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(attempt.isFailure)
    writer.write(count: attempt.choices)
    writer.write(list: attempt.isFailure ? attempt.schedule.entries : []) {
      $0.write(count: $1.site.rawValue)
      $0.write(count: $1.index)
      $0.write(count: $1.value)
    }
    return writer.bytes
  }

  static func decode(_ bytes: [UInt8]) throws(CodingError) -> Shrinker.Attempt {
    var reader = ByteReader(bytes)
    let isFailure = try reader.readBool()
    let choices: Int = try reader.readCount()
    let entries = try reader.readList { (reader) throws(CodingError) in
      let site = ChoiceSite(rawValue: try reader.readCount())
      guard let site else { throw CodingError(offset: reader.position, reason: .malformed("site")) }
      return ChoiceSchedule.Entry(site, try reader.readCount(), try reader.readCount())
    }
    return Shrinker.Attempt(isFailure: isFailure, ChoiceSchedule(entries), choices: choices)
  }
}
