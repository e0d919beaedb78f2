import FlowCore
import FlowSimulation
import FlowStorage
import FlowSystem

/// Runs a world in a process of its own, since worlds like one that fails may break preconditions.
enum IsolatedAttempt {
  /// How many choices count for a world that breaks a precondition: about as many as another world
  /// makes.
  private static let brokenChoices = 1_000

  /// A process that dies counts as no failure.
  static func make(_ attempt: () -> Shrinker.Attempt) -> Shrinker.Attempt {
    let bytes: [UInt8]?
    do throws(Errno) {
      bytes = try ForkedComputation.bytes { encode(attempt()) }
    } catch {
      // No other process can be started.
      return attempt()
    }
    guard let bytes else {
      return Shrinker.Attempt(isFailure: false, .empty, choices: brokenChoices)
    }
    do throws(CodingError) { return try decode(bytes) } catch {
      preconditionFailure("the result of another process cannot be decoded: \(error)")
    }
  }

  // The schedule matters only where there is a failure.
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
